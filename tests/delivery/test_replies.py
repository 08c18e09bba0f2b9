"""Every SMTP answer has one fate, and only the dot without a reply is doubt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.delivery.bounce_rules import SENDERS_PROBLEM
from curator.delivery.replies import (
    Answer,
    Fate,
    Phase,
    Reply,
    enhanced_status,
    holds_domain,
    is_hopeless,
    is_lasting,
    judge,
    wait_seconds,
)

TRANSACTION = (Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.BODY, Phase.DOT)


@pytest.mark.parametrize(
    ("phase", "code", "text", "fate"),
    [
        (Phase.DOT, 250, "2.0.0 taken", Fate.ACCEPTED),
        (Phase.RCPT, 550, "5.1.1 nobody here", Fate.REJECTED),
        (Phase.RCPT, 550, "no such user", Fate.REJECTED),
        (Phase.RCPT, 552, "5.2.2 mailbox full", Fate.REJECTED),
        (Phase.DOT, 550, "5.1.1 nobody here after all", Fate.REJECTED),
        (Phase.RCPT, 550, "5.7.1 we do not take mail from you", Fate.OURS),
        (Phase.RCPT, 554, "Relay access denied", Fate.OURS),
        (Phase.RCPT, 550, "5.7.17 mailbox has another owner", Fate.REJECTED),
        (Phase.RCPT, 530, "5.7.0 authentication required", Fate.OURS),
        (Phase.MAIL, 550, "5.1.8 sender domain unknown", Fate.OURS),
        (Phase.MAIL, 553, "sender refused", Fate.OURS),
        (Phase.DOT, 554, "message looks like spam", Fate.OURS),
        (Phase.DOT, 552, "5.3.4 too big for this server", Fate.OURS),
        (Phase.DOT, 554, "transaction failed", Fate.REJECTED),
        (Phase.DATA, 503, "5.5.1 RCPT first", Fate.OURS),
        (Phase.RCPT, 451, "4.7.1 greylisted", Fate.DEFERRED),
        (Phase.RCPT, 452, "too many recipients", Fate.DEFERRED),
        (Phase.MAIL, 421, "closing", Fate.DEFERRED),
        (Phase.DOT, 421, "closing", Fate.DEFERRED),
        (Phase.DOT, 354, "go on", Fate.UNKNOWN),
        (Phase.RCPT, 354, "go on", Fate.DEFERRED),
    ],
)
def test_the_fate_of_a_reply(phase: Phase, code: int, text: str, fate: Fate) -> None:
    assert judge(Answer(phase, Reply(code, text))).fate is fate


@pytest.mark.parametrize("phase", list(Phase))
def test_without_a_reply_only_the_dot_is_doubt(phase: Phase) -> None:
    fate = judge(Answer(phase, why="connection lost")).fate
    expected = {
        Phase.DOT: Fate.UNKNOWN,
        Phase.ADDRESS: Fate.REJECTED,
        Phase.SIZE: Fate.OURS,
        Phase.MARKER: Fate.UNSENT,
    }
    assert fate is expected.get(phase, Fate.DEFERRED)


@given(st.sampled_from(TRANSACTION), st.integers(100, 599), st.text(max_size=60))
def test_a_complete_refusal_is_never_doubt_and_never_success(phase: Phase, code: int, text: str) -> None:
    verdict = judge(Answer(phase, Reply(code, text)))
    if code >= 400:
        assert verdict.fate not in (Fate.UNKNOWN, Fate.ACCEPTED)
    assert (verdict.fate is Fate.ACCEPTED) == (phase is Phase.DOT and 200 <= code < 300)
    if verdict.fate is Fate.REJECTED:
        assert code >= 500
    assert verdict.reason or verdict.fate is Fate.ACCEPTED


def test_reasons_are_few_and_do_not_repeat_the_reply() -> None:
    reasons = {judge(Answer(Phase.RCPT, Reply(550, f"5.1.1 r{n}@example.org unknown"))).reason for n in range(50)}
    assert reasons == {"unknown user"}
    assert enhanced_status(Reply(550, "5.1.1 x")) == "5.1.1"
    assert enhanced_status(Reply(550, "user 5.1.1")) == ""


@pytest.mark.parametrize(
    ("answer", "lasting"),
    [
        (Answer(Phase.CONNECT, why="connection refused"), False),
        (Answer(Phase.GREETING, Reply(421, "busy")), False),
        (Answer(Phase.GREETING, Reply(554, "go away")), True),
        (Answer(Phase.AUTH, Reply(535, "5.7.8 wrong")), True),
        (Answer(Phase.AUTH, Reply(454, "try again")), False),
        (Answer(Phase.AUTH, why="the relay offers neither AUTH PLAIN nor AUTH LOGIN"), True),
        (Answer(Phase.AUTH, why="connection lost"), False),
        (Answer(Phase.TLS, why="its certificate is not accepted (expired)"), True),
        (Answer(Phase.TLS, why="no protected connection (OSError)"), False),
    ],
)
def test_which_trouble_of_a_relay_does_not_pass_by_itself(answer: Answer, lasting: bool) -> None:
    assert is_lasting(answer) is lasting


@given(st.integers(0, 500), st.floats(0, 1, exclude_max=True))
def test_waits_grow_to_an_hour_and_are_spread(attempts: int, chance: float) -> None:
    wait = wait_seconds(attempts, chance)
    assert 1.0 <= wait <= 5400.0
    assert wait_seconds(attempts + 1, chance) >= wait
    assert wait_seconds(attempts, 0.0) * 3 >= wait


@pytest.mark.parametrize(
    ("phase", "reply", "holds"),
    [
        (Phase.RCPT, (421, "4.7.0 try later"), True),
        (Phase.DOT, (450, "4.7.1 greylisted"), True),
        (Phase.RCPT, (451, "local error"), True),
        (Phase.DATA, (452, "4.3.1 no room"), True),
        (Phase.DOT, (454, "4.7.0 later"), True),
        (Phase.RCPT, (450, "4.2.1 mailbox busy"), False),
        (Phase.RCPT, (452, "4.2.2 mailbox full"), False),
        (Phase.MAIL, (421, "closing"), False),
        (Phase.GREETING, (421, "closing"), False),
        (Phase.DOT, (250, "ok"), False),
        (Phase.RCPT, (550, "5.7.1 no"), False),
    ],
)
def test_which_answers_hold_a_domain_back(phase: Phase, reply: tuple[int, str], holds: bool) -> None:
    assert holds_domain(Answer(phase, Reply(*reply))) is holds
    assert not holds_domain(Answer(phase, why="connection lost"))


@given(st.sampled_from(list(Phase)), st.integers(200, 599), st.text(max_size=60))
def test_a_verdict_agrees_with_its_bounce(phase: Phase, code: int, text: str) -> None:
    verdict = judge(Answer(phase, Reply(code, text)))
    assert (verdict.bounce is not None) == (verdict.fate is Fate.REJECTED)
    if verdict.bounce is not None:
        assert verdict.bounce.kind not in SENDERS_PROBLEM


def test_giving_up_takes_both_tries_and_days() -> None:
    assert is_hopeless(8, 72.0)
    assert not is_hopeless(7, 1000.0)
    assert not is_hopeless(100, 71.9)
