"""Every refusal has a class; only a reader's own fault suppresses, and only what is certain does so at once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.delivery.bounce_rules import (
    HARD,
    SENDERS_PROBLEM,
    BounceClass,
    Bounced,
    Judged,
    judge_bounce,
    suppresses,
    take_apart,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
RECIPIENT, FULL, BLOCK, POLICY = (
    BounceClass.RECIPIENT,
    BounceClass.MAILBOX_FULL,
    BounceClass.BLOCK,
    BounceClass.POLICY,
)
SOFT = st.sampled_from(sorted(set(BounceClass) - SENDERS_PROBLEM))


@pytest.mark.parametrize(
    ("reply", "kind", "is_hard"),
    [
        ("550 5.1.1 The email account that you tried to reach does not exist", RECIPIENT, True),
        ("550 5.1.2 bad destination", RECIPIENT, True),
        ("556 5.1.10 recipient address has null MX", RECIPIENT, True),
        ("550 5.4.4 unable to route", RECIPIENT, True),
        ("550 No such user here", RECIPIENT, True),
        ("550 User unknown", RECIPIENT, True),
        ("550 <a@b.example>: Recipient address rejected: User unknown in virtual mailbox table", RECIPIENT, True),
        ("554 delivery error: This user doesn't have an example account", RECIPIENT, True),
        ("450 User unknown", RECIPIENT, False),
        ("550 5.4.1 Recipient address rejected: Access denied", RECIPIENT, False),
        ("550 5.2.1 mailbox disabled", RECIPIENT, False),
        ("550 mailbox unavailable", RECIPIENT, False),
        ("550 5.7.17 mailbox has another owner", RECIPIENT, False),
        ("552 5.2.2 over quota", FULL, False),
        ("552 mailbox is full", FULL, False),
        ("452 4.2.2 full", FULL, False),
        ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example", BLOCK, False),
        ("550 poor reputation", BLOCK, False),
        ("554 5.7.1 <a@b.example>: Relay access denied", POLICY, False),
        ("535 5.7.8 wrong password", POLICY, False),
        ("530 must sign in", POLICY, False),
        ("550 5.7.26 unauthenticated sender: DMARC", POLICY, False),
        ("553 5.1.8 sender domain does not exist", POLICY, False),
        ("550 Sender address rejected: Domain not found", POLICY, False),
        ("550 5.7.1 no", POLICY, False),
        ("421 4.7.28 unusual rate of mail", BounceClass.RATE, False),
        ("452 4.5.3 too many recipients", BounceClass.RATE, False),
        ("451 4.7.1 Greylisted", BounceClass.RATE, False),
        ("554 5.6.0 content refused", BounceClass.CONTENT, False),
        ("550 5.7.1 likely unsolicited mail", BounceClass.CONTENT, False),
        ("552 5.3.4 message too big", BounceClass.CONTENT, False),
        ("451 4.4.1 no answer from host", BounceClass.NETWORK, False),
        ("421 closing", BounceClass.NETWORK, False),
        ("554 transaction failed", BounceClass.OTHER, False),
        ("451 4.3.0 local error", BounceClass.OTHER, False),
    ],
)
def test_what_a_refusal_says(reply: str, kind: BounceClass, is_hard: bool) -> None:
    assert judge_bounce(*take_apart(reply)) == Judged(kind, is_hard)


@given(st.integers(400, 599), st.sampled_from(["", "5.1.1", "4.2.2", "5.7.1", "5.4.4", "5.1.8"]), st.text(max_size=80))
def test_hard_is_permanent_and_never_the_senders_problem(code: int, status: str, text: str) -> None:
    judged = judge_bounce(code, status, text)
    assert judged == judge_bounce(code, status, text)
    if judged.is_hard:
        assert code >= 500
        assert judged.kind is BounceClass.RECIPIENT


@given(st.sampled_from(sorted(HARD)), st.text(max_size=80))
def test_the_hard_codes_are_hard_whatever_the_words(status: str, text: str) -> None:
    assert judge_bounce(550, status, text).is_hard
    assert judge_bounce(None, status, text).is_hard
    assert not judge_bounce(450, status, text).is_hard


def test_a_reply_is_taken_apart() -> None:
    assert take_apart("550 5.1.1 nobody") == (550, "5.1.1", "5.1.1 nobody")
    assert take_apart("550 user 5.1.1") == (550, "", "user 5.1.1")
    assert take_apart("421") == (421, "", "")
    assert take_apart("not one address") == (None, "", "not one address")


def days(*numbers: float, kind: BounceClass = FULL, is_hard: bool = False) -> list[Bounced]:
    return [Bounced(NOW + timedelta(days=number), kind, is_hard) for number in numbers]


def test_soft_bounces_suppress_after_five_over_two_weeks() -> None:
    assert suppresses(days(0, 3, 6, 9, 14), None) == "5 soft bounces in 14 days and no delivery between"
    assert suppresses(days(0, 3, 6, 9, 13), None) is None
    assert suppresses(days(0, 6, 9, 14), None) is None
    assert suppresses(days(0, 3, 6, 9, 14), NOW + timedelta(days=4)) is None
    assert suppresses(days(0, 3, 6, 9, 14), NOW - timedelta(days=1)) is not None


def test_one_hard_bounce_is_enough() -> None:
    assert suppresses(days(0, kind=RECIPIENT, is_hard=True), NOW + timedelta(days=9)) == "hard bounce"


@given(st.lists(st.floats(0, 400), max_size=40), st.sampled_from(sorted(SENDERS_PROBLEM)))
def test_what_is_the_senders_problem_punishes_nobody(at: list[float], kind: BounceClass) -> None:
    assert suppresses(days(*at, kind=kind), None) is None


@given(st.lists(st.integers(0, 60), max_size=12), st.integers(0, 60), SOFT)
def test_a_delivery_forgives_what_was_before_it(at: list[int], delivered: int, kind: BounceClass) -> None:
    after = [number for number in at if number > delivered]
    delivered_at = NOW + timedelta(days=delivered)
    assert suppresses(days(*at, kind=kind), delivered_at) == suppresses(days(*after, kind=kind), None)
    if suppresses(days(*at, kind=kind), delivered_at):
        assert suppresses(days(*at, kind=kind), None)
