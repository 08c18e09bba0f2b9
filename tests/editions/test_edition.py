import re

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.editions.edition import browser_page, load_segments, make_edition
from curator.editions.models import Edition, Link
from curator.errors import NotFound
from curator.issues.models import Issue, Newsletter
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
    newsletter.design_source = '<html><body><a href="{{ addresses.leave }}">weg</a></body></html>'
    session.flush()
    page = browser_page(session, made(session, issue).id, public_url=sample.PUBLIC_URL)
    assert f'<a href="{sample.PUBLIC_URL}/subscribe/techweek">weg</a>' in page


def test_an_issue_that_is_not_there_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        make_edition(session, 0, public_url=sample.PUBLIC_URL, inbound_domain="")
