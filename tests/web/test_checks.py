"""The checks beside an issue: places, one-tap fixes with Undo, progress of the links, and who may mend."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from curator.issues.compose import add_item, create_issue, get_issue
from curator.issues.edit import edit_issue, edit_item
from curator.issues.link_checks import Answer, Verdict, answers_of, note, put_down
from curator.issues.models import Issue
from tests.issues.rows import an_article

BASE = "/n/weekly/issues/1"
OLD, NEW = "http://krant.nl/oud", "https://krant.nl/nieuw"
PART = {"HX-Request": "true"}


@pytest.fixture
def issue(session: Session, cast: Any) -> Issue:
    made = create_issue(session, cast.weekly.id, "Het beste van de week")
    add_item(session, made.id, an_article(session, cast.weekly, address=OLD).id, made.sections[0].name)
    return get_issue(session, made.id)


def fix(client: Any, code: str, where: str, item: object = "") -> Any:
    fields = {"code": code, "where": where, "item": str(item)}
    headers = {"Accept": "application/json", "X-CSRF-Token": client.csrf_token}
    return client.post(f"{BASE}/fix", data=fields, headers=headers)


def test_a_moved_link_gets_its_new_address_and_undo_the_old(
    session: Session, cast: Any, issue: Issue, browser: Callable[..., Any]
) -> None:
    item = issue.sections[0].items[0]
    put_down(session, issue.id, issue.version, [OLD])
    editor = browser(cast.editor)
    waiting = editor.get(f"{BASE}/checks", headers=PART).text
    assert 'data-waiting="1"' in waiting and "0 of 1" in waiting
    note(session, answers_of(session, [OLD])[OLD].id, Answer(Verdict.MOVED, 200, NEW))
    text = editor.get(f"{BASE}/checks", headers=PART).text
    assert 'data-waiting="0"' in text and NEW in text
    assert f'href="{BASE}#address-{item.id}"' in text
    answer = fix(editor, "redirected_link", OLD, item.id)
    assert answer.status_code == 200
    assert get_issue(session, issue.id).sections[0].items[0].address == NEW
    undone = editor.post(
        f"{BASE}/restore/{answer.json()['revisions'][0]}",
        headers={"Accept": "application/json", "X-CSRF-Token": editor.csrf_token},
    )
    assert undone.json()["words"]["subject"] == issue.subject
    assert get_issue(session, issue.id).sections[0].items[0].address == OLD


def test_a_fix_of_the_issues_own_words_answers_with_them(
    session: Session, cast: Any, issue: Issue, browser: Callable[..., Any]
) -> None:
    edit_issue(session, issue.id, "intro", "Dit is een lange eerste zin. Dan nog een.", issue.version, "x")
    words = fix(browser(cast.editor), "no_preheader", "preheader").json()["words"]
    assert words["preheader"] == "Dit is een lange eerste zin."


def test_what_is_not_so_any_more_is_not_mended(
    session: Session, cast: Any, issue: Issue, browser: Callable[..., Any]
) -> None:
    editor = browser(cast.editor)
    assert fix(editor, "no_alt", issue.sections[0].items[0].title, issue.sections[0].items[0].id).status_code == 409
    assert fix(editor, "no_such_code", "").status_code == 409


def test_a_viewer_reads_the_checks_and_mends_nothing(
    session: Session, cast: Any, issue: Issue, browser: Callable[..., Any]
) -> None:
    item = issue.sections[0].items[0]
    edit_item(session, item.id, "blurb", "Dag {name}", item.version, "x")
    viewer = browser(cast.viewer)
    text = viewer.get(f"{BASE}/checks").text
    assert 'data-code="name_without_fallback"' in text
    assert f'action="{BASE}/fix"' not in text
    assert fix(viewer, "name_without_fallback", item.title, item.id).status_code == 403


def test_without_a_script_the_button_mends_too(
    session: Session, cast: Any, issue: Issue, browser: Callable[..., Any]
) -> None:
    item = issue.sections[0].items[0]
    edit_item(session, item.id, "blurb", "Dag {name}", item.version, "x")
    editor = browser(cast.editor)
    form = re.search(r'<form method="post" action="[^"]+/fix".*?</form>', editor.get(f"{BASE}/checks").text, re.DOTALL)
    assert form
    answer = editor.submit(f"{BASE}/fix", code="name_without_fallback", where=item.title, item=str(item.id))
    assert answer.headers["location"] == f"{BASE}/checks"
    assert get_issue(session, issue.id).sections[0].items[0].blurb == "Dag {name|lezer}"


def test_one_tick_is_for_one_warning_also_where_two_items_have_one_title(
    session: Session, cast: Any, issue: Issue, browser: Callable[..., Any]
) -> None:
    for number in (1, 2):
        own = {"address": f"https://a.test/{number}", "address_key": f"a.test/{number}"}
        article = an_article(session, cast.weekly, title="Weather", **own)
        item = add_item(session, issue.id, article.id, issue.sections[0].name, "", "x")
        edit_item(session, item.id, "blurb", "Still TK", item.version, "x")
        edit_item(session, item.id, "author", "TK", item.version, "x")
    found = re.findall(
        r'name="acknowledged" value="(unfinished:Weather[^"]*)"', browser(cast.editor).get(f"{BASE}/send").text
    )
    assert len(found) == len(set(found)) == 4
