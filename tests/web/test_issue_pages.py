"""The issue page: saving while typing, arranging, previews that cannot act, checks, tests and Send."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.audience.models import Subscriber, Subscription, SubscriptionState
from curator.delivery.models import Delivery
from curator.delivery.relays import set_relay
from curator.issues.compose import add_item, create_issue, get_issue
from curator.issues.models import Issue, IssueState
from curator.issues.own_designs import start_design
from curator.settings import Settings, get_settings
from tests.delivery.cast import sent_as_it_stands
from tests.issues.rows import an_article

JSON = {"Accept": "application/json", "HX-Request": "true"}
BASE = "/n/weekly/issues/1"


@pytest.fixture
def issue(session: Session, cast: Any) -> Issue:
    made = create_issue(session, cast.weekly.id, "A subject that is long enough")
    for section, name in enumerate(("a", "b", "c", "d")):
        add_item(session, made.id, an_article(session, cast.weekly, name).id, made.sections[section].name)
    return get_issue(session, made.id)


@pytest.fixture
def editor(cast: Any, browser: Callable[..., Any]) -> Any:
    return browser(cast.editor)


def post(client: Any, path: str, headers: dict[str, str] = JSON, **fields: Any) -> Any:
    return client.post(
        path, data=fields, headers={**headers, "X-CSRF-Token": client.csrf_token}, follow_redirects=False
    )


def _readers(session: Session, newsletter_id: int, count: int) -> None:
    for number in range(count):
        address = f"reader{number}@example.org"
        reader = Subscriber(address=address, address_key=address, address_hash=bytes([number]) * 32)
        session.add(reader)
        session.flush()
        session.add(
            Subscription(
                subscriber_id=reader.id,
                newsletter_id=newsletter_id,
                state=SubscriptionState.ACTIVE if number else SubscriptionState.LEFT,
                confirmed_at=datetime.now(UTC),
            )
        )
    session.flush()


def test_a_new_issue_opens_at_once(session: Session, cast: Any, editor: Any) -> None:
    answer = editor.submit("/n/weekly/issues", subject="Hello")
    assert answer.headers["location"] == "/n/weekly/issues/1"
    page = editor.get("/n/weekly/issues/1").text
    assert 'value="Hello"' in page
    assert "Hoofdverhaal" in page
    assert "Hello" in editor.get("/n/weekly/issues").text


def test_saving_a_field_answers_with_its_version_and_cleaned_words(session: Session, issue: Issue, editor: Any) -> None:
    answer = post(editor, f"{BASE}/save", field="subject", value="New\r\nBcc: x", version=issue.version)
    assert answer.json()["value"] == "New Bcc: x"
    item = issue.sections[0].items[0]
    answer = post(editor, f"{BASE}/save", field="blurb", value="Words", version=item.version, item=item.id)
    assert answer.json()["value"] == "Words"


def test_two_editors_get_both_texts(session: Session, cast: Any, issue: Issue, editor: Any, browser: Any) -> None:
    seen = issue.version
    post(editor, f"{BASE}/save", field="intro", value="Editor's words", version=seen)
    answer = post(browser(cast.owner), f"{BASE}/save", field="intro", value="Owner's words", version=seen)
    assert answer.status_code == 409
    facts = answer.json()
    assert (facts["mine"], facts["theirs"], facts["by"]) == ("Owner's words", "Editor's words", "editor@weekly.example")


def test_without_a_script_both_texts_stand_on_the_page(session: Session, cast: Any, issue: Issue, editor: Any) -> None:
    seen = str(issue.version)
    post(editor, f"{BASE}/save", field="intro", value="First words", version=seen)
    answer = editor.submit(f"{BASE}/words", subject=issue.subject, intro="Second words", version=seen)
    assert answer.status_code == 409
    assert "First words" in answer.text
    assert "Second words" in answer.text


def test_forms_without_a_script_save(session: Session, issue: Issue, editor: Any) -> None:
    item = issue.sections[0].items[0]
    answer = editor.submit(
        f"{BASE}/words", subject="Form", preheader="P", intro="I", outro="O", version=str(issue.version)
    )
    assert answer.status_code == 303
    answer = editor.submit(f"{BASE}/items/{item.id}/words", title="T", blurb="B", version=str(item.version))
    assert answer.headers["location"] == f"{BASE}#item-{item.id}"
    fresh = get_issue(session, issue.id)
    assert (fresh.subject, fresh.outro) == ("Form", "O")
    assert (fresh.sections[0].items[0].title, fresh.sections[0].items[0].blurb) == ("T", "B")


@pytest.mark.parametrize("field", ["state", "newsletter_id", "number"])
def test_fields_that_are_not_words_cannot_be_set(issue: Issue, editor: Any, field: str) -> None:
    assert post(editor, f"{BASE}/save", field=field, value="1", version=99).status_code == 422


def test_a_paste_of_five_megabytes_is_refused_with_a_reason(session: Session, issue: Issue, editor: Any) -> None:
    answer = post(editor, f"{BASE}/save", field="intro", value="x" * 5_000_000, version=issue.version)
    assert (answer.status_code, "at most 1 MB" in answer.text) == (413, True)
    answer = post(editor, f"{BASE}/save", field="intro", value="x" * 500_000, version=issue.version)
    assert (answer.status_code, "50,000" in answer.json()["message"]) == (422, True)
    assert get_issue(session, issue.id).intro == ""


def test_items_move_by_place_and_by_step(session: Session, issue: Issue, editor: Any) -> None:
    first = issue.sections[0].items[0]
    answer = post(editor, f"{BASE}/items/{first.id}/move", section_id=issue.sections[1].id, position=0)
    assert answer.json()["revisions"]
    assert get_issue(session, issue.id).sections[1].items[0].id == first.id
    editor.submit(f"{BASE}/items/{first.id}/move", step="-1")
    assert [item.id for item in get_issue(session, issue.id).sections[0].items] == [first.id]
    editor.submit(f"{BASE}/items/{first.id}/move", step="1")
    assert get_issue(session, issue.id).sections[1].items[0].id == first.id


def test_sections_are_changed_by_forms(session: Session, issue: Issue, editor: Any) -> None:
    post(editor, f"{BASE}/sections", name="Partner")
    section = get_issue(session, issue.id).sections[-1]
    answer = post(editor, f"{BASE}/sections/{section.id}", name="Partners", minimum="0", maximum="1", label="Sponsored")
    assert answer.status_code == 200
    post(editor, f"{BASE}/sections/{section.id}/move", step="-1")
    assert get_issue(session, issue.id).sections[-2].label == "Sponsored"
    assert post(editor, f"{BASE}/sections/{issue.sections[0].id}/remove").status_code == 409
    assert "already a section" in post(editor, f"{BASE}/sections", name="nieuws").text


def test_an_article_is_offered_and_added(session: Session, cast: Any, issue: Issue, editor: Any) -> None:
    article = an_article(session, cast.weekly, "fresh")
    section = issue.sections[3].id
    assert "Over fresh" in editor.get(f"{BASE}/finds?section={section}", headers={"HX-Request": "true"}).text
    answer = post(editor, f"{BASE}/items", article_id=article.id, section_id=section)
    assert get_issue(session, issue.id).sections[3].items[-1].id == answer.json()["item"]


def test_another_newsletters_rows_do_not_exist(session: Session, cast: Any, issue: Issue, browser: Any) -> None:
    foreign = create_issue(session, cast.other.id, "Foreign")
    article = an_article(session, cast.other, "foreign")
    item = add_item(session, foreign.id, article.id, "Kort")
    own = issue.sections[0].items[0]
    revision = post(browser(cast.owner), f"/n/other/issues/1/items/{item.id}/remove").json()["revisions"][0]
    editor = browser(cast.editor)
    tries = [
        (f"{BASE}/save", {"field": "title", "value": "X", "version": 1, "item": item.id}),
        (f"{BASE}/items/{item.id}/words", {"title": "X", "version": 1}),
        (f"{BASE}/items/{item.id}/move", {"section_id": issue.sections[0].id, "position": 0}),
        (f"{BASE}/items/{item.id}/remove", {}),
        (f"{BASE}/items/{own.id}/move", {"section_id": foreign.sections[0].id, "position": 0}),
        (f"{BASE}/items", {"article_id": article.id, "section_id": issue.sections[0].id}),
        (f"{BASE}/sections/{foreign.sections[0].id}", {"name": "X"}),
        (f"{BASE}/sections/{foreign.sections[0].id}/remove", {}),
        (f"{BASE}/restore/{revision}", {}),
        ("/n/other/issues/1/save", {"field": "subject", "value": "X", "version": 1}),
        ("/n/weekly/issues/9/save", {"field": "subject", "value": "X", "version": 1}),
    ]
    answers = {path: post(editor, path, **fields).status_code for path, fields in tries}
    assert set(answers.values()) <= {404, 422}, answers
    assert list(answers.values()).count(422) <= 1  # saving names the reason, as JSON; it is "not in the issue"
    assert get_issue(session, foreign.id).subject == "Foreign"


def test_a_preview_has_a_policy_of_its_own(issue: Issue, editor: Any) -> None:
    answer = editor.get(f"{BASE}/preview?theme=dark")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "Over a" in answer.text
    text = editor.get(f"{BASE}/preview?kind=text").text
    assert "https://news.example.org/a" in text


def test_titles_cannot_act_in_page_or_preview(session: Session, issue: Issue, editor: Any) -> None:
    item = issue.sections[0].items[0]
    attack = '"><script>alert(1)</script>{{ 7*7 }}'
    post(editor, f"{BASE}/save", field="title", value=attack, version=item.version, item=item.id)
    post(editor, f"{BASE}/save", field="subject", value=attack, version=issue.version)
    for path in (BASE, f"{BASE}/preview", f"{BASE}/preview?kind=text", f"{BASE}/history", f"{BASE}/send"):
        text = editor.get(path).text
        assert "<script>alert" not in text, path
        assert "7*7" in text, path


def test_a_design_with_an_error_shows_it_in_the_preview(session: Session, cast: Any, issue: Issue, editor: Any) -> None:
    page = {"issue.html": "<html>\n{% if %}\n</html>"}
    start_design(session, cast.weekly, "Ours", based_on="classic", files=page, by="owner@example.org")
    cast.weekly.design = "Ours"
    session.flush()
    answer = editor.get(f"{BASE}/preview")
    assert answer.status_code == 200
    assert "line 2" in answer.text
    assert "design" in editor.get(f"{BASE}/checks").text.lower()


def test_checks_name_what_is_missing(session: Session, cast: Any, editor: Any) -> None:
    create_issue(session, cast.weekly.id, "")
    text = editor.get(f"{BASE}/checks", headers={"HX-Request": "true"}).text
    assert "no items" in text
    assert 'data-errors="0"' not in text


def test_the_send_dialog_tells_who_gets_it_and_who_does_not(
    session: Session, cast: Any, issue: Issue, editor: Any
) -> None:
    _readers(session, cast.weekly.id, 5)
    text = editor.get(f"{BASE}/send").text
    assert '<strong class="numeric">4</strong> people get it' in text
    assert "unsubscribed" in text
    assert "There is no relay yet" in text
    assert "until then Send can be undone" in text


def _ticks(text: str) -> list[str]:
    return re.findall(r'name="acknowledged" value="([^"]+)"', text)


def test_sending_needs_every_warning_ticked_and_happens_once(
    session: Session, cast: Any, issue: Issue, editor: Any, settings: Settings
) -> None:
    _readers(session, cast.weekly.id, 3)
    set_relay(session, "default", host="127.0.0.1", port=2525, security="none")
    refused = editor.post(f"{BASE}/send", data={"csrf_token": editor.csrf_token}, follow_redirects=False)
    assert refused.status_code == 422
    assert "not ticked yet" in refused.text
    fields = {"csrf_token": editor.csrf_token, "acknowledged": _ticks(refused.text)}
    sent = editor.post(f"{BASE}/send", data=fields, follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (303, "/n/weekly/deliveries/1")
    assert get_issue(session, issue.id).state == IssueState.SENDING
    again = editor.post(f"{BASE}/send", data=fields, follow_redirects=False)
    assert again.status_code == 409
    assert "/n/weekly/deliveries/1" in again.text
    assert len(session.scalars(select(Delivery)).all()) == 1


@pytest.mark.parametrize(("fields", "pilot"), [({}, None), ({"no_pilot": "true"}, 0)])
def test_the_dialog_tells_of_the_pilot_and_can_do_without(
    session: Session,
    cast: Any,
    issue: Issue,
    editor: Any,
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, str],
    pilot: int | None,
) -> None:
    _readers(session, cast.weekly.id, 3)
    set_relay(session, "default", host="127.0.0.1", port=2525, security="none")
    assert "no_pilot" not in editor.get(f"{BASE}/send").text, "two readers are too few"
    monkeypatch.setenv("CURATOR_PILOT_SHARE", "0.5")
    monkeypatch.setenv("CURATOR_PILOT_LEAST", "1")
    get_settings.cache_clear()
    page = editor.get(f"{BASE}/send").text
    assert "First 1 person, then a pause of 15 minutes" in page and "no_pilot" in page
    ticked = {"csrf_token": editor.csrf_token, "acknowledged": _ticks(page), **fields}
    assert editor.post(f"{BASE}/send", data=ticked, follow_redirects=False).status_code == 303
    assert session.scalars(select(Delivery.pilot)).one() == pilot


def test_the_send_dialog_tells_the_end_and_spreads(
    session: Session, cast: Any, issue: Issue, editor: Any, settings: Settings
) -> None:
    _readers(session, cast.weekly.id, 6)
    set_relay(session, "default", host="127.0.0.1", port=2525, security="none", rate=0.01)
    text = editor.get(f"{BASE}/send").text
    assert re.search(r"over at about \d\d:\d\d, 9 minutes after the first mail", text)
    fields = {"csrf_token": editor.csrf_token, "acknowledged": _ticks(text)}
    assert editor.post(f"{BASE}/send", data={**fields, "over": "soon"}).status_code == 422
    assert editor.post(f"{BASE}/send", data={**fields, "over": "30"}, follow_redirects=False).status_code == 303
    assert session.scalars(select(Delivery.window_seconds)).one() == 1800
    shown = editor.get("/n/weekly/deliveries/1").text
    assert "Spread over" in shown and "30 min" in shown


def test_an_issue_without_items_is_not_sent(session: Session, cast: Any, editor: Any) -> None:
    create_issue(session, cast.weekly.id, "Empty")
    _readers(session, cast.weekly.id, 3)
    set_relay(session, "default", host="127.0.0.1", port=2525, security="none")
    answer = editor.submit(f"{BASE}/send")
    assert answer.status_code == 422
    assert "no items" in answer.text
    assert session.scalars(select(Delivery)).all() == []


@pytest.mark.parametrize("at", ["", "yesterday", "2020-01-01T08:00", "9999-01-01T08:00"])
def test_a_time_that_cannot_be_is_refused(session: Session, cast: Any, issue: Issue, editor: Any, at: str) -> None:
    _readers(session, cast.weekly.id, 3)
    set_relay(session, "default", host="127.0.0.1", port=2525, security="none")
    ticks = _ticks(editor.get(f"{BASE}/send").text)
    fields = {"csrf_token": editor.csrf_token, "acknowledged": ticks, "when": "at", "at": at}
    assert editor.post(f"{BASE}/send", data=fields).status_code == 422
    assert session.scalars(select(Delivery)).all() == []


def test_a_chosen_time_is_the_newsletters_time(session: Session, cast: Any, issue: Issue, editor: Any) -> None:
    _readers(session, cast.weekly.id, 3)
    set_relay(session, "default", host="127.0.0.1", port=2525, security="none")
    day = (datetime.now(UTC) + timedelta(days=30)).date()
    fields = {
        "csrf_token": editor.csrf_token,
        "acknowledged": _ticks(editor.get(f"{BASE}/send").text),
        "when": "at",
        "at": f"{day}T08:00",
    }
    assert editor.post(f"{BASE}/send", data=fields, follow_redirects=False).status_code == 303
    delivery = session.scalars(select(Delivery)).one()
    assert delivery.scheduled_at.astimezone(ZoneInfo("Europe/Amsterdam")).strftime("%H:%M") == "08:00"
    locked = editor.get(BASE).text
    assert f"goes out {day:%-d %b %Y}, 08:00" in locked and "is on its way" not in locked


def test_a_sent_issue_is_only_shown(session: Session, issue: Issue, editor: Any) -> None:
    issue.state, issue.sent_at = IssueState.SENT, datetime(2026, 3, 1, tzinfo=UTC)
    session.flush()
    page = editor.get(BASE).text
    assert "data-field" not in page
    assert "/n/weekly/reports/1" in page
    answer = post(editor, f"{BASE}/save", field="subject", value="Late", version=issue.version)
    assert answer.status_code == 409
    assert "cannot be changed" in answer.json()["message"]
    assert editor.get(f"{BASE}/send", follow_redirects=False).headers["location"] == "/n/weekly/deliveries/1"


def test_a_sent_issue_is_previewed_as_it_was_sent(
    session: Session, cast: Any, issue: Issue, editor: Any, settings: Settings
) -> None:
    address = "https://news.example/a?b=1&c=2"
    issue.sections[0].items[0].address = address
    session.flush()
    sent_as_it_stands(session, issue, settings, datetime(2026, 3, 1, 12, tzinfo=UTC))
    cast.weekly.accent, cast.weekly.name = "#aa0000", "A later name"
    session.flush()
    for theme in ("light", "dark"):
        page = editor.get(f"{BASE}/preview?theme={theme}").text
        assert "1 maart 2026" in page and "A later name" not in page and "#aa0000" not in page
        assert f'content="{theme}"' in page and "prefers-color-scheme" not in page
        assert not re.search(r"/[ocupv]/", page) and escape(address) in page
    text = editor.get(f"{BASE}/preview?kind=text").text
    assert "1 maart 2026" in text and "A later name" not in text and escape(address) in text
    assert not re.search(r"/[ocupv]/[\w-]", text)


def test_a_viewer_sees_the_draft_and_no_field(issue: Issue, cast: Any, browser: Any) -> None:
    viewer = browser(cast.viewer)
    page = viewer.get(BASE).text
    assert "data-field" not in page
    assert viewer.get(f"{BASE}/preview").status_code == 200
    assert viewer.get(f"{BASE}/send").status_code == 403
    assert post(viewer, f"{BASE}/save", field="subject", value="X", version=1).status_code == 403


def test_an_open_page_hears_how_far_the_issue_is_and_who_changed_it(
    session: Session, cast: Any, issue: Issue, editor: Any, browser: Any
) -> None:
    saved = post(browser(cast.owner), f"{BASE}/save", field="intro", value="Of the owner", version=issue.version)
    now = editor.get(f"{BASE}/now").json()
    assert (now["version"], now["by"], now["state"]) == (saved.json()["issue"], "owner@weekly.example", "draft")
    assert now["words"]["intro"] == "Of the owner"
    item = issue.sections[0].items[0]
    answer = post(editor, f"{BASE}/save", field="blurb", value="Mine", version=item.version, item=item.id).json()
    assert answer["issue"] == now["version"] + 1
    assert editor.get(f"{BASE}/now").json()["by"] == ""
