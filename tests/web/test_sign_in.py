"""Signing in: by link, by password, the same answer for strangers, never on to another site, never by a GET."""

import html
import re
from email import message_from_bytes
from email.policy import default
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.accounts.links import create_link
from curator.accounts.users import set_password
from curator.delivery.models import Notice
from curator.web import sign_in
from curator.web.access import cookie_name
from tests.web.conftest import Browser, Cast

PASSWORD = "a long enough sentence"


@pytest.fixture(autouse=True)
def _fresh_caps(redis_client: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries of other tests do not count, and nobody waits."""
    monkeypatch.setattr(sign_in, "ANSWER_SECONDS", 0.0)


def test_a_link_shows_a_button_and_the_button_signs_in(session: Session, cast: Cast, anonymous: Browser) -> None:
    secret = create_link(session, cast.owner)
    for _ in range(2):  # a mail scanner may open it first
        assert "Open the desk" in anonymous.get(f"/sign-in/{secret}").text
        assert cookie_name() not in anonymous.cookies
    answer = anonymous.post(f"/sign-in/{secret}", follow_redirects=False)
    assert answer.status_code == 303 and answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie
    assert anonymous.get("/account").status_code == 200
    anonymous.cookies.clear()
    assert anonymous.post(f"/sign-in/{secret}", follow_redirects=False).status_code == 404


def test_a_password_signs_in_and_a_wrong_one_does_not(session: Session, cast: Cast, anonymous: Browser) -> None:
    set_password(session, cast.owner, PASSWORD)
    form = {"address": "Owner@weekly.example", "password": "wrong", "next": "/account"}
    assert anonymous.post("/sign-in", data=form).status_code == 422
    answer = anonymous.post("/sign-in", data=form | {"password": PASSWORD}, follow_redirects=False)
    assert answer.status_code == 303 and answer.headers["location"] == "/account"


def test_the_answer_does_not_tell_who_has_an_account(session: Session, cast: Cast, anonymous: Browser) -> None:
    known = anonymous.post("/sign-in", data={"address": "owner@weekly.example"})
    unknown = anonymous.post("/sign-in", data={"address": "nobody@weekly.example"})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    assert session.scalars(select(Notice.address)).all() == ["owner@weekly.example"]


def test_the_time_it_takes_does_not_tell_it_either(
    session: Session, cast: Cast, anonymous: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making a link and a mail takes longer than finding nobody."""
    waited: list[float] = []
    clock = iter([100.0, 100.03, 200.0, 200.001])
    monkeypatch.setattr(sign_in, "ANSWER_SECONDS", 0.25)
    monkeypatch.setattr(sign_in, "time", SimpleNamespace(monotonic=lambda: next(clock), sleep=waited.append))
    for address in ("owner@weekly.example", "nobody@weekly.example"):
        anonymous.post("/sign-in", data={"address": address})
    assert [round(seconds, 3) for seconds in waited] == [0.22, 0.249]


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "//["],
)
def test_signing_in_never_leads_to_another_site(session: Session, cast: Cast, anonymous: Browser, target: str) -> None:
    set_password(session, cast.owner, PASSWORD)
    form = {"address": "owner@weekly.example", "password": PASSWORD, "next": target}
    assert anonymous.post("/sign-in", data=form, follow_redirects=False).headers["location"] == "/"


def test_guessing_is_capped(session: Session, cast: Cast, anonymous: Browser) -> None:
    form = {"address": "owner@weekly.example", "password": "guess"}
    answers = [anonymous.post("/sign-in", data=form).status_code for _ in range(12)]
    assert answers[:10] == [422] * 10
    assert answers[10:] == [429] * 2


def test_a_link_is_made_with_the_configured_address(session: Session, cast: Cast, anonymous: Browser) -> None:
    anonymous.post(
        "/sign-in", data={"address": "owner@weekly.example"},
        headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"},
    )  # fmt: skip
    content = session.scalars(select(Notice.content)).one()
    assert b"http://127.0.0.1:8420/sign-in/" in content.replace(b"=\r\n", b"")
    assert b"evil" not in content


def test_a_mailed_link_leads_on_to_where_one_wanted_to_be(session: Session, cast: Cast, anonymous: Browser) -> None:
    there = "/n/weekly/add?url=https%3A%2F%2Fx.example%2F"
    anonymous.post("/sign-in", data={"address": "owner@weekly.example", "next": there})
    mail = message_from_bytes(session.scalars(select(Notice)).one().content, policy=default)
    link = re.search(r"/sign-in/\S+", mail.get_body(("plain",)).get_content())
    assert link
    path = link[0]
    assert html.escape(there) in anonymous.get(path).text
    answer = anonymous.post(path.partition("?")[0], data={"next": there}, follow_redirects=False)
    assert answer.headers["location"] == there


def test_a_mailed_link_never_leads_to_another_site(session: Session, cast: Cast, anonymous: Browser) -> None:
    secret = create_link(session, cast.owner)
    assert "evil" not in anonymous.get(f"/sign-in/{secret}?next=https://evil.example/").text
    answer = anonymous.post(f"/sign-in/{secret}", data={"next": "//evil.example"}, follow_redirects=False)
    assert answer.headers["location"] == "/"
