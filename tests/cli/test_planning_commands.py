"""The commands of planning: a rhythm, skipping a week, a draft from the stars, and what is one-sided."""

import pytest
from sqlalchemy.orm import Session

from curator.errors import Conflict, Invalid, NotFound
from curator.issues.compose import create_issue
from curator.issues.models import Newsletter
from curator.sources.models import Triage
from tests.cli.calling import call
from tests.issues.rows import a_newsletter, an_article


@pytest.fixture
def newsletter(session: Session, redis_client: object) -> Newsletter:
    return a_newsletter(session)


def test_a_rhythm_is_set_shown_skipped_and_ended(newsletter: Newsletter) -> None:
    assert call("newsletters", "rhythm", "tech").json == {"newsletter": "tech", "weeks": []}
    assert "no rhythm" in call("newsletters", "rhythm", "tech", as_json=False).out
    weeks = call("newsletters", "rhythm", "tech", "--weekday", "thu", "--at", "16:30").json["weeks"]
    assert [week["state"] for week in weeks] == ["to come"] * 4
    assert {week["due_at"][11:16] for week in weeks} <= {"15:30", "14:30"}
    assert call("newsletters", "skip", "tech").json["weeks"][0]["skipped"] is True
    assert call("newsletters", "skip", "tech", "--day", weeks[2]["day"]).json["weeks"][2]["skipped"] is True
    assert call("newsletters", "skip", "tech", "--back").json["weeks"][0]["skipped"] is False
    assert weeks[0]["day"] in call("newsletters", "rhythm", "tech", as_json=False).out
    assert call("newsletters", "rhythm", "tech", "--off").json["weeks"] == []
    with pytest.raises(NotFound):
        call("newsletters", "skip", "tech")


@pytest.mark.parametrize(
    "words",
    [("--weekday", "someday"), ("--weekday", "thu", "--at", "25:00"), ("--weekday", "thu", "--off")],
)
def test_a_rhythm_that_makes_no_sense_is_refused(newsletter: Newsletter, words: tuple[str, ...]) -> None:
    with pytest.raises(Invalid):
        call("newsletters", "rhythm", "tech", *words)


def test_days_that_cannot_be_skipped(newsletter: Newsletter) -> None:
    call("newsletters", "rhythm", "tech", "--weekday", "thursday")
    for day, error in (("soon", Invalid), ("2026-01-02", Invalid), ("2026-01-01", Conflict)):
        with pytest.raises(error):
            call("newsletters", "skip", "tech", "--day", day)


def test_a_draft_is_assembled_and_its_gaps_are_named(session: Session, newsletter: Newsletter) -> None:
    create_issue(session, newsletter.id, "")
    an_article(session, newsletter, "star", triage=Triage.STARRED)
    done = call("issues", "assemble", "tech#1").json
    assert done["placed"] == [{"title": "Over star", "section": "Hoofdverhaal"}]
    assert done["gaps"][0] == {"section": "Nieuws", "count": 0, "minimum": 2}
    assert call("issues", "balance", "tech#1").json == {"gaps": done["gaps"], "hints": []}
    assert "To fill: Nieuws, 0 of 2." in call("issues", "balance", "tech#1", as_json=False).out
    assert "No starred article is waiting." in call("issues", "assemble", "tech#1", as_json=False).out


def test_an_article_is_kept_and_let_go(session: Session, newsletter: Newsletter) -> None:
    article = an_article(session, newsletter, "keeper")
    until = call("articles", "shelve", "tech", article.id, "--weeks", "4").json["until"]
    assert call("articles", "shelf", "tech").json[0] | {"site": ""} == {
        "id": article.id,
        "title": "Over keeper",
        "site": "",
        "until": until,
    }
    assert "Over keeper" in call("articles", "shelf", "tech", as_json=False).out
    assert "off the shelf" in call("articles", "shelve", "tech", article.id, "--weeks", "0", as_json=False).out
    assert call("articles", "shelf", "tech").json == []
