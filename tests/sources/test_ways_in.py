"""Every way an address comes to us leads through the guarded fetcher: the machine's own network is never reached."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.accounts.models import Role
from curator.accounts.users import add_user
from curator.issues.models import Newsletter
from curator.settings import Settings
from curator.sources.adding import Wanted, watch_all
from curator.sources.intake import Way, add_address
from curator.sources.link_files import Link
from curator.sources.link_import import import_links
from curator.sources.mail_in import receive_mail, take_mail
from curator.sources.models import Article, CapturedBy, FetchState, Source
from curator.sources.reading import read_article
from curator.sources.watch import refresh_source
from tests.sources.site import Site
from tests.sources.test_mail_reading import a_mail

Bring = Callable[[Session, Newsletter, str, Settings], object]


def by_address(session: Session, newsletter: Newsletter, address: str, settings: Settings) -> None:
    add_address(session, newsletter.id, address)


def by_file(session: Session, newsletter: Newsletter, address: str, settings: Settings) -> None:
    import_links(session, newsletter.id, [Link(1, address)], Way(CapturedBy.IMPORT, "x"))


def by_mail(session: Session, newsletter: Newsletter, address: str, settings: Settings) -> None:
    add_user(session, "anna@example.org", Role.EDITOR, newsletter.id)
    mail = receive_mail(session, newsletter.id, a_mail(f"Kijk: {address} !", Message_ID=f"<{hash(address)}@x.example>"))
    assert mail is not None
    take_mail(session, mail.id, settings)


@pytest.mark.parametrize("bring", [by_address, by_file, by_mail])
def test_a_page_of_our_own_network_is_not_read(
    bring: Bring, session: Session, newsletter: Newsletter, site: Site, settings: Settings, rung: object
) -> None:
    site.page("/secret", "<html><title>Secret</title><body><p>Secret words.</p></body></html>")
    inside = (
        site.at("/secret"),
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:127.0.0.1]/",
        "http://0x7f.1/",
    )
    for address in inside:
        bring(session, newsletter, address, settings)
    articles = session.scalars(select(Article)).all()
    assert articles
    for article in articles:
        read = read_article(session, article.id, settings)
        assert (read.fetch_state, "cannot be reached" in (read.fetch_error or "")) == (FetchState.FAILED, True)
        assert "ecret" not in read.title.replace("/secret", "")
    assert site.asked == []


def test_a_feed_of_our_own_network_is_not_read(
    session: Session, newsletter: Newsletter, site: Site, settings: Settings, reach: Settings, rung: object
) -> None:
    site.page("/feed", "<rss version='2.0'><channel><title>Secret</title></channel></rss>")
    page = site.page("/", '<link rel="alternate" type="application/rss+xml" href="http://169.254.169.254/feed">')
    watch_all(session, newsletter.id, [Wanted(site.at("/feed")), Wanted(page)])
    first, second = session.scalars(select(Source).order_by(Source.id)).all()
    assert "cannot be reached" in (refresh_source(session, first.id, settings).error or "")
    assert site.asked == []
    assert "cannot be reached" in (refresh_source(session, second.id, reach).error or ""), "nor where a page leads"
    assert site.paths() == ["/"]
