"""Tests, confirmations and sign-in links: one per request, sent again by itself when in doubt, harmless inside."""

import email
import email.policy
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from curator.audience.models import Subscription, SubscriptionState
from curator.delivery import replies
from curator.delivery.models import Health, Notice, NoticeKind, NoticeState, RelayHealth
from curator.delivery.notices import queue_notice, send_confirmation, send_due_notices, send_sign_in, send_test
from curator.delivery.relays import set_relay
from curator.errors import Invalid, NotFound, Unavailable
from curator.issues.models import Newsletter
from curator.settings import Settings
from curator.tokens import Purpose, Signer
from tests.delivery.cast import add_readers, an_issue_to_send
from tests.issues.rows import a_newsletter
from tests.sink import Faults, Sink


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "FIRST_WAIT", 0.0)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with Sink(tmp_path / "log", keep=True) as opened:
        yield opened


def a_notice(session: Session, key: str = "k") -> Notice:
    content = b"From: a@example.org\r\nTo: b@example.org\r\nMessage-ID: <1@example.org>\r\n\r\nhi\r\n"
    return queue_notice(
        session, NoticeKind.SIGN_IN, key=key, address="b@example.org", sender="a@example.org", content=content
    )


def a_relay(session: Session, sink: Sink) -> None:
    set_relay(session, "default", host="127.0.0.1", port=sink.port, security="none")


def now_(session: Session, notice: Notice) -> Notice:
    session.rollback()
    session.refresh(notice)
    return notice


def test_a_notice_is_sent_once_however_often_it_is_asked_for(
    committed: Session, settings: Settings, sink: Sink
) -> None:
    a_relay(committed, sink)
    notice = a_notice(committed)
    assert a_notice(committed).id == notice.id
    committed.commit()
    assert send_due_notices(settings) == 1
    assert send_due_notices(settings) == 0
    sent = now_(committed, notice)
    assert (sent.state, sent.attempts) == (NoticeState.SENT, 1)
    assert sent.sent_at is not None
    assert sink.entries()[0]["message_id"] == "<1@example.org>"


@pytest.mark.parametrize(
    ("plan", "state", "taken"),
    [
        ({"after": [(1.0, "close")]}, NoticeState.WAITING, 1),  # in doubt: a second one is better than none
        ({"rcpt": [(1.0, "451 4.7.1 later")]}, NoticeState.WAITING, 0),
        ({"rcpt": [(1.0, "550 5.7.1 policy")]}, NoticeState.WAITING, 0),  # about us: not the reader's end
        ({"connect": [(1.0, "reset")]}, NoticeState.WAITING, 0),
        ({"rcpt": [(1.0, "550 5.1.1 nobody here")]}, NoticeState.FAILED, 0),
    ],
)
def test_what_becomes_of_a_notice(
    committed: Session,
    settings: Settings,
    sink: Sink,
    plan: dict[str, list[tuple[float, str]]],
    state: NoticeState,
    taken: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replies, "FIRST_WAIT", 60.0)
    sink.faults = Faults(1, plan)
    a_relay(committed, sink)
    notice = a_notice(committed)
    committed.commit()
    assert send_due_notices(settings) == 0
    assert (now_(committed, notice).state, sink.accepted) == (state, taken)
    assert notice.last_reply
    if state is NoticeState.WAITING:
        sink.faults = Faults()
        committed.execute(update(Notice).values(not_before=Notice.created_at))
        committed.commit()
        assert send_due_notices(settings) == 1
        assert now_(committed, notice).state is NoticeState.SENT
        assert {entry["message_id"] for entry in sink.entries()} == {"<1@example.org>"}


def test_without_a_relay_notices_wait(committed: Session, settings: Settings) -> None:
    notice = a_notice(committed)
    committed.commit()
    with pytest.raises(Unavailable):
        send_due_notices(settings)
    assert (now_(committed, notice).state, notice.attempts) == (NoticeState.WAITING, 0)


def test_a_test_mail_is_marked_and_harmless(committed: Session, settings: Settings, sink: Sink) -> None:
    issue = an_issue_to_send(committed, settings, 1, sink.port)
    send_test(committed, issue.id, "boss@example.org", settings=settings)
    send_test(committed, issue.id, "boss@example.org", settings=settings)
    committed.commit()
    assert send_due_notices(settings) == 2, "a test is what is asked for: twice is two"
    message = email.message_from_bytes(sink.contents[0], policy=email.policy.default)
    assert message["To"] == "boss@example.org"
    assert issue.subject in message["Subject"]
    assert message["Subject"].startswith("[Test]")
    page = message.get_body(("html",))
    assert page is not None
    assert "/o/" not in page.get_content()
    assert "/c/" not in page.get_content()
    token = re.search(r"/u/([\w-]{46})", page.get_content())
    assert token is not None
    leave = Signer({1: settings.secret("tokens")}).read(token.group(1), Purpose.LEAVE)
    assert leave is None or leave.a == 0, "its leave link belongs to nobody"
    with pytest.raises(Invalid):
        send_test(committed, issue.id, "a@example.org, b@example.org", settings=settings)


def test_a_confirmation_holds_the_token_and_is_not_a_flood(committed: Session, settings: Settings, sink: Sink) -> None:
    newsletter = a_newsletter(committed)
    add_readers(committed, settings, newsletter, ["new@example.org"], SubscriptionState.PENDING)
    a_relay(committed, sink)
    subscription = committed.scalars(select(Subscription)).one()
    first = send_confirmation(committed, subscription.id, settings=settings)
    assert send_confirmation(committed, subscription.id, settings=settings) is first
    committed.commit()
    assert send_due_notices(settings) == 1
    message = email.message_from_bytes(sink.contents[0], policy=email.policy.default)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe-Post"] is None
    text = message.get_body(("plain",))
    assert text is not None
    token = re.search(r"/confirm/([\w-]{46})", text.get_content().replace("=\n", ""))
    assert token is not None
    read = Signer({1: settings.secret("tokens")}).read(token.group(1), Purpose.CONFIRM)
    assert read is not None and read.a == subscription.id
    subscription.state = SubscriptionState.ACTIVE
    assert send_confirmation(committed, subscription.id, settings=settings) is None
    with pytest.raises(NotFound):
        send_confirmation(committed, subscription.id + 1000, settings=settings)


def test_a_sign_in_link_is_mailed_once(committed: Session, settings: Settings, sink: Sink) -> None:
    a_relay(committed, sink)
    link = f"{settings.public_url}/sign-in/secret"
    notice = send_sign_in(committed, "boss@example.org", link, settings)
    assert send_sign_in(committed, "boss@example.org", link, settings) is notice
    assert "secret" not in notice.key
    committed.commit()
    assert send_due_notices(settings) == 1
    assert b"/sign-in/secret" in sink.contents[0].replace(b"=\r\n", b"")


def test_a_newsletters_own_relay_carries_its_notices(committed: Session, settings: Settings, sink: Sink) -> None:
    newsletter = a_newsletter(committed)
    own = set_relay(committed, "own", host="127.0.0.1", port=sink.port, security="none")
    set_relay(committed, "default", host="127.0.0.1", port=1, security="none")
    newsletter.relay_id = own.id
    committed.flush()
    assert committed.get_one(Newsletter, newsletter.id).relay_id == own.id
    a_notice(committed).newsletter_id = newsletter.id
    committed.commit()
    assert send_due_notices(settings) == 1


def test_a_notice_goes_over_another_relay_of_the_pool(
    committed: Session, settings: Settings, sink: Sink, free_port: Callable[[], int]
) -> None:
    set_relay(committed, "default", host="127.0.0.1", port=free_port(), security="none", pool="all", weight=9)
    set_relay(committed, "second", host="127.0.0.1", port=sink.port, security="none", pool="all")
    a_notice(committed, "one")
    a_notice(committed, "two")
    committed.commit()
    assert send_due_notices(settings) == 2
    committed.rollback()
    assert committed.scalars(select(RelayHealth.state)).all() == [Health.DOWN]
