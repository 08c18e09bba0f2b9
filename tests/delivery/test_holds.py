"""A domain that asks us to wait is held back over that relay, tried by one message, and opened by a success."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from curator.delivery.hold_record import forget_old, share
from curator.delivery.holds import LONGEST_HOLD, Holds, Key, Known, domain_as_written, hold_seconds
from curator.delivery.models import DomainHold, Relay
from curator.delivery.relays import set_relay
from curator.delivery.replies import Answer, Fate, Phase, Reply

KEY, OTHER = Key(1, "slow.example"), Key(1, "fine.example")
LATER = Answer(Phase.RCPT, Reply(451, "4.7.1 later"))
TAKEN = Answer(Phase.DOT, Reply(250, "ok"))


class Clock:
    """Seconds that pass when told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def holds(clock: Clock) -> Holds:
    return Holds(clock, lambda: 0.5)


def strike(holds: Holds, key: Key = KEY) -> None:
    holds.note(key, 7, LATER, Fate.DEFERRED)


def test_one_domain_over_one_relay_is_held_and_nothing_else(holds: Holds) -> None:
    assert not holds
    strike(holds)
    assert holds.wait(KEY, 7) == pytest.approx(0.05)
    assert holds.wait(OTHER, 7) == 0.0
    assert holds.wait(Key(2, "slow.example"), 7) == 0.0
    assert holds.reply(KEY) == "451 4.7.1 later"


def test_one_message_tries_it_and_a_success_opens_it(holds: Holds, clock: Clock) -> None:
    strike(holds)
    clock.now += 0.3
    assert holds.wait(KEY, 7) == 0.0
    assert holds.wait(KEY, 8) > 0.0  # one is trying
    assert holds.wait(KEY, 7) == 0.0  # and may ask again: it had no line yet
    holds.note(KEY, 7, TAKEN, Fate.ACCEPTED)
    assert not holds
    assert holds.news() == ([], [KEY])


def test_each_failed_try_doubles_the_wait(holds: Holds, clock: Clock) -> None:
    waits = []
    for _ in range(5):
        strike(holds)
        waits.append(holds.wait(KEY, 7))
        clock.now += waits[-1] + 0.001
        assert holds.wait(KEY, 7) == 0.0
    assert waits == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.8])


def test_what_was_under_way_when_it_began_neither_adds_nor_opens(holds: Holds, clock: Clock) -> None:
    strike(holds)
    clock.now += 0.3
    assert holds.wait(KEY, 8) == 0.0
    strike(holds)
    holds.note(KEY, 7, TAKEN, Fate.ACCEPTED)
    assert holds.news() == ([Known(KEY, 0.0, 1, "451 4.7.1 later")], [])
    holds.note(KEY, 8, LATER, Fate.DEFERRED)
    assert holds.news() == ([Known(KEY, pytest.approx(0.1), 2, "451 4.7.1 later")], [])


def test_a_try_that_ended_without_an_answer_lets_the_next_one_try(holds: Holds, clock: Clock) -> None:
    strike(holds)
    clock.now += 0.3
    assert holds.wait(KEY, 7) == 0.0
    holds.note(KEY, 7, Answer(Phase.RCPT, why="connection lost"), Fate.DEFERRED)
    assert holds.wait(KEY, 7) == 0.0
    clock.now += 6  # and one that never ended is not waited for
    assert holds.wait(KEY, 7) == 0.0


@given(st.integers(0, 200), st.floats(0, 1, exclude_max=True))
def test_holds_grow_to_an_hour_and_are_spread(strikes: int, chance: float) -> None:
    assert 0 < hold_seconds(strikes, chance) <= LONGEST_HOLD * 1.5
    assert hold_seconds(strikes + 1, chance) >= hold_seconds(strikes, chance)


@given(st.lists(st.tuples(st.sampled_from(["later", "taken", "wait", "learn"]), st.floats(0, 10)), max_size=40))
def test_whatever_happens_nobody_waits_for_ever(steps: list[tuple[str, float]]) -> None:
    clock = Clock()
    holds = Holds(clock, lambda: 0.5)
    for step, seconds in steps:
        clock.now += seconds
        if step == "later":
            strike(holds)
        elif step == "taken":
            holds.note(KEY, 7, TAKEN, Fate.ACCEPTED)
        elif step == "wait":
            holds.wait(KEY, 7)
        else:
            struck, _ = holds.news()
            holds.learn(struck)
    clock.now += LONGEST_HOLD * 1.5
    assert holds.wait(KEY, 7) == 0.0


@pytest.fixture
def relay(session: Session) -> Relay:
    return set_relay(session, "default", host="mail.example.org", port=25, security="none")


def test_holds_are_shared_and_survive(session: Session, relay: Relay, holds: Holds, clock: Clock) -> None:
    key = Key(relay.id, "slow.example")
    for _ in range(11):  # long enough that the database's own clock does not end it while we look
        clock.now += holds.wait(key, 7)
        assert holds.wait(key, 7) == 0.0
        strike(holds, key)
    holds.learn(share(session, [relay.id], *holds.news()))
    assert holds.wait(key, 7) > 0
    other = Holds(clock, lambda: 0.5)
    other.learn(share(session, [relay.id], [], []))
    assert 0 < other.wait(key, 7) <= 51.2
    clock.now += 52
    assert other.wait(key, 7) == 0.0
    other.note(key, 7, TAKEN, Fate.ACCEPTED)
    other.learn(share(session, [relay.id], *other.news()))
    holds.learn(share(session, [relay.id], *holds.news()))
    assert not holds
    assert not other
    assert session.scalars(select(DomainHold)).all() == []


def test_a_longer_hold_is_never_shortened_and_old_ones_go(session: Session, relay: Relay) -> None:
    key = Key(relay.id, "slow.example")
    share(session, [relay.id], [Known(key, 60.0, 5, "451 a")], [])
    [known] = share(session, [relay.id], [Known(key, 1.0, 1, "451 b")], [])
    assert known.seconds > 50
    assert (known.strikes, known.reply) == (5, "451 b")
    assert share(session, [relay.id], [Known(Key(relay.id + 1, "x"), 60.0, 5, "451")], []) == [
        Known(key, pytest.approx(known.seconds, abs=5), 5, "451 b")
    ]
    session.execute(text("UPDATE domain_hold SET not_before = now() - interval '2 days'"))
    forget_old(session)
    assert share(session, [relay.id], [], []) == []


def test_the_domain_of_an_address() -> None:
    assert domain_as_written("A@B.Example") == "b.example"
