"""Leaving by a mail's link, as people, mailbox providers and scanners do it."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.audience.models import Consent, Subscription, SubscriptionState
from curator.tokens import Purpose
from curator.web.caps import CAPS
from tests.web.conftest import Browser, Cast
from tests.web.public.conftest import AddReader, Sign

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
BOUNDARY = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'


def state(session: Session, subscription: Subscription) -> SubscriptionState:
    session.refresh(subscription)
    return subscription.state


def test_opening_the_link_changes_nothing(
    session: Session, anonymous: Browser, add_reader: AddReader, sign: Sign
) -> None:
    reader = add_reader()
    link = f"/u/{sign(Purpose.LEAVE, reader.id, 7)}"
    for method in ("GET", "HEAD", "OPTIONS", "GET"):
        anonymous.request(method, link)
    assert state(session, reader) is SubscriptionState.ACTIVE
    assert session.scalar(select(func.count()).select_from(Consent)) == 0
    shown = anonymous.get(link)
    assert shown.status_code == 200 and "opzeggen" in shown.text and "set-cookie" not in shown.headers
    assert shown.headers["cache-control"] == "no-store" and shown.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("body", "kind", "form"),
    [
        (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded", "one-click"),
        (BOUNDARY, "multipart/form-data; boundary=x", "one-click"),
        (b"--broken", "multipart/form-data; boundary=x", "/u"),
        (b"{", "application/json", "/u"),
        (b"", "", "/u"),
    ],
)
def test_one_click(
    session: Session, anonymous: Browser, add_reader: AddReader, sign: Sign, body: bytes, kind: str, form: str
) -> None:
    reader = add_reader()
    link = f"/u/{sign(Purpose.LEAVE, reader.id, 7)}"
    headers = {"Content-Type": kind, "Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}
    for _ in range(3):
        answer = anonymous.post(link, content=body, headers=headers, follow_redirects=False)
        assert answer.status_code == 200 and "set-cookie" not in answer.headers
    assert state(session, reader) is SubscriptionState.LEFT
    rows = session.scalars(select(Consent)).all()
    assert [(row.action.value, row.form) for row in rows] == [("withdrawn", form)], "once, however often"


def test_a_provider_that_posts_for_many_meets_no_cap(
    anonymous: Browser, add_reader: AddReader, sign: Sign, monkeypatch: pytest.MonkeyPatch
) -> None:
    for what in CAPS:
        monkeypatch.setitem(CAPS, what, ("1 per hour", "1 per hour"))
    links = [f"/u/{sign(Purpose.LEAVE, add_reader(f'r{n}@example.org').id)}" for n in range(5)]
    assert {anonymous.post(link, data=ONE_CLICK).status_code for link in links} == {200}


def test_undo_and_reason(session: Session, anonymous: Browser, add_reader: AddReader, sign: Sign) -> None:
    reader = add_reader(confirmed_at=func.now())
    link = f"/u/{sign(Purpose.LEAVE, reader.id)}"
    assert f'action="{link}/undo"' in anonymous.post(link).text
    told = anonymous.post(f"{link}/reason", data={"why": "often", "words": "every <b>day</b>"})
    assert told.status_code == 200 and "Dank je" in told.text
    last = session.scalars(select(Consent).order_by(Consent.id.desc())).first()
    assert last and last.wording == "Het komt te vaak: every <b>day</b>"
    assert "Je bent er nog" in anonymous.post(f"{link}/undo").text
    assert state(session, reader) is SubscriptionState.ACTIVE


def test_undo_in_vain(session: Session, anonymous: Browser, add_reader: AddReader, sign: Sign) -> None:
    reader = add_reader(confirmed_at=func.now(), state="left", left_at=func.now() - func.make_interval(0, 0, 0, 30))
    answer = anonymous.post(f"/u/{sign(Purpose.LEAVE, reader.id)}/undo")
    assert "/subscribe/weekly" in answer.text and state(session, reader) is SubscriptionState.LEFT


def test_leave_all(session: Session, anonymous: Browser, add_reader: AddReader, sign: Sign, cast: Cast) -> None:
    here, there = add_reader(), add_reader(to=cast.other)
    link = f"/u/{sign(Purpose.LEAVE, here.id)}"
    assert "The Other" in anonymous.get(link).text
    assert anonymous.post(f"{link}/all").status_code == 200
    assert {state(session, here), state(session, there)} == {SubscriptionState.LEFT}


def test_somebody_who_was_erased(anonymous: Browser, sign: Sign) -> None:
    link = f"/u/{sign(Purpose.LEAVE, 987_654)}"
    assert anonymous.get(link).status_code == 404
    assert anonymous.post(link, data=ONE_CLICK).status_code == 200, "a provider that retries must hear yes"


def test_tokens_for_something_else(session: Session, anonymous: Browser, add_reader: AddReader, sign: Sign) -> None:
    reader = add_reader()
    good = sign(Purpose.LEAVE, reader.id)
    for token in (sign(Purpose.CONFIRM, reader.id), sign(Purpose.OPEN, reader.id), good[:-1], good.swapcase()):
        for path in (f"/u/{token}", f"/u/{token}/undo", f"/u/{token}/all", f"/u/{token}/reason"):
            assert anonymous.post(path).status_code == 404
    assert state(session, reader) is SubscriptionState.ACTIVE
