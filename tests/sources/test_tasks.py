"""The tasks of this stage, called as a worker calls them: one transaction each, rings after the commit."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from curator.accounts.models import Role
from curator.accounts.users import add_user
from curator.issues.models import Newsletter
from curator.settings import Settings, get_settings
from curator.sources.intake import add_address, add_text
from curator.sources.likeness import pairs_among
from curator.sources.mail_in import mail_address, replace_address
from curator.sources.mail_models import ReceivedMail
from curator.sources.mailbox_health import broken_mailbox
from curator.sources.models import Article, FetchState, Source
from tests.sources.site import Site
from tests.sources.test_imap import Imap, server
from tests.sources.test_mail_reading import a_mail
from workers import sources as tasks

__all__ = ["server"]  # a fixture

PAGE = "<html><title>Chips</title><body><article><p>" + "Een zin over chips in het oosten van het land. " * 20


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> list[tuple[object, ...]]:
    """What reached the broker; loopback may be fetched by the process's own settings."""
    monkeypatch.setenv("CURATOR_FETCH_ALLOW", "127.0.0.0/8")
    get_settings.cache_clear()
    calls: list[tuple[object, ...]] = []
    monkeypatch.setattr("curator.doorbell.ring_now", lambda *call: calls.append(call))
    return calls


def test_read_article(committed: Session, newsletter_committed: Newsletter, site: Site, heard: list[object]) -> None:
    article = add_address(committed, newsletter_committed.id, site.page("/a", PAGE)).article
    committed.commit()
    tasks.read_article(article.id)
    committed.refresh(article)
    assert (article.title, article.fetch_state) == ("Chips", FetchState.DONE)


def test_due_rings_for_feeds_and_forgotten_articles_and_refresh_notes_a_failure(
    committed: Session, newsletter_committed: Newsletter, site: Site, heard: list[tuple[object, ...]]
) -> None:
    source = Source(newsletter_id=newsletter_committed.id, address=site.at("/feed"), address_key="feed", title="Feed")
    committed.add(source)
    article = add_address(committed, newsletter_committed.id, site.page("/a", PAGE)).article
    committed.flush()
    article.created_at = article.created_at.replace(year=article.created_at.year - 1)
    committed.commit()
    tasks.ring_for_due()
    assert heard == [("sources.refresh", source.id)]
    tasks.refresh(source.id)
    committed.refresh(source)
    assert (source.failures, committed.get_one(Article, article.id).fetch_state) == (1, FetchState.WAITING)
    assert "404" in (source.last_error or "")


def test_a_mailbox_is_read_once_and_its_mails_are_taken(
    committed: Session,
    newsletter_committed: Newsletter,
    heard: list[tuple[object, ...]],
    server: Imap,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "password").write_text("secret")
    monkeypatch.setenv("CURATOR_MAIL_IN", "desk+*@example.org")
    monkeypatch.setenv("CURATOR_IMAP_URL", f"imap://desk@127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("CURATOR_IMAP_PASSWORD_FILE", str(tmp_path / "password"))
    get_settings.cache_clear()
    replace_address(committed, newsletter_committed.id)
    add_user(committed, "anna@example.org", Role.EDITOR, newsletter_committed.id)
    committed.commit()
    address = mail_address(committed, newsletter_committed.id, get_settings())
    server.mails = {"1": a_mail("https://a.example/1", To=str(address)), "2": a_mail("x", To="else@example.org")}
    tasks.ring_for_due()
    assert ("sources.read_mailbox",) in heard
    tasks.read_mailbox()
    assert server.read == ["1", "2"]
    mail = committed.scalars(select(ReceivedMail)).one()
    assert ("sources.take_mail", mail.id) in heard
    server.read.clear()  # as after a crash between keeping and marking
    tasks.read_mailbox()
    tasks.take_mail(mail.id)
    tasks.take_mail(mail.id)
    committed.rollback()
    assert [one.address for one in committed.scalars(select(Article))] == ["https://a.example/1"]


def test_a_mailbox_that_fails_is_remembered_with_its_reason_until_it_is_read(
    committed: Session, server: Imap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = tmp_path / "password"
    password.write_text("wrong")
    monkeypatch.setenv("CURATOR_IMAP_URL", f"imap://desk@127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("CURATOR_IMAP_PASSWORD_FILE", str(password))
    get_settings.cache_clear()
    tasks.read_mailbox()
    first = broken_mailbox(committed, get_settings())
    assert first is not None and first.failures == 1 and first.read_at is None
    assert "the server says “wrong”" in first.reason and "CURATOR_IMAP_URL" in first.reason
    since = first.failing_since
    committed.rollback()
    tasks.read_mailbox()
    again = broken_mailbox(committed, get_settings())
    assert again is not None and (again.failures, again.failing_since) == (2, since)
    password.write_text("right")
    committed.rollback()
    tasks.read_mailbox()
    assert broken_mailbox(committed, get_settings()) is None


def test_two_articles_recorded_at_the_same_moment_are_paired_afterwards(
    committed: Session, newsletter_committed: Newsletter, engine: Engine, heard: list[object]
) -> None:
    """Neither transaction sees the other's article; the task, after both commits, does."""
    body = " ".join(f"Zin nummer {n} gaat over iets heel anders dan zin nummer {n * 7}." for n in range(40))
    texts = [f"Een titel\n\n{body} Slot {name}." for name in ("een", "twee")]
    with Session(engine) as theirs:
        first = add_text(committed, newsletter_committed.id, texts[0], timezone="UTC").article
        second = add_text(theirs, newsletter_committed.id, texts[1], timezone="UTC").article
        theirs.commit()
        committed.commit()
        ids = [first.id, second.id]
    assert pairs_among(committed, ids) == []
    committed.commit()
    tasks.compare()
    assert pairs_among(committed, ids) == [tuple(sorted(ids))]
