"""Wall clocks that jump by days while workers and beats go by them: only the database's clock decides anything."""

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

READERS = 300
LINES = 4
RATE = 100.0
PATIENCE = 100.0  # seconds, on a machine that does other things too
JUMPS = (86_400.0, -86_400.0, -30.0)

pytestmark = pytest.mark.timeout(240)


@pytest.mark.long
def test_clocks_that_jump_neither_lose_nor_repeat_nor_hurry_anything(
    servers: Servers, own: Session, tmp_path: Path
) -> None:
    """Two machines, set forward and back by turns; a sender is killed under each clock, so that leases count."""
    with Sink(tmp_path / "log", faults=Faults(delay=0.02)) as sink, Processes(tmp_path, machines=2) as processes:
        campaign = Campaign(servers, processes, seeded(9), lines=LINES)
        delivery = a_delivery(own, get_settings(), READERS, sink.port, connections=LINES, rate=RATE)
        campaign.begin(delivery.id)
        started, jumps = time.monotonic(), list(JUMPS)
        while campaign.state() is not DeliveryState.SENT:
            assert time.monotonic() < started + PATIENCE, f"I10 no progress\n{processes.logs()}"
            if jumps and sink.accepted > READERS * (len(JUMPS) - len(jumps) + 1) // (len(JUMPS) + 2):
                campaign.set_clock(jumps.pop(0))
                campaign.kill_sender()
            time.sleep(0.02)
        counts = judge(own, delivery, sink, in_flight=campaign.in_flight, rate=RATE)
    assert not jumps
    assert counts[MessageState.ACCEPTED] + counts[MessageState.UNKNOWN] == READERS


@pytest.mark.long
def test_a_worker_ahead_of_the_beat_hears_it(servers: Servers, own: Session, tmp_path: Path) -> None:
    """One machine's clock is an hour ahead, and what a killed worker held is found all the same."""
    with Sink(tmp_path / "log", faults=Faults(delay=0.05)) as sink, Processes(tmp_path, machines=2) as processes:
        campaign = Campaign(servers, processes, seeded(10), lines=LINES, workers=1, beats=1)
        processes.clocks[0].set(3600.0)  # the worker's, and of every second process to come
        delivery = a_delivery(own, get_settings(), 200, sink.port, connections=LINES)
        campaign.begin(delivery.id)
        started, is_killed = time.monotonic(), False
        while campaign.state() is not DeliveryState.SENT:
            assert time.monotonic() < started + 40, f"I10 no progress\n{processes.logs()}"
            is_killed = is_killed or (sink.accepted > 30 and campaign.kill_sender())
            time.sleep(0.02)
        counts = judge(own, delivery, sink, in_flight=campaign.in_flight)
    assert is_killed
    assert counts[MessageState.ACCEPTED] + counts[MessageState.UNKNOWN] == 200
