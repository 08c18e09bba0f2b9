"""Saved filters: kept by name, replaced by the same name, of one newsletter only, and not without end."""

import pytest
from sqlalchemy.orm import Session

from curator.errors import Invalid, NotFound
from curator.issues.models import Newsletter
from curator.sources.filters import MOST_FILTERS, list_filters, remove_filter, save_filter
from curator.sources.triage import Choice

BY = "anna@example.org"


def test_a_name_means_one_filter(session: Session, newsletter: Newsletter, other: Newsletter) -> None:
    save_filter(session, newsletter.id, "  Dutch ", Choice(language="nl"), BY)
    saved = save_filter(session, newsletter.id, "Dutch", Choice(language="nl", days=7), BY)
    save_filter(session, newsletter.id, "abroad", Choice(language="en"), BY)
    assert [(one.name, one.query) for one in list_filters(session, newsletter.id)] == [
        ("abroad", {"language": "en"}),
        ("Dutch", {"language": "nl", "days": "7"}),
    ]
    assert list_filters(session, other.id) == []
    with pytest.raises(NotFound):
        remove_filter(session, other.id, saved.id)
    remove_filter(session, newsletter.id, saved.id)
    assert [one.name for one in list_filters(session, newsletter.id)] == ["abroad"]


def test_no_name_no_choice_and_too_many_are_refused(session: Session, newsletter: Newsletter) -> None:
    with pytest.raises(Invalid, match="name"):
        save_filter(session, newsletter.id, " ", Choice(language="nl"), BY)
    with pytest.raises(Invalid, match="Choose something"):
        save_filter(session, newsletter.id, "All", Choice(), BY)
    for number in range(MOST_FILTERS):
        save_filter(session, newsletter.id, f"Filter {number}", Choice(words=str(number)), BY)
    with pytest.raises(Invalid, match="Remove one"):
        save_filter(session, newsletter.id, "One more", Choice(words="x"), BY)
    save_filter(session, newsletter.id, "Filter 0", Choice(words="again"), BY)
