"""Composing: numbers without gaps, items as copies, positions without gaps, nothing across newsletters."""

import pytest
from sqlalchemy.orm import Session

from curator.errors import Conflict, Invalid, NotFound
from curator.issues.compose import (
    add_item,
    create_issue,
    current_draft,
    find_issue,
    get_issue,
    items_of,
    list_issues,
    move_item,
    remove_item,
)
from curator.issues.models import Issue, IssueState
from tests.issues.rows import a_newsletter, an_article, an_issue


def _titles(issue: Issue) -> list[list[str]]:
    return [[item.title for item in section.items] for section in issue.sections]


def test_issues_are_numbered_from_one_per_newsletter(session: Session) -> None:
    first, second = a_newsletter(session, "one"), a_newsletter(session, "two")
    numbers = [create_issue(session, newsletter.id, "S").number for newsletter in (first, first, second)]
    assert numbers == [1, 2, 1]
    assert [issue.number for issue in list_issues(session, first.id)] == [2, 1]
    assert find_issue(session, first.id, 2).newsletter.slug == "one"
    with pytest.raises(NotFound):
        find_issue(session, second.id, 2)


def test_a_new_issue_has_the_sections_of_the_template(session: Session) -> None:
    issue = an_issue(session, a_newsletter(session), "Subject\r\nBcc: x")
    assert issue.subject == "Subject Bcc: x"
    assert [(s.name, s.minimum, s.maximum) for s in issue.sections] == [
        ("Hoofdverhaal", 1, 1),
        ("Nieuws", 2, 4),
        ("Achtergrond", 1, 3),
        ("Kort", 0, 5),
    ]


def test_an_item_is_a_copy_of_the_article(session: Session) -> None:
    newsletter = a_newsletter(session)
    issue = an_issue(session, newsletter)
    article = an_article(session, newsletter, title="A\nB {{ 7*7 }}", summary="Says *this*.")
    item = add_item(session, issue.id, article.id, " nieuws ")
    article.title = "Changed by the feed"
    session.flush()
    session.refresh(item)
    assert (item.title, item.blurb, item.reading_minutes) == ("A B {{ 7*7 }}", "Says \\*this\\*.", 2)
    assert (item.address, item.address_key) == (article.address, article.address_key)


def test_an_unknown_section_names_those_there_are(session: Session) -> None:
    newsletter = a_newsletter(session)
    issue, article = an_issue(session, newsletter), an_article(session, newsletter)
    with pytest.raises(Invalid, match=r"Hoofdverhaal.*Nieuws.*Achtergrond.*Kort"):
        add_item(session, issue.id, article.id, "Sport")


def test_an_article_of_another_newsletter_does_not_exist(session: Session) -> None:
    issue = an_issue(session, a_newsletter(session, "one"))
    article = an_article(session, a_newsletter(session, "two"))
    with pytest.raises(NotFound):
        add_item(session, issue.id, article.id, "Nieuws")


def test_placing_again_moves(session: Session) -> None:
    newsletter = a_newsletter(session)
    issue, article = an_issue(session, newsletter), an_article(session, newsletter)
    first = add_item(session, issue.id, article.id, "Nieuws", "My words")
    second = add_item(session, issue.id, article.id, "Kort")
    assert first.id == second.id
    assert second.blurb == "My words"
    assert _titles(get_issue(session, issue.id)) == [[], [], [], ["Over chips"]]


def test_moving_keeps_positions_without_gaps(session: Session) -> None:
    newsletter = a_newsletter(session)
    issue = an_issue(session, newsletter)
    a, b, c = (add_item(session, issue.id, an_article(session, newsletter, n).id, "Nieuws") for n in "abc")
    news, short = issue.sections[1], issue.sections[3]
    move_item(session, c.id, news.id, 0)
    assert [item.id for item in items_of(session, news.id)] == [c.id, a.id, b.id]
    move_item(session, a.id, short.id, 99)
    assert [(item.id, item.position) for item in items_of(session, news.id)] == [(c.id, 0), (b.id, 1)]
    assert [(item.id, item.position) for item in items_of(session, short.id)] == [(a.id, 0)]
    remove_item(session, c.id)
    assert [(item.id, item.position) for item in items_of(session, news.id)] == [(b.id, 0)]


def test_an_item_does_not_leave_its_issue(session: Session) -> None:
    newsletter = a_newsletter(session)
    one, two = an_issue(session, newsletter), an_issue(session, newsletter)
    item = add_item(session, one.id, an_article(session, newsletter).id, "Nieuws")
    with pytest.raises(NotFound):
        move_item(session, item.id, two.sections[0].id, 0)


def test_every_change_raises_the_version(session: Session) -> None:
    newsletter = a_newsletter(session)
    issue = an_issue(session, newsletter)
    versions = [issue.version]
    item = add_item(session, issue.id, an_article(session, newsletter).id, "Nieuws")
    versions.append(get_issue(session, issue.id).version)
    move_item(session, item.id, issue.sections[0].id, 0)
    versions.append(get_issue(session, issue.id).version)
    remove_item(session, item.id)
    versions.append(get_issue(session, issue.id).version)
    assert versions == sorted(set(versions))


@pytest.mark.parametrize("state", [IssueState.SENDING, IssueState.SENT])
def test_only_a_draft_changes(session: Session, state: IssueState) -> None:
    newsletter = a_newsletter(session)
    issue, article = an_issue(session, newsletter), an_article(session, newsletter)
    item = add_item(session, issue.id, article.id, "Nieuws")
    issue.state = state
    session.flush()
    for change in (
        lambda: add_item(session, issue.id, article.id, "Kort"),
        lambda: move_item(session, item.id, issue.sections[0].id, 0),
        lambda: remove_item(session, item.id),
    ):
        with pytest.raises(Conflict, match="cannot be changed"):
            change()
    assert current_draft(session, newsletter.id) is None
