"""Newsletters: defaults, and every field refused when it is wrong."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.accounts.models import AuditEntry
from curator.errors import Conflict, Invalid, NotFound
from curator.issues.newsletters import change_newsletter, create_newsletter, get_newsletter, list_newsletters
from tests.issues.rows import a_newsletter


def test_a_new_newsletter_has_four_sections_in_its_language(session: Session) -> None:
    dutch = a_newsletter(session, "tech")
    english = a_newsletter(session, "tech-en", language="en")
    assert [section["name"] for section in dutch.section_template] == ["Hoofdverhaal", "Nieuws", "Achtergrond", "Kort"]
    assert english.section_template[0]["name"] == "Top story"
    assert dutch.from_name == "De Technologieweek"
    assert (dutch.timezone, dutch.tracking, dutch.next_number) == ("Europe/Amsterdam", "individual", 1)


def test_a_slug_is_taken_once(session: Session) -> None:
    a_newsletter(session)
    with pytest.raises(Conflict, match="already a newsletter"):
        a_newsletter(session, name="Other")
    assert len(list_newsletters(session)) == 1


@pytest.mark.parametrize("slug", ["", "Tech", "te ch", "-tech", "tech-", "a" * 51, "tech/../x", "tech\x00"])
def test_slugs_that_cannot_stand_in_an_address(session: Session, slug: str) -> None:
    with pytest.raises(Invalid, match="short name"):
        a_newsletter(session, slug)
    with pytest.raises(NotFound):
        get_newsletter(session, slug)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b",
        "a@example.org, b@example.org",
        "a@example.org\r\nBcc: b@example.org",
        "Naam <a@example.org>",
        '"a@b"@example.org',
        "a(comment)@example.org",
        "a@[127.0.0.1]",
        "a..b@example.org",
        "=?utf-8?q?a?=@example.org x",
        "a@" + "x" * 250 + ".org",
    ],
)
def test_sender_addresses_that_are_not_one_plain_address(session: Session, address: str) -> None:
    with pytest.raises(Invalid, match="one plain mail address") as refused:
        a_newsletter(session, from_address=address)
    assert refused.value.facts["field"] == "from_address"


def test_the_domain_of_a_sender_is_stored_as_idna(session: Session) -> None:
    assert (
        a_newsletter(session, from_address="Redactie@BÜCHER.example").from_address == "Redactie@xn--bcher-kva.example"
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"language": "xx"},
        {"timezone": "Mars/Olympus"},
        {"tracking": "everything"},
        {"accent": "blue"},
        {"accent": "#12345"},
        {"name": " \r\n "},
        {"section_template": []},
        {"section_template": [{"name": "A"}, {"name": "a"}]},
        {"section_template": [{"name": "A", "minimum": 3, "maximum": 2}]},
        {"section_template": [{"name": "A", "minimum": "x"}]},
        {"section_template": [{"name": "A", "colour": "red"}]},
        {"design": "brochure"},
        {"slug": "other"},
        {"next_number": 1},
        {"id": 3},
    ],
)
def test_a_wrong_field_changes_nothing(session: Session, fields: dict[str, Any]) -> None:
    newsletter = a_newsletter(session)
    with pytest.raises(Invalid):
        change_newsletter(session, newsletter, "owner@example.org", **{"description": "New", **fields})
    session.refresh(newsletter)
    assert newsletter.description == ""


def test_a_change_is_audited_by_field_name(session: Session) -> None:
    newsletter = a_newsletter(session)
    change_newsletter(
        session, newsletter, "owner@example.org", accent="#AA00BB", name="De\r\nWeek", reply_to="", design="classic"
    )
    assert (newsletter.accent, newsletter.name, newsletter.reply_to) == ("#aa00bb", "De Week", None)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.subject_kind == "newsletter")).one()
    assert entry.actor == "owner@example.org"
    assert entry.detail == {"fields": ["accent", "name"]}


def test_sections_can_be_given(session: Session) -> None:
    made = create_newsletter(
        session,
        "own",
        name="Own",
        from_address="a@example.org",
        section_template=[{"name": "Partner", "minimum": 0, "maximum": 1, "label": "Sponsored"}],
    )
    given = {"name": "Partner", "minimum": 0, "maximum": 1, "label": "Sponsored", "sponsored": False}
    assert made.section_template == [given]


@pytest.mark.parametrize(("given", "kept"), [("6", 6), ("", None), ("0", None), (52, 52)])
def test_candidates_are_kept_for_whole_weeks_or_for_ever(session: Session, given: Any, kept: int | None) -> None:
    newsletter = a_newsletter(session)
    assert newsletter.candidate_weeks == 4
    change_newsletter(session, newsletter, "owner@example.org", candidate_weeks=given)
    assert newsletter.candidate_weeks == kept


@pytest.mark.parametrize("given", ["-1", "2.5", "53", "soon"])
def test_weeks_that_are_none_are_refused(session: Session, given: str) -> None:
    with pytest.raises(Invalid, match="whole weeks"):
        change_newsletter(session, a_newsletter(session), "owner@example.org", candidate_weeks=given)
