"""The content of an issue: complete, frozen, and hashed over everything a reader sees."""

import dataclasses
import hashlib
import json
from typing import Any

import pytest
from sqlalchemy.orm import Session

from curator.errors import NotFound
from curator.issues.compose import add_item, get_item
from curator.issues.content import IssueContent, load_content
from curator.issues.models import Issue
from curator.sources.models import Picture
from tests.issues.rows import a_newsletter, an_article, an_issue


@pytest.fixture
def issue(session: Session) -> Issue:
    newsletter = a_newsletter(session, description="Elke week")
    small = Picture(sha256=b"\x02" * 32, media_type="image/png", width=300, height=150, data=b"small")
    picture = Picture(sha256=b"\x01" * 32, media_type="image/png", width=600, height=300, data=b"png", small=small)
    session.add(picture)
    session.flush()
    made = an_issue(session, newsletter)
    made.intro = "Dag [lezer](https://example.org)"
    article = an_article(session, newsletter, picture_id=picture.id, picture_alt="Een chip")
    add_item(session, made.id, article.id, "Nieuws", "**Let op**")
    return made


def _content(session: Session, issue: Issue) -> IssueContent:
    session.flush()
    return load_content(session, issue.id)


def test_everything_is_there(session: Session, issue: Issue) -> None:
    content = _content(session, issue)
    assert (content.issue_id, content.number, content.subject) == (issue.id, 1, "Deze week")
    assert content.intro_html == '<p>Dag <a href="https://example.org">lezer</a></p>'
    assert content.intro_text == "Dag lezer (https://example.org)"
    assert [section.name for section in content.sections] == ["Hoofdverhaal", "Nieuws", "Achtergrond", "Kort"]
    item = content.sections[1].items[0]
    assert (item.blurb_html, item.blurb_text) == ("<p><strong>Let op</strong></p>", "Let op")
    assert item.picture is not None
    assert (item.picture.sha256, item.picture.alt, item.picture.width) == ("01" * 32, "Een chip", 600)
    assert item.picture.small is not None
    assert (item.picture.small.sha256, item.picture.small.width) == ("02" * 32, 300)
    assert (content.newsletter.description, content.newsletter.tracking) == ("Elke week", "individual")
    with pytest.raises(dataclasses.FrozenInstanceError):
        content.subject = "x"  # type: ignore[misc]


def test_the_hash_holds_still(session: Session, issue: Issue) -> None:
    first = _content(session, issue).content_hash
    assert len(first) == 32
    assert _content(session, issue).content_hash == first


@pytest.mark.parametrize(
    ("what", "field", "value"),
    [
        ("issue", "subject", "Anders"),
        ("issue", "preheader", "Anders"),
        ("issue", "intro", "Anders"),
        ("issue", "outro", "Anders"),
        ("newsletter", "accent", "#ff0000"),
        ("newsletter", "design", "letter"),
        ("newsletter", "footer", "Anders"),
        ("newsletter", "from_name", "Anders"),
        ("newsletter", "tracking", "off"),
        ("newsletter", "postal_address", "Straat 1"),
        ("section", "name", "Anders"),
        ("section", "label", "Advertentie"),
        ("item", "title", "Anders"),
        ("item", "blurb", "Anders"),
        ("item", "address", "https://example.org/anders"),
        ("item", "picture_alt", "Anders"),
        ("item", "credit", "Anna"),
    ],
)
def test_a_change_of_anything_readers_see_changes_the_hash(
    session: Session, issue: Issue, what: str, field: str, value: str
) -> None:
    content = _content(session, issue)
    item = get_item(session, content.sections[1].items[0].id)
    rows: dict[str, Any] = {
        "issue": issue,
        "newsletter": issue.newsletter,
        "section": issue.sections[1],
        "item": item,
    }
    setattr(rows[what], field, value)
    assert _content(session, issue).content_hash != content.content_hash


def test_an_item_without_a_credit_is_hashed_as_before_there_were_any(session: Session, issue: Issue) -> None:
    def before(facts: list[tuple[str, Any]]) -> dict[str, Any]:
        later = ("content_hash", "credit")
        return {name: value for name, value in facts if name not in later and (name, value) != ("small", None)}

    content = _content(session, issue)
    facts = dataclasses.asdict(content, dict_factory=before)
    assert hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).digest() == content.content_hash


def test_versions_and_times_do_not_change_it(session: Session, issue: Issue) -> None:
    first = _content(session, issue).content_hash
    issue.version += 5
    assert _content(session, issue).content_hash == first


def test_no_issue(session: Session) -> None:
    with pytest.raises(NotFound):
        load_content(session, 999_999_999)
