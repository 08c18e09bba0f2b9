"""A reader's own page: everything by POST, nothing by GET, only for the holder of the token."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.audience.models import Subscription, SubscriptionState
from curator.issues.models import Tracking
from curator.tokens import Purpose
from tests.web.conftest import Browser, Cast
from tests.web.public.conftest import AddReader, Sign


@pytest.fixture
def reader(add_reader: AddReader) -> Subscription:
    return add_reader(confirmed_at=func.now())


@pytest.fixture
def link(reader: Subscription, sign: Sign) -> str:
    return f"/p/{sign(Purpose.PREFERENCES, reader.id, 5)}"


def change(client: Browser, link: str, verb: str, **fields: str) -> Any:
    return client.post(f"{link}/{verb}", data=fields, follow_redirects=True)


def test_pause(session: Session, anonymous: Browser, reader: Subscription, link: str) -> None:
    until = session.scalars(select(func.current_date())).one() + timedelta(days=21)
    shown = change(anonymous, link, "pause", until=until.isoformat())
    assert "Gepauzeerd" in shown.text and str(until.day) in shown.text
    session.refresh(reader)
    assert reader.paused_until == until
    change(anonymous, link, "resume")
    session.refresh(reader)
    assert reader.paused_until is None


@pytest.mark.parametrize("until", ["", "tomorrow", "2020-01-01", "9999-12-31", "2026-02-31"])
def test_pause_until_never(session: Session, anonymous: Browser, reader: Subscription, link: str, until: str) -> None:
    answer = change(anonymous, link, "pause", until=until)
    assert answer.status_code == 422 and 'role="alert"' in answer.text
    session.refresh(reader)
    assert reader.paused_until is None


def test_measuring(session: Session, anonymous: Browser, cast: Cast, reader: Subscription, link: str) -> None:
    cast.weekly.tracking = Tracking.INDIVIDUAL
    session.flush()
    change(anonymous, link, "measure")
    session.refresh(reader)
    assert reader.tracking_consent
    cast.weekly.tracking = Tracking.AGGREGATE
    session.flush()
    change(anonymous, link, "unmeasure")
    session.refresh(reader)
    assert not reader.tracking_consent
    change(anonymous, link, "measure")
    session.refresh(reader)
    assert not reader.tracking_consent, "this newsletter does not measure people"


def test_leave_and_come_back(session: Session, anonymous: Browser, reader: Subscription, link: str) -> None:
    assert "opgezegd" in change(anonymous, link, "leave").text
    session.refresh(reader)
    assert reader.state is SubscriptionState.LEFT
    change(anonymous, link, "rejoin")
    session.refresh(reader)
    assert reader.state is SubscriptionState.ACTIVE


def test_leave_all(
    session: Session, anonymous: Browser, cast: Cast, reader: Subscription, link: str, add_reader: AddReader
) -> None:
    there = add_reader(to=cast.other)
    assert "The Other" in anonymous.get(link).text
    change(anonymous, link, "leave-all")
    for subscription in (reader, there):
        session.refresh(subscription)
        assert subscription.state is SubscriptionState.LEFT


@pytest.mark.parametrize("verb", ["pause", "resume", "measure", "unmeasure", "leave", "leave-all", "rejoin"])
def test_get_never_acts(session: Session, anonymous: Browser, reader: Subscription, link: str, verb: str) -> None:
    assert anonymous.get(f"{link}/{verb}").status_code in (404, 405)
    assert anonymous.get(f"{link}?verb={verb}").status_code == 200
    session.refresh(reader)
    assert reader.state is SubscriptionState.ACTIVE


def test_readers_language(session: Session, anonymous: Browser, reader: Subscription, link: str) -> None:
    assert '<html lang="nl"' in anonymous.get(link).text
    reader.subscriber.language = "en"
    session.flush()
    assert "Your subscription" in anonymous.get(link).text


def test_other_tokens(session: Session, anonymous: Browser, reader: Subscription, sign: Sign) -> None:
    for token in (sign(Purpose.LEAVE, reader.id), sign(Purpose.CONFIRM, reader.id), "x" * 46):
        assert anonymous.get(f"/p/{token}").status_code == 404
        assert anonymous.post(f"/p/{token}/leave").status_code == 404
    assert anonymous.get(f"/p/{sign(Purpose.PREFERENCES, 987_654)}").status_code == 404
    session.refresh(reader)
    assert reader.state is SubscriptionState.ACTIVE
