"""Suggestions from the command line, and a person who asks what is held of them and wants it gone."""

import pytest
from sqlalchemy.orm import Session

from curator.errors import NotFound
from curator.issues.newsletters import get_newsletter
from curator.settings import Settings
from curator.sources.contributors import Contributor, suggest
from tests.cli.calling import call


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
    assert call("contributors", "erase", "Anna@Example.org").json == {"suggestions": 1, "thank_yous": 0}
    with pytest.raises(NotFound):
        call("subscribers", "show", "anna@example.org")
    assert len(call("contributors", "list", "week").json) == 1
