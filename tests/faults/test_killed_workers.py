"""kill -9 of real workers and of Valkey, again and again, in the middle of a send that two beats watch over."""

import time
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from curator.delivery.models import DeliveryState, MessageState
from curator.settings import get_settings
from tests.faults.campaign import Campaign
from tests.faults.cast import a_delivery
from tests.faults.laboratory import judge, seeded
from tests.faults.servers import Processes, Servers
from tests.sink import Faults, Sink

READERS = 1200
LINES = 8
PATIENCE = 150.0  # seconds, on a machine that does other things too
KILLS = 6

pytestmark = pytest.mark.timeout(240)


def test_killed_workers_lose_nobody_and_mail_nobody_twice(servers: Servers, own: Session, tmp_path: Path) -> None:
    with Sink(tmp_path / "log", faults=Faults(delay=0.03)) as sink, Processes(tmp_path) as processes:
        campaign = Campaign(servers, processes, seeded(2024), lines=LINES)
        delivery = a_delivery(own, get_settings(), READERS, sink.port, connections=LINES)
        campaign.begin(delivery.id)
        killed, started = 0, time.monotonic()
        while campaign.state() is not DeliveryState.SENT:
            assert time.monotonic() < started + PATIENCE, f"I10 no progress\n{processes.logs()}"
            is_time = killed < KILLS and sink.accepted > READERS * (killed + 1) // (KILLS + 2)
            if is_time and (campaign.kill_worker() if killed % 3 == 1 else campaign.kill_sender()):
                killed += 1
                if killed % 3 == 0:
                    campaign.empty_valkey(0.5)
            time.sleep(0.02)
        counts = judge(own, delivery, sink, in_flight=campaign.in_flight)
    assert killed == KILLS
    assert counts[MessageState.ACCEPTED] + counts[MessageState.UNKNOWN] == READERS
