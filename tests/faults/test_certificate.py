"""A relay's certificate that expires in the middle of a send: the delivery stops, says why, and loses nobody."""

import time
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from curator.delivery.models import Delivery, DeliveryState, MessageState
from curator.delivery.plan import resume
from curator.settings import Settings
from tests.faults.cast import a_delivery
from tests.faults.certificates import Authority
from tests.faults.laboratory import judge, meanwhile, send_until_done, send_what_can_be, state_of
from tests.sink import Faults, Sink

READERS = 300


def test_a_certificate_that_expires_stops_the_delivery_until_it_is_replaced(
    committed: Session, hurried: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))

    def expire() -> None:
        sink.show(authority.expired)
        sink.faults.change({"mail": [(0.2, "421 4.3.2 restarting")]})  # so that lines have to be opened again

    with Sink(tmp_path / "log", faults=Faults(21, delay=0.01), certificate=authority.good) as sink:
        delivery = a_delivery(committed, hurried, READERS, sink.port, security="tls")
        with meanwhile(sink, READERS // 3, expire):
            send_until_paused(committed, delivery, hurried)
        assert 0 < sink.accepted < READERS
        stopped = committed.get_one(Delivery, delivery.id, populate_existing=True)
        assert stopped.reason is not None and "certificate has expired" in stopped.reason
        assert "resume" in stopped.reason
        sink.faults.change({})
        sink.show(authority.good)
        resume(committed, delivery.id, "editor@example.org")
        committed.commit()
        send_until_done(committed, delivery, hurried)
    assert judge(committed, delivery, sink) == {MessageState.ACCEPTED: READERS}
    assert committed.get_one(Delivery, delivery.id, populate_existing=True).reason is None


def send_until_paused(session: Session, delivery: Delivery, settings: Settings) -> None:
    """Workers and beat, until the delivery stops by itself."""
    ends_at = time.monotonic() + 30
    while (state := state_of(session, delivery)) is not DeliveryState.PAUSED:
        assert state is DeliveryState.SENDING
        assert time.monotonic() < ends_at, "nobody noticed"
        send_what_can_be(session, delivery, settings)
