"""The archive: what was sent and nothing else, as a document that can do nothing."""

import pytest
from sqlalchemy.orm import Session

from curator.issues.compose import add_item, create_issue
from curator.issues.models import Issue
from curator.settings import Settings
from curator.sources.intake import add_text
from curator.tokens import Purpose
from tests.delivery.cast import sent_as_it_stands
from tests.web.conftest import Browser, Cast
from tests.web.public.conftest import Sign

TEXT = "Een kop boven het verhaal\n\nDit is de eerste alinea van een verhaal dat lang genoeg is om te lezen."


@pytest.fixture
def issue(session: Session, cast: Cast) -> Issue:
    made = create_issue(session, cast.weekly.id, '<script>alert(1)</script> & "nieuws"')
    article = add_text(session, cast.weekly.id, TEXT, timezone="Europe/Amsterdam").article
    section = made.sections[0].name
    add_item(session, made.id, article.id, section, "Waarom dit **telt**.")
    return made


def test_only_what_was_sent(session: Session, anonymous: Browser, issue: Issue, settings: Settings) -> None:
    assert "alert(1)" not in anonymous.get("/archive/weekly").text
    assert anonymous.get(f"/archive/weekly/{issue.number}").status_code == 404
    sent_as_it_stands(session, issue, settings)
    listed = anonymous.get("/archive/weekly")
    assert "&lt;script&gt;" in listed.text and "<script>alert" not in listed.text
    assert f'href="/archive/weekly/{issue.number}"' in listed.text
    assert anonymous.get(f"/archive/other/{issue.number}").status_code == 404
    for number in (-1, 0, 99, 2**63 - 1, 10**40):
        assert anonymous.get(f"/archive/weekly/{number}").status_code == 404
    assert anonymous.get(f"/archive/weekly?before={10**40}").status_code == 422


def test_an_issue_is_a_document_that_runs_nothing(
    session: Session, anonymous: Browser, issue: Issue, settings: Settings, sign: Sign
) -> None:
    edition_id = sent_as_it_stands(session, issue, settings).id
    archived = anonymous.get(f"/archive/weekly/{issue.number}")
    viewed = anonymous.get(f"/v/{sign(Purpose.VIEW, 0, edition_id)}")
    assert archived.status_code == viewed.status_code == 200 and archived.text == viewed.text
    assert "telt" in archived.text and "<script>alert" not in archived.text
    assert "/o/" not in archived.text and "/u/" not in archived.text and "set-cookie" not in archived.headers
    policy = archived.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "sandbox" in policy and "script" not in policy


def test_view_tokens(anonymous: Browser, cast: Cast, sign: Sign) -> None:
    for token in (sign(Purpose.VIEW, 0, 987_654), sign(Purpose.OPEN, 0, 1), "x"):
        assert anonymous.get(f"/v/{token}").status_code == 404


def test_page_after_page(session: Session, anonymous: Browser, cast: Cast, settings: Settings) -> None:
    issues = [create_issue(session, cast.weekly.id, f"Onderwerp nummer {n}.") for n in range(3)]
    for made in issues:
        sent_as_it_stands(session, made, settings)
    older = anonymous.get(f"/archive/weekly?before={issues[2].number}").text
    assert "nummer 2." not in older and "nummer 1." in older and "nummer 0." in older
