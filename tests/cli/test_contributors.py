"""Suggestions from the command line, and a person who asks what is held of them and wants it gone."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.errors import NotFound
from curator.issues.compose import add_item, create_issue
from curator.issues.newsletters import get_newsletter
from curator.settings import Settings
from curator.sources.contributor_models import Suggestion
from curator.sources.contributors import Contributor, suggest
from curator.sources.suggestions import ERASED, list_muted, mute
from tests.cli.calling import call
from tests.issues.rows import an_article


@pytest.fixture(autouse=True)
def _suggestions(session: Session, settings: Settings) -> None:
    call("newsletters", "create", "week", "--name", "Week", "--from", "desk@week.test")
    newsletter_id = get_newsletter(session, "week").id
    for name in ("Anna", "Bram"):
        who = Contributor(name, True, "Read it", f"{name.lower()}@example.org", "198.51.100.0/24")
        suggest(session, newsletter_id, "https://news.example.org/tip", who, settings)


def test_suggestions_are_listed_without_addresses() -> None:
    said = call("contributors", "list", "week")
    assert [(one["name"], one["note"]) for one in said.json] == [("Bram", "Read it"), ("Anna", "Read it")]
    assert "example.org/tip" in str(said.json) and "anna@" not in str(said.json)


def test_a_person_is_shown_everything_and_erased() -> None:
    view = call("subscribers", "show", "anna@example.org").json
    assert [one["note"] for one in view["suggestions"]] == ["Read it"]
    assert [(one["what"], one["newsletter"]) for one in view["timeline"]] == [("suggested an article", "week")]
    assert call("contributors", "erase", "Anna@Example.org").json == {
        "suggestions": 1,
        "thank_yous": 0,
        "named_in": [],
    }
    with pytest.raises(NotFound):
        call("subscribers", "show", "anna@example.org")
    assert len(call("contributors", "list", "week").json) == 1


def test_erasing_says_which_issues_still_name_the_person(session: Session, settings: Settings) -> None:
    newsletter = get_newsletter(session, "week")
    suggested = session.scalars(select(Suggestion).order_by(Suggestion.id)).all()
    mute(session, suggested[0], settings, "editor@week.test")
    for _ in range(2):
        issue = create_issue(session, newsletter.id, "Tips")
        add_item(session, issue.id, suggested[0].article_id, issue.sections[0].name)
    other = an_article(session, newsletter)
    issue = create_issue(session, newsletter.id, "No tip")
    add_item(session, issue.id, other.id, issue.sections[0].name).credit = "Annabel"
    session.flush()
    said = call("contributors", "erase", "anna@example.org")
    assert [(one["newsletter"], one["issue"], one["state"]) for one in said.json["named_in"]] == [
        ("week", 1, "draft"),
        ("week", 2, "draft"),
    ]
    assert [one.label for one in list_muted(session, newsletter.id)] == [ERASED], "muted still, but not by name"
    assert "week#1 (draft)" in call("contributors", "erase", "bram@example.org", as_json=False).out
