"""What workers tell each other about relays: changes recorded, one probe at a time, one outage counted once."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.delivery.models import Health, Relay, RelayHealth
from curator.delivery.relay_health import changes, forget, healths, note_failure, note_success, take_turn
from curator.delivery.relays import set_relay


@pytest.fixture
def relay(session: Session) -> Relay:
    return set_relay(session, "default", host="mail.example.org", port=25, security="none")


def known(session: Session, relay: Relay) -> RelayHealth:
    session.flush()
    return healths(session, [relay.id])[relay.id]


def make_due(session: Session, relay: Relay) -> None:
    known(session, relay).probe_at = func.clock_timestamp() - timedelta(seconds=1)
    session.flush()


def test_changes_are_recorded_and_repetitions_are_not(session: Session, relay: Relay) -> None:
    note_success(session, relay.id)
    note_failure(session, relay.id, Health.DOWN, "connection refused")
    since = known(session, relay).since
    note_failure(session, relay.id, Health.DOWN, "connection refused")
    assert known(session, relay).since == since
    note_failure(session, relay.id, Health.REFUSING, "535 wrong")
    note_success(session, relay.id)
    session.flush()
    told = [(change.state, change.reason) for change in changes(session, relay.id)]
    assert told == [(Health.UP, None), (Health.REFUSING, "535 wrong"), (Health.DOWN, "connection refused")]
    found = known(session, relay)
    assert (found.state, found.reason, found.failures) == (Health.UP, None, 0)
    assert found.last_success is not None


def test_an_outage_seen_by_many_lines_counts_once_until_the_next_try(session: Session, relay: Relay) -> None:
    for _ in range(5):
        note_failure(session, relay.id, Health.DOWN, "connection refused")
    assert known(session, relay).failures == 1
    make_due(session, relay)
    assert take_turn(session, relay.id, 5.0) == 0.0
    note_failure(session, relay.id, Health.DOWN, "connection refused")
    assert known(session, relay).failures == 2


def test_one_worker_at_a_time_tries_a_relay_that_is_down(session: Session, relay: Relay) -> None:
    assert take_turn(session, relay.id, 5.0) == 0.0
    note_failure(session, relay.id, Health.DOWN, "connection refused")
    session.flush()
    assert 0 < take_turn(session, relay.id, 5.0) < 1.0
    make_due(session, relay)
    assert take_turn(session, relay.id, 5.0) == 0.0
    assert 4.0 < take_turn(session, relay.id, 5.0) <= 5.0
    note_success(session, relay.id)
    session.flush()
    assert take_turn(session, relay.id, 5.0) == 0.0


def test_a_relay_set_anew_is_unknown_again(session: Session, relay: Relay) -> None:
    note_failure(session, relay.id, Health.REFUSING, "535 wrong")
    session.flush()
    set_relay(session, "default", host="mail.example.org", port=587, security="starttls")
    session.flush()
    assert healths(session, [relay.id]) == {}
    assert len(changes(session, relay.id)) == 1
    forget(session, relay.id)


def test_a_relay_that_was_removed_is_no_trouble(session: Session, relay: Relay) -> None:
    gone = relay.id + 1000
    note_success(session, gone)
    note_failure(session, gone, Health.DOWN, "x")
    assert take_turn(session, gone, 1.0) == 0.0
    assert session.scalars(select(RelayHealth)).all() == []
