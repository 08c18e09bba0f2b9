import re

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.editions.edition import browser_page, load_segments, make_edition
from curator.editions.models import Edition, Link
from curator.errors import NotFound
from curator.issues.models import DesignVersion, Issue, Newsletter
from curator.issues.own_designs import get_version, list_designs, save_version, start_design
from tests.editions import sample


def made(session: Session, issue: Issue, public_url: str = sample.PUBLIC_URL) -> Edition:
    return make_edition(session, issue.id, public_url=public_url, inbound_domain="")


def test_the_same_content_is_rendered_once(session: Session, issue: Issue) -> None:
    assert made(session, issue).id == made(session, issue).id
    assert session.scalar(select(func.count()).select_from(Edition)) == 1


def test_what_changes_the_mail_makes_another_edition(session: Session, issue: Issue) -> None:
    first = made(session, issue).id
    assert made(session, issue, "https://moved.example.org").id != first
    issue.subject = "Anders"
    session.flush()
    assert made(session, issue).id != first


def test_every_link_is_a_row(session: Session, issue: Issue) -> None:
    edition = made(session, issue)
    rows = session.execute(
        select(Link.number, Link.address, Link.label, Link.item_id)
        .where(Link.edition_id == edition.id)
        .order_by(Link.number)
    ).all()
    assert [tuple(row) for row in rows] == [
        (1, "https://example.org/kracht", "kijk hier", None),
        (2, "https://example.org/batterij", "Batterij", issue.sections[0].items[0].id),
    ]


def test_segments_come_back_whole(session: Session, issue: Issue) -> None:
    edition = made(session, issue)
    session.expire_all()
    segments = load_segments(session, edition.id)
    assert segments.facts["html_bytes"] == edition.html_bytes
    assert {"to", "leave", "click", "open"} <= set(segments.facts["slots"])
    with pytest.raises(NotFound):
        load_segments(session, 0)


def test_the_page_for_anybody_knows_nobody(session: Session, issue: Issue) -> None:
    page = browser_page(session, made(session, issue).id, public_url=sample.PUBLIC_URL)
    assert "Slot" not in page
    assert not re.search(r"/[ocupv]/", page)
    assert 'href="https://example.org/batterij"' in page
    assert "Dag lezer," in page
    assert "Uitschrijven" not in page and "Bekijk in de browser" not in page
    with pytest.raises(NotFound):
        browser_page(session, 0, public_url=sample.PUBLIC_URL)


def test_a_readers_own_links_in_other_designs_lead_to_the_newsletter(
    session: Session, issue: Issue, newsletter: Newsletter
) -> None:
    page = '<html><body><a href="{{ addresses.leave }}">weg</a></body></html>'
    start_design(session, newsletter, "Ours", based_on="classic", files={"issue.html": page}, by="owner@example.org")
    newsletter.design = "Ours"
    session.flush()
    page = browser_page(session, made(session, issue).id, public_url=sample.PUBLIC_URL)
    assert f'<a href="{sample.PUBLIC_URL}/subscribe/techweek">weg</a>' in page


def test_an_edition_keeps_the_version_it_was_rendered_from(
    session: Session, issue: Issue, newsletter: Newsletter
) -> None:
    first = '<html><body><p>one</p><a href="{{ addresses.leave }}">weg</a></body></html>'
    assert made(session, issue).design_version_id is None
    design = start_design(session, newsletter, "Ours", based_on="classic", files={"issue.html": first}, by="o@x.test")
    newsletter.design = "Ours"
    session.flush()
    frozen = made(session, issue)
    save_version(session, design, {"issue.html": first.replace("one", "two")}, by="o@x.test")
    after = made(session, issue)
    versions = [session.get_one(DesignVersion, edition.design_version_id).number for edition in (frozen, after)]
    assert versions == [1, 2]
    assert "<p>one</p>" in frozen.html and "<p>two</p>" in after.html
    assert frozen.facts["design"] == "Ours"
    assert get_version(session, list_designs(session, newsletter.id)[0].id, 1).files == {"issue.html": first}


def test_an_issue_that_is_not_there_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        make_edition(session, 0, public_url=sample.PUBLIC_URL, inbound_domain="")
