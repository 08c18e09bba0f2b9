"""Counting: right while it lags, right when repeated, right when transactions commit out of order."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select, text, update
from sqlalchemy.orm import Session, sessionmaker

from curator.events.models import Actor, Event, EventKind
from curator.reports import counts, rollups
from curator.reports.counts import counts_of
from curator.reports.issue_report import issue_report
from curator.reports.models import Rollup, Watermark
from curator.reports.rollups import rebuild, roll_up
from tests.events.cast import Sent, add_event, send_issue


def _stored(session: Session) -> set[tuple[object, ...]]:
    return {
        (row.issue_id, row.hour, row.kind, row.actor, row.link_number, row.hits, row.readers)
        for row in session.execute(select(Rollup).execution_options(populate_existing=True)).scalars()
    }


def _opens(session: Session, sent: Sent) -> dict[str, int]:
    found: dict[str, int] = issue_report(session, sent.issue.id)["opens"]
    return found


def test_new_events_are_counted_once(session: Session) -> None:
    sent = send_issue(session)
    add_event(session, sent, EventKind.OPEN, reader=0)
    assert roll_up(session) == 1 and roll_up(session) == 0
    add_event(session, sent, EventKind.OPEN, reader=0)
    add_event(session, sent, EventKind.OPEN, reader=1)
    assert roll_up(session) == 2
    assert _opens(session, sent) == {"people": 2, "machines": 0, "aggregate": 0}


def test_a_reader_is_counted_in_the_hour_of_the_first_open(session: Session) -> None:
    sent = send_issue(session)
    noon = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
    for hours in (3, 0, 5):
        add_event(session, sent, EventKind.OPEN, reader=0, at=noon + timedelta(hours=hours))
    roll_up(session)
    found = {row.hour.hour: (row.hits, row.readers) for row in session.execute(select(Rollup)).scalars()}
    assert found == {12: (1, 1), 15: (1, 0), 17: (1, 0)}


_things = st.lists(
    st.tuples(
        st.sampled_from([EventKind.OPEN, EventKind.CLICK]),
        st.one_of(st.none(), st.integers(0, 2)),
        st.integers(1, 3),
        st.sampled_from([Actor.PERSON, Actor.MACHINE]),
        st.integers(0, 5),
    ),
    max_size=25,
)


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(_things, min_size=1, max_size=3))
def test_the_report_is_the_same_before_between_and_after_counting(
    session: Session, batches: list[list[tuple[EventKind, int | None, int, Actor, int]]]
) -> None:
    sent = send_issue(session, readers=3, accepted=timedelta(days=400))
    start = datetime(2026, 11, 20, 9, 59, 58, tzinfo=UTC)
    for batch in batches:
        for kind, reader, link, actor, hours in batch:
            at = start + timedelta(hours=hours, minutes=7 * link, seconds=10 * (reader or 0))
            add_event(
                session, sent, kind, reader=reader, link=link if kind is EventKind.CLICK else None, actor=actor, at=at
            )
        lagging = issue_report(session, sent.issue.id)
        roll_up(session)
        assert issue_report(session, sent.issue.id) == lagging
    by_steps = _stored(session)
    rebuild(session)
    assert _stored(session) == by_steps


def test_links_followed_faster_than_anyone_reads_become_a_machines(session: Session) -> None:
    sent = send_issue(session)
    start = datetime.now(UTC) - timedelta(minutes=5)
    for link in (1, 2, 3):
        add_event(session, sent, EventKind.CLICK, reader=0, link=link, at=start + timedelta(milliseconds=300 * link))
    add_event(session, sent, EventKind.CLICK, reader=1, link=1, at=start)
    roll_up(session)
    assert issue_report(session, sent.issue.id)["clicks"] == {"people": 1, "machines": 1, "aggregate": 0}
    assert sorted(session.execute(select(Event.sign)).scalars()) == ["", *["many links at once"] * 3]


def test_a_burst_is_seen_across_two_countings(session: Session) -> None:
    sent = send_issue(session)
    start = datetime.now(UTC) - timedelta(minutes=5)
    for link in (1, 2):
        add_event(session, sent, EventKind.CLICK, reader=0, link=link, at=start + timedelta(milliseconds=link))
    roll_up(session)
    assert issue_report(session, sent.issue.id)["clicks"]["people"] == 1
    add_event(session, sent, EventKind.CLICK, reader=0, link=3, at=start + timedelta(seconds=1))
    roll_up(session)
    assert issue_report(session, sent.issue.id)["clicks"] == {"people": 0, "machines": 1, "aggregate": 0}


def test_a_whole_domain_in_step_is_one_machine(session: Session) -> None:
    sent = send_issue(session, readers=4)
    second = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    for reader in range(3):
        add_event(session, sent, EventKind.OPEN, reader=reader, at=second + timedelta(milliseconds=200 * reader))
    add_event(session, sent, EventKind.OPEN, reader=3, at=second + timedelta(seconds=2))
    roll_up(session)
    assert _opens(session, sent) == {"people": 1, "machines": 3, "aggregate": 0}


def test_a_few_of_a_large_domain_in_the_same_second_are_chance(session: Session) -> None:
    sent = send_issue(session, readers=6)
    second = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    for reader in range(3):
        add_event(session, sent, EventKind.OPEN, reader=reader, at=second)
    roll_up(session)
    assert _opens(session, sent) == {"people": 3, "machines": 0, "aggregate": 0}


def test_a_hit_before_the_ledger_knew_of_the_acceptance_becomes_a_machines(session: Session) -> None:
    sent = send_issue(session)
    add_event(session, sent, EventKind.OPEN, reader=0)
    sent.messages[0].done_at = datetime.now(UTC)
    session.flush()
    roll_up(session)
    assert _opens(session, sent) == {"people": 0, "machines": 1, "aggregate": 0}


def test_a_later_open_of_a_person_upgrades(session: Session) -> None:
    sent = send_issue(session)
    add_event(session, sent, EventKind.OPEN, reader=0, actor=Actor.MACHINE)
    roll_up(session)
    assert _opens(session, sent) == {"people": 0, "machines": 1, "aggregate": 0}
    add_event(session, sent, EventKind.CLICK, reader=0, link=1)
    roll_up(session)
    assert _opens(session, sent) == {"people": 1, "machines": 0, "aggregate": 0}


def test_a_persons_open_does_not_make_a_filters_clicks_a_persons(session: Session) -> None:
    sent = send_issue(session)
    add_event(session, sent, EventKind.CLICK, reader=0, link=1, actor=Actor.MACHINE)
    add_event(session, sent, EventKind.OPEN, reader=0)
    assert issue_report(session, sent.issue.id)["clicks"] == {"people": 0, "machines": 1, "aggregate": 0}


def test_counts_outlive_the_events_they_came_from(session: Session) -> None:
    sent = send_issue(session, accepted=timedelta(days=101))
    old = datetime.now(UTC) - timedelta(days=100)
    add_event(session, sent, EventKind.OPEN, reader=0, at=old)
    roll_up(session)
    session.execute(delete(Event))
    add_event(session, sent, EventKind.OPEN, reader=1)
    roll_up(session)
    assert _opens(session, sent)["people"] == 2
    rebuild(session)
    assert _opens(session, sent)["people"] == 2


def test_the_watermark_waits_for_an_event_still_being_committed(
    committed: Session, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollups, "PATIENCE_SECONDS", 0.05)
    sent = send_issue(committed)
    committed.commit()
    with sessionmaker(engine, expire_on_commit=False)() as slow:
        add_event(slow, sent, EventKind.OPEN, reader=0)
        add_event(committed, sent, EventKind.OPEN, reader=1)
        committed.commit()
        assert roll_up(committed) == 1
        committed.commit()
        slow.commit()
    assert roll_up(committed) == 2  # the watermark stayed, so both are looked at again
    committed.commit()
    assert _opens(committed, sent)["people"] == 2
    last = committed.execute(select(Event.id).order_by(Event.id.desc()).limit(1)).scalar_one()
    assert committed.execute(select(Watermark.event_id)).scalar_one() == last


def test_counting_waits_a_moment_for_a_commit_under_way(committed: Session, engine: Engine) -> None:
    sent = send_issue(committed)
    committed.commit()
    with sessionmaker(engine, expire_on_commit=False)() as slow:
        add_event(slow, sent, EventKind.OPEN, reader=0)
        add_event(committed, sent, EventKind.OPEN, reader=1)
        committed.commit()
        timer = threading.Timer(0.1, slow.commit)
        timer.start()
        assert roll_up(committed) == 2
        timer.join()
    assert committed.execute(select(Watermark.event_id)).scalar_one() > 0


def test_only_one_worker_counts_at_a_time(committed: Session, engine: Engine) -> None:
    sent = send_issue(committed)
    add_event(committed, sent, EventKind.OPEN, reader=0)
    committed.commit()
    with engine.connect() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": rollups._LOCK})
        assert roll_up(committed) == 0
    assert roll_up(committed) == 1


def test_counts_name_the_slot_of_each_link(session: Session) -> None:
    sent = send_issue(session)
    add_event(session, sent, EventKind.CLICK, reader=0, link=1)
    add_event(session, sent, EventKind.CLICK, reader=0, link=2)
    found = {count.link_number: (count.hits, count.readers) for count in counts_of(session, sent.issue.id)}
    assert found == {0: (2, 1), 1: (1, 1), 2: (1, 1)}


def test_a_large_issue_is_counted_less_often_and_never_left_behind(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollups, "LARGE", 1)
    monkeypatch.setattr(counts, "LARGE", 1)
    sent = send_issue(session, readers=3)
    later = [datetime.now(UTC) + timedelta(minutes=reader) for reader in range(3)]  # not in step, as a filter opens
    for reader in (0, 1):
        add_event(session, sent, EventKind.OPEN, reader=reader, at=later[reader])
    assert roll_up(session) == 2
    add_event(session, sent, EventKind.OPEN, reader=2, at=later[2])
    assert roll_up(session) == 0 and _opens(session, sent)["people"] == 2
    session.execute(update(Watermark).values(counted_at=Watermark.counted_at - 3 * counts.LARGE_PAUSE))
    assert _opens(session, sent)["people"] == 3
    assert roll_up(session) == 1 and _opens(session, sent)["people"] == 3
