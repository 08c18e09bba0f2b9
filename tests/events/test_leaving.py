"""Leaving by a mail's link: once, attributed to the issue, and harmless to repeat."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.audience.leave import leave, rejoin
from curator.audience.models import Subscription, SubscriptionState
from curator.errors import NotFound
from curator.events.leaving import leave_by_token
from curator.events.models import Actor, Event, EventKind
from curator.tokens import Purpose, Signer, Token
from tests.events.cast import Sent, send_issue

SIGNER = Signer({1: b"k" * 32})


def _token(sent: Sent, reader: int = 0) -> Token:
    return Token(Purpose.LEAVE, sent.subscriptions[reader].id, sent.messages[reader].id)


def _events(session: Session) -> list[Event]:
    return list(session.execute(select(Event)).scalars())


def _state(session: Session, sent: Sent) -> SubscriptionState:
    session.expire_all()
    return session.get_one(Subscription, sent.subscriptions[0].id).state


def test_leaving_ends_the_subscription_and_tells_the_issue(session: Session) -> None:
    sent = send_issue(session)
    assert leave_by_token(session, _token(sent), form="one-click")
    assert _state(session, sent) is SubscriptionState.LEFT
    (event,) = _events(session)
    assert (event.kind, event.actor, event.issue_id) == (EventKind.UNSUBSCRIBE, Actor.PERSON, sent.issue.id)
    assert (event.message_id, event.subscription_id) == (sent.messages[0].id, sent.subscriptions[0].id)


def test_asking_again_changes_nothing(session: Session) -> None:
    sent = send_issue(session)
    answers = [leave_by_token(session, _token(sent), form="one-click") for _ in range(3)]
    assert answers == [True, False, False] and len(_events(session)) == 1


def test_leaving_twice_by_the_same_mail_is_one_event(session: Session) -> None:
    sent = send_issue(session)
    leave_by_token(session, _token(sent), form="page")
    rejoin(session, sent.subscriptions[0].id, form="page", wording="Stay")
    assert leave_by_token(session, _token(sent), form="page")
    assert len(_events(session)) == 1


def test_who_left_elsewhere_is_not_counted_against_the_issue(session: Session) -> None:
    sent = send_issue(session)
    leave(session, sent.subscriptions[0].id, form="preferences")
    assert not leave_by_token(session, _token(sent), form="one-click")
    assert _events(session) == []


def test_a_token_without_a_message_leaves_without_an_event(session: Session) -> None:
    sent = send_issue(session)
    assert leave_by_token(session, _token(sent)._replace(b=0), form="page")
    assert _state(session, sent) is SubscriptionState.LEFT and _events(session) == []


def test_a_message_of_somebody_else_is_not_believed(session: Session) -> None:
    sent = send_issue(session)
    assert leave_by_token(session, _token(sent)._replace(b=sent.messages[1].id), form="page")
    assert _events(session) == []


def test_an_erased_reader_has_left_already(session: Session) -> None:
    assert not leave_by_token(session, Token(Purpose.LEAVE, 10**12, 5), form="one-click")


def test_the_tokens_text_will_do(session: Session) -> None:
    sent = send_issue(session)
    text = SIGNER.sign(Purpose.LEAVE, *_token(sent)[1:])
    assert leave_by_token(session, text, form="one-click", signer=SIGNER)


def test_a_token_for_another_purpose_leaves_nothing(session: Session) -> None:
    sent = send_issue(session)
    with pytest.raises(NotFound):
        leave_by_token(session, SIGNER.sign(Purpose.CLICK, *_token(sent)[1:]), form="one-click", signer=SIGNER)
    assert _state(session, sent) is SubscriptionState.ACTIVE
