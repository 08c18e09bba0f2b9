"""Acts of a page: several at once, each once, told in JSON; and the same by forms, which need no script."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from curator.issues.acts import ActKind, Wanted, perform
from curator.issues.compose import create_issue, current_draft
from curator.sources.models import Triage
from tests.issues.rows import an_article

KEY = "0123456789abcdef"


@pytest.fixture
def editor(cast: Any, browser: Callable[..., Any]) -> Any:
    return browser(cast.editor)


def _send(client: Any, *acts: dict[str, Any], token: str | None = None) -> Any:
    headers = {"Accept": "application/json", "X-CSRF-Token": client.csrf_token if token is None else token}
    return client.post("/n/weekly/acts", json={"acts": list(acts)}, headers=headers)


def test_several_acts_are_answered_in_order_with_counts_and_draft(session: Session, cast: Any, editor: Any) -> None:
    one, two = an_article(session, cast.weekly, "one"), an_article(session, cast.weekly, "two")
    issue = create_issue(session, cast.weekly.id, "S")
    acts = (
        {"key": KEY + "1", "kind": "triage", "article": one.id, "value": "dismissed", "seen": "candidate"},
        {"key": KEY + "2", "kind": "place", "article": two.id, "value": str(issue.sections[1].id), "seen": ""},
    )
    first = _send(editor, *acts).json()
    assert [answer["outcome"] for answer in first["answers"]] == ["done", "done"]
    assert first["answers"][1]["place"] == issue.sections[1].name
    assert first["counts"] == {"candidates": 1, "starred": 0, "later": 0, "dismissed": 1, "expired": 0}
    assert "1 of 2–4" in first["draft"]
    assert _send(editor, *acts).json() == first  # the connection was lost after it was done
    undone = _send(editor, {"key": KEY + "3", "kind": "undo", "article": two.id, "value": KEY + "2"}).json()
    assert undone["answers"][0]["outcome"] == "done"
    draft = current_draft(session, cast.weekly.id)
    assert draft is not None and all(not section.items for section in draft.sections)


def test_who_was_first_is_told_by_name(session: Session, cast: Any, editor: Any) -> None:
    article = an_article(session, cast.weekly)
    cast.owner.name = "Olga"
    perform(session, cast.weekly.id, Wanted("k" * 8, ActKind.TRIAGE, article.id, "dismissed"), cast.owner.address_key)
    act = {"key": KEY, "kind": "triage", "article": article.id, "value": "starred", "seen": "candidate"}
    answer = _send(editor, act).json()["answers"][0]
    assert (answer["outcome"], answer["by"], answer["message"]) == ("conflict", "Olga", "dismissed it")


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "short"},
        {"key": KEY + "<script>"},
        {"kind": "burn"},
        {"article": 0},
        {"article": 2**63},
        {"newsletter_id": 2},
        {"others": list(range(1, 102))},
    ],
)
def test_what_is_no_act_is_refused(session: Session, cast: Any, editor: Any, wrong: dict[str, Any]) -> None:
    article = an_article(session, cast.weekly)
    act = {"key": KEY, "kind": "triage", "article": article.id, "value": "starred"} | wrong
    assert _send(editor, act).status_code == 422
    assert article.triage == Triage.CANDIDATE


def test_too_many_none_and_no_token_are_refused(session: Session, cast: Any, editor: Any) -> None:
    act = {"key": KEY, "kind": "triage", "article": an_article(session, cast.weekly).id, "value": "starred"}
    assert _send(editor).status_code == 422
    assert _send(editor, *[act] * 51).status_code == 422
    assert _send(editor, act, token="").status_code == 403


def test_an_article_of_another_newsletter_is_not_touched(session: Session, cast: Any, editor: Any) -> None:
    foreign = an_article(session, cast.other)
    act = {"key": KEY, "kind": "triage", "article": foreign.id, "value": "starred"}
    answer = _send(editor, act).json()["answers"][0]
    assert (answer["outcome"], answer["articles"]) == ("refused", {})
    session.refresh(foreign)
    assert foreign.triage == Triage.CANDIDATE


def test_forms_do_the_same_without_a_script(session: Session, cast: Any, editor: Any) -> None:
    article = an_article(session, cast.weekly)
    path = f"/n/weekly/articles/{article.id}"
    assert "Make a new issue first" in editor.submit(f"{path}/place").text
    issue = create_issue(session, cast.weekly.id, "S")
    foreign = create_issue(session, cast.other.id, "S").sections[0].id
    assert editor.submit(f"{path}/place", section_id=str(foreign)).status_code == 422
    assert editor.submit(f"{path}/place").status_code == 303
    assert f'place">{issue.sections[0].name}' in editor.get("/n/weekly/").text
    assert "nothing to mute" in editor.submit(f"{path}/mute").text
