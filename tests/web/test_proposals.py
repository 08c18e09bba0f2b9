"""Words by a model on the issue page: shown only where a model is, asked by rows, refused to those who may not."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.issues.compose import add_item, create_issue, get_issue
from curator.issues.models import Issue
from curator.issues.proposal_answers import Offer
from curator.issues.proposals import Proposal, Stage, fail, keep_offers, take_asked
from curator.settings import get_settings
from tests.issues.rows import an_article

BASE = "/n/weekly/issues/1"
WORDS = "Twente <b>bouwt</b> chips voor iedereen."


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch, session: Session) -> None:
    monkeypatch.setenv("CURATOR_MODEL_ADDRESS", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("CURATOR_MODEL_NAME", "small")
    monkeypatch.setenv("CURATOR_MODEL_KEY", "sk-never-shown")
    get_settings.cache_clear()


@pytest.fixture
def issue(session: Session, cast: Any) -> Issue:
    made = create_issue(session, cast.weekly.id, "A subject")
    body = "A factory builds chips.\n\n<script>alert(1)</script> is what it says."
    article = an_article(session, cast.weekly, "a", language="de", body_text=body)
    add_item(session, made.id, article.id, made.sections[0].name)
    return get_issue(session, made.id)


@pytest.fixture
def editor(cast: Any, browser: Callable[..., Any]) -> Any:
    return browser(cast.editor)


def ask(editor: Any, path: str, **fields: str) -> Any:
    headers = {"Accept": "application/json", "X-CSRF-Token": editor.csrf_token}
    return editor.post(f"{BASE}/{path}", data=fields, headers=headers)


def answer(session: Session, *offers: Offer) -> Proposal:
    (taken,) = take_asked(session, 30, 4)
    keep_offers(session, taken, offers)
    return session.get_one(Proposal, taken, populate_existing=True)


def test_without_a_model_there_is_nothing_of_it(issue: Issue, editor: Any) -> None:
    page = editor.get(BASE).text
    assert "data-propose" not in page and "Alt and S" not in page and 'class="proposed' not in page
    refused = ask(editor, f"items/{issue.sections[0].items[0].id}/propose/blurb")
    assert refused.status_code == 422 and "No language model" in refused.text


@pytest.mark.usefixtures("model")
def test_a_blurb_is_asked_for_judged_used_and_edited(session: Session, issue: Issue, editor: Any) -> None:
    item = issue.sections[0].items[0]
    page = editor.get(BASE).text
    assert "Propose a blurb" in page and "Translate to Dutch" in page and "sk-never-shown" not in page
    talk = editor.get(f"{BASE}/now").json()["talk"]
    for _ in range(2):
        assert ask(editor, f"items/{item.id}/propose/blurb").json()["part"] == f"proposed-{item.id}"
    assert editor.get(f"{BASE}/now").json()["talk"] != talk, "an open page hears of it"
    assert editor.get(f"{BASE}/proposals").text.count("data-waiting") == 1
    asked = answer(session, Offer({"blurb": WORDS}, [1, 2], ["2027"]))
    part = editor.get(f"{BASE}/proposals").text
    assert "Words by a model" in part and "Not in what was read: 2027" in part
    assert "&lt;script&gt;alert(1)" in part and "<script>" not in part and "<b>bouwt" not in part
    done = ask(editor, f"proposals/{asked.id}/use", offer="0").json()
    assert (len(done["revisions"]), done["field"]) == (1, f"blurb-{item.id}")
    assert 'data-by-model="blurb"' in editor.get(BASE).text
    assert 'data-code="model_blurb"' in editor.get(f"{BASE}/checks").text
    assert f'href="{BASE}#blurb-{item.id}"' in editor.get(f"{BASE}/checks").text
    session.refresh(item)
    fields = {"field": "blurb", "item": str(item.id), "version": str(item.version), "value": "Mine."}
    assert ask(editor, "save", **fields).status_code == 200
    assert "data-by-model" not in editor.get(BASE).text


@pytest.mark.usefixtures("model")
def test_it_works_without_scripts_and_a_failure_is_shown(session: Session, issue: Issue, editor: Any) -> None:
    assert editor.submit(f"{BASE}/propose/subject").headers["location"] == f"{BASE}#proposed-0"
    (taken,) = take_asked(session, 30, 4)
    fail(session, taken, "The model's server failed (500).")
    page = editor.get(BASE).text
    assert "failed (500)" in page and "Propose subjects" in page, "asking again is offered"
    editor.submit(f"{BASE}/propose/subject")
    asked = answer(session, Offer({"subject": "Chips uit Twente"}, [1]), Offer({"subject": "Een fabriek"}, [1]))
    editor.submit(f"{BASE}/proposals/{asked.id}/use", offer="1")
    assert get_issue(session, issue.id).subject == "Een fabriek"
    assert ask(editor, f"proposals/{asked.id}/use", offer="0").status_code == 409


@pytest.mark.usefixtures("model")
def test_who_may_not_may_not(session: Session, cast: Any, issue: Issue, editor: Any, browser: Any) -> None:
    foreign = create_issue(session, cast.other.id, "Foreign")
    theirs = add_item(
        session, foreign.id, an_article(session, cast.other, "f", body_text="Some words of it.").id, "Kort"
    )
    owner = browser(cast.owner)
    owner.submit(f"/n/other/issues/1/items/{theirs.id}/propose/blurb")
    asked = answer(session, Offer({"blurb": WORDS}, [1]))
    for path in (f"items/{theirs.id}/propose/blurb", f"proposals/{asked.id}/use", f"proposals/{asked.id}/away"):
        assert ask(editor, path).status_code == 404
    assert session.scalars(select(Proposal.stage)).all() == [Stage.READY]
    assert browser(cast.viewer).submit(f"{BASE}/propose/subject").status_code == 403
    assert ask(editor, "propose/nonsense").status_code == 422
