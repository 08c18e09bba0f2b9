"""Newsletters and settings: owners change, others read; what is wrong is said beside its field and changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.accounts.models import Grant, Role, SignInLink
from curator.accounts.roles import role_of
from curator.accounts.users import add_user, find_user
from curator.delivery.models import Health, Relay, Throttle
from curator.delivery.relay_health import note_failure
from curator.issues.models import Newsletter

BASE = "/n/weekly/settings"
FACTS = {
    "name": "The Weekly",
    "description": "D",
    "from_name": "F",
    "from_address": "desk@weekly.example",
    "reply_to": "",
    "language": "en",
    "timezone": "Europe/Amsterdam",
}


@pytest.fixture
def owner(cast: Any, browser: Callable[..., Any]) -> Any:
    return browser(cast.owner)


def test_the_front_leads_to_the_only_newsletter_or_the_list(cast: Any, owner: Any, browser: Callable[..., Any]) -> None:
    assert browser(cast.editor).get("/", follow_redirects=False).headers["location"] == "/n/weekly/"
    assert owner.get("/", follow_redirects=False).headers["location"] == "/newsletters"


def test_an_owner_makes_a_newsletter(session: Session, owner: Any) -> None:
    fields = {"name": "New", "slug": "new", "from_address": "desk@new.example", "language": "en", "tracking": "off"}
    assert owner.submit("/newsletters", **fields).headers["location"] == "/n/new/"
    again = owner.submit("/newsletters", **fields)
    assert again.status_code == 422
    assert "already a newsletter" in again.text
    assert 'value="desk@new.example"' in again.text


def test_an_editor_of_one_makes_none(session: Session, cast: Any, browser: Callable[..., Any]) -> None:
    editor = browser(cast.editor)
    assert "The Other" not in editor.get("/newsletters").text
    fields = {"name": "New", "slug": "new", "from_address": "desk@new.example"}
    assert editor.submit("/newsletters", **fields).status_code == 403
    assert session.scalar(select(Newsletter).where(Newsletter.slug == "new")) is None


@pytest.mark.parametrize("part", ["", "/sections", "/tracking", "/relay", "/people", "/design", "/brand"])
def test_every_part_opens_for_readers_and_only_owners_change(
    cast: Any, owner: Any, browser: Callable[..., Any], part: str
) -> None:
    assert owner.get(f"{BASE}{part}").status_code == 200
    viewer = browser(cast.viewer)
    assert viewer.get(f"{BASE}{part}").status_code == 200
    assert viewer.submit(f"{BASE}{part}").status_code == 403
    assert browser(cast.editor).submit(f"{BASE}{part}").status_code == 403
    assert viewer.get(f"/n/other/settings{part}").status_code == 404


def test_facts_are_saved(session: Session, cast: Any, owner: Any) -> None:
    assert owner.submit(BASE, **FACTS).status_code == 303
    session.refresh(cast.weekly)
    assert (cast.weekly.language, cast.weekly.from_name, cast.weekly.description) == ("en", "F", "D")


@pytest.mark.parametrize(
    "wrong",
    [{"from_address": "a@b, c@d"}, {"from_name": " "}, {"timezone": "Moon"}, {"language": "xx"}],
)
def test_one_wrong_fact_saves_none_and_loses_nothing(
    session: Session, cast: Any, owner: Any, wrong: dict[str, str]
) -> None:
    answer = owner.submit(BASE, **{**FACTS, "description": "Typed with care", **wrong})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "Typed with care" in answer.text
    session.refresh(cast.weekly)
    assert cast.weekly.description == ""


def test_sections_are_saved_in_order_and_checked(session: Session, cast: Any, owner: Any) -> None:
    fields = {"csrf_token": owner.csrf_token, "name": ["B", "", "A"], "minimum": ["1", "0", "0"]}
    fields |= {"maximum": ["2", "", ""], "label": ["", "", "Sponsored"]}
    assert owner.post(f"{BASE}/sections", data=fields, follow_redirects=False).status_code == 303
    session.refresh(cast.weekly)
    assert [section["name"] for section in cast.weekly.section_template] == ["B", "A"]
    fields |= {"kind": ["", "", "sponsored"]}
    assert "say how many items" in owner.post(f"{BASE}/sections", data=fields).text
    fields |= {"maximum": ["2", "", "1"]}
    assert owner.post(f"{BASE}/sections", data=fields, follow_redirects=False).status_code == 303
    session.refresh(cast.weekly)
    assert [section["sponsored"] for section in cast.weekly.section_template] == [False, True]
    fields["name"] = ["A", "", "a"]
    assert "Two sections are named" in owner.post(f"{BASE}/sections", data=fields).text


def test_tracking_is_chosen_among_four(session: Session, cast: Any, owner: Any) -> None:
    assert owner.submit(f"{BASE}/tracking", mode="hygiene").status_code == 303
    assert owner.submit(f"{BASE}/tracking", mode="everything").status_code == 422
    session.refresh(cast.weekly)
    assert cast.weekly.tracking == "hygiene"


def test_a_relay_is_set_chosen_tried_and_its_password_never_shown(
    session: Session, cast: Any, owner: Any, free_port: Callable[[], int]
) -> None:
    fields = {"name": "mine", "host": "127.0.0.1", "port": str(free_port()), "security": "none", "connections": "4"}
    fields |= {"username": "me", "password": "topsecret-1", "rate": "12,5"}
    assert owner.submit(f"{BASE}/relay", **fields).status_code == 303
    relay = session.scalars(select(Relay)).one()
    assert relay.rate == 12.5
    assert owner.submit(f"{BASE}/relay/choose", relay_id=str(relay.id)).status_code == 303
    page = owner.get(f"{BASE}/relay?edit=mine").text
    assert "in use here" in page
    assert "topsecret-1" not in page
    assert "refused" in owner.submit(f"{BASE}/relay/{relay.id}/test").text
    assert owner.submit(f"{BASE}/relay", **{**fields, "port": "x"}).status_code == 422
    assert owner.submit(f"{BASE}/relay/choose", relay_id="999999").status_code == 404


def test_domains_are_limited_and_let_go_by_owners_of_all(session: Session, cast: Any, owner: Any, browser: Any) -> None:
    limits = f"{BASE}/relay/throttles"
    fields = {"scope": "recipient-domain", "domain": "gmail.com", "rate": "2,5"}
    assert owner.submit(limits, **fields).status_code == 303
    assert session.scalars(select(Throttle.rate)).all() == [2.5]
    assert "to this domain at most 2.5 mails a second" in owner.get(f"{BASE}/relay").text
    refused = owner.submit(limits, **{**fields, "domain": "<b>"})
    assert refused.status_code == 422
    assert "is no domain" in refused.text and "<b>" not in refused.text
    of_one = browser(add_user(session, "one@weekly.example", Role.OWNER, cast.weekly.id))
    assert of_one.submit(limits, **{**fields, "rate": ""}).status_code == 403
    assert owner.submit(limits, **{**fields, "rate": ""}).status_code == 303
    assert session.scalars(select(Throttle)).all() == []


def test_pool_weight_and_health_are_shown_and_a_relay_is_removed(session: Session, cast: Any, owner: Any) -> None:
    fields = {"host": "127.0.0.1", "port": "9", "security": "none", "connections": "4", "pool": "all"}
    assert owner.submit(f"{BASE}/relay", name="default", **fields).status_code == 303
    assert owner.submit(f"{BASE}/relay", name="spare", weight="0", **fields).status_code == 303
    assert owner.submit(f"{BASE}/relay", name="x", **{**fields, "weight": "-1"}).status_code == 422
    default, spare = session.scalars(select(Relay).order_by(Relay.name)).all()
    assert (spare.pool, spare.weight, default.weight) == ("all", 0, 1)
    note_failure(session, spare.id, Health.REFUSING, "535 <b>wrong</b>")
    session.flush()
    page = owner.get(f"{BASE}/relay").text
    assert "stands in here" in page
    assert "refuses us" in page
    assert "535 &lt;b&gt;wrong" in page
    cast.weekly.relay_id = spare.id
    session.flush()
    refused = owner.submit(f"{BASE}/relay/{spare.id}/remove")
    assert (refused.status_code, 'role="alert"' in refused.text) == (409, True)
    cast.weekly.relay_id = None
    session.flush()
    assert owner.submit(f"{BASE}/relay/{spare.id}/remove").status_code == 303
    assert session.scalars(select(Relay.name)).all() == ["default"]
    assert owner.submit(f"{BASE}/relay/999999/remove").status_code == 404


def test_an_owner_of_one_newsletter_sets_no_relay(session: Session, cast: Any, browser: Callable[..., Any]) -> None:
    client = browser(add_user(session, "one@weekly.example", Role.OWNER, cast.weekly.id))
    fields = {"name": "default", "host": "evil.example", "port": "25", "security": "starttls"}
    assert client.submit(f"{BASE}/relay", **fields).status_code == 403
    assert session.scalars(select(Relay)).all() == []


def test_a_person_is_added_with_a_link_shown_once(session: Session, cast: Any, owner: Any) -> None:
    answer = owner.submit(f"{BASE}/people", address="new@weekly.example", name="New", role="editor")
    assert "/sign-in/" in answer.text
    assert "/sign-in/" not in owner.get(f"{BASE}/people").text
    assert role_of(session, find_user(session, "new@weekly.example").id, cast.weekly.id) == Role.EDITOR


def test_adding_somebody_who_has_an_account_gives_no_way_to_be_them(
    session: Session, cast: Any, browser: Callable[..., Any]
) -> None:
    client = browser(add_user(session, "one@weekly.example", Role.OWNER, cast.weekly.id))
    answer = client.submit(f"{BASE}/people", address=cast.owner.address, role="viewer")
    assert answer.status_code == 200
    assert "/sign-in/" not in answer.text
    assert session.scalars(select(SignInLink)).all() == []
    assert role_of(session, cast.owner.id, cast.weekly.id) == Role.OWNER


def test_roles_are_changed_and_taken_but_not_ones_own(session: Session, cast: Any, owner: Any) -> None:
    assert owner.submit(f"{BASE}/people/{cast.editor.id}", role="viewer").status_code == 303
    assert role_of(session, cast.editor.id, cast.weekly.id) == Role.VIEWER
    assert owner.submit(f"{BASE}/people/{cast.editor.id}", role="none").status_code == 303
    assert role_of(session, cast.editor.id, cast.weekly.id) is None
    assert owner.submit(f"{BASE}/people/{cast.owner.id}", role="viewer").status_code == 422
    assert owner.submit(f"{BASE}/people/{cast.viewer.id}", role="king").status_code == 422
    assert owner.submit(f"{BASE}/people/999999", role="owner").status_code == 404


def test_people_of_another_newsletter_are_out_of_reach(
    session: Session, cast: Any, browser: Callable[..., Any]
) -> None:
    client = browser(add_user(session, "one@weekly.example", Role.OWNER, cast.weekly.id))
    elsewhere = add_user(session, "elsewhere@other.example", Role.EDITOR, cast.other.id)
    assert "elsewhere@other.example" not in client.get(f"{BASE}/people").text
    assert client.submit(f"{BASE}/people/{elsewhere.id}", role="none").status_code == 404
    assert session.scalar(select(Grant).where(Grant.user_id == elsewhere.id)) is not None
