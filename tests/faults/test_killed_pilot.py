"""kill -9 of real workers in the middle of a pilot: nobody beyond it is mailed before a person releases the rest."""

import time
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.delivery.freeze import freeze
from curator.delivery.models import Delivery, DeliveryState, Message, MessageState
from curator.delivery.plan import release, send_issue
from curator.settings import get_settings
from tests.faults.campaign import Campaign
from tests.faults.cast import a_newsletter, aim, an_issue
from tests.faults.laboratory import count_of, judge, seeded
from tests.faults.servers import Processes, Servers
from tests.sink import Faults, Sink

READERS, PILOT, LINES, KILLS = 400, 40, 4, 3
PATIENCE = 100.0  # seconds for each part, on a machine that does other things too

pytestmark = pytest.mark.timeout(240)


def a_delivery_with_a_pilot(session: Session, port: int) -> Delivery:
    settings = get_settings().model_copy(update={"undo_seconds": 0, "pilot_share": PILOT / READERS})
    issue = an_issue(session, a_newsletter(session, settings, READERS))
    aim(session, port, connections=LINES)
    delivery = send_issue(session, issue.id, by="editor@example.org", settings=settings)
    assert freeze(session, delivery.id, settings) is delivery and delivery.pilot == PILOT
    session.commit()
    return delivery


@pytest.mark.long
def test_killed_workers_mail_nobody_beyond_the_pilot(servers: Servers, own: Session, tmp_path: Path) -> None:
    environment = {"CURATOR_PILOT_HOLD_MINUTES": "600"}
    with Sink(tmp_path / "log", faults=Faults(delay=0.3)) as sink, Processes(tmp_path, environment) as processes:
        campaign = Campaign(servers, processes, seeded(2026), lines=LINES)
        delivery = a_delivery_with_a_pilot(own, sink.port)
        first = set(own.scalars(select(Message.address).order_by(Message.id).limit(PILOT)))
        campaign.begin(delivery.id)
        killed, ends_at = 0, time.monotonic() + PATIENCE
        while campaign.state() is not DeliveryState.HOLDING:
            assert time.monotonic() < ends_at, f"I10 no progress\n{processes.logs()}"
            killed += killed < KILLS and campaign.kill_sender()
            time.sleep(0.05)
        time.sleep(3)  # sweeps and idle workers have had their chance
        assert killed, "the pilot was over before anybody could be killed"
        assert campaign.state() is DeliveryState.HOLDING
        assert set(sink.recipients()) <= first
        assert count_of(own, delivery, MessageState.PENDING) == READERS - PILOT
        sink.faults.delay = 0.01
        release(own, delivery.id, "editor@example.org")
        own.commit()
        ends_at = time.monotonic() + PATIENCE
        while campaign.state() is not DeliveryState.SENT:
            assert time.monotonic() < ends_at, f"I10 no progress\n{processes.logs()}"
            time.sleep(0.1)
        counts = judge(own, delivery, sink, in_flight=campaign.in_flight)
    assert counts[MessageState.ACCEPTED] + counts[MessageState.UNKNOWN] == READERS
