"""Keys of domains: sealed at rest, one active at a time, and what leaves is signed exactly where one is."""

import base64
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from curator.delivery import sealed
from curator.delivery.domain_keys import (
    activate_key,
    active_key,
    create_key,
    list_keys,
    record_line,
    record_name,
    record_value,
    signed,
    signing_key,
    switch_off,
)
from curator.delivery.engine import SliceResult, run_slice
from curator.delivery.models import Delivery, DeliveryState, DkimKey
from curator.delivery.notices import send_due_notices, send_sign_in, send_test
from curator.delivery.sealed import Kind, seal, unseal
from curator.editions.dkim import DomainKey
from curator.errors import Conflict, Invalid, NotFound, Unavailable
from curator.settings import Settings
from tests.delivery.cast import a_frozen_delivery, an_issue_to_send
from tests.editions.keys import verifies
from tests.sink import Sink


def an_active_key(session: Session, domain: str = "example.org") -> DomainKey:
    activate_key(session, domain, create_key(session, domain).selector)
    key = signing_key(session, domain)
    assert key is not None
    return key


def test_what_is_sealed_is_read_as_what_it_was_sealed_as(settings: Settings) -> None:
    stored = seal(b"secret words", Kind.DKIM_KEY)
    assert b"secret" not in stored and stored != seal(b"secret words", Kind.DKIM_KEY)
    assert unseal(stored, Kind.DKIM_KEY) == b"secret words"
    for other, kind in ((stored, Kind.RELAY_PASSWORD), (stored[:-1] + bytes([stored[-1] ^ 1]), Kind.DKIM_KEY)):
        with pytest.raises(sealed.Unreadable):
            unseal(other, kind)


def test_a_key_signs_when_it_is_active_and_only_its_own_domain(session: Session) -> None:
    made = create_key(session, "Example.ORG.", "One")
    assert (made.domain, made.selector, made.is_active) == ("example.org", "one", False)
    assert signing_key(session, "example.org") is None
    activate_key(session, "example.org", "ONE")
    key = signing_key(session, "EXAMPLE.org")
    assert key is not None and (key.domain, key.selector) == ("example.org", "one")
    assert signing_key(session, "news.example.org") is None
    raw = b'From: "a@b, c" <desk@example.org>\r\nSubject: s\r\n\r\nhi\r\n'
    out = signed(session, raw, made.created_at)
    assert out != raw and verifies(out, key)
    other = raw.replace(b"@example.org>", b"@example.com>")
    assert signed(session, other, made.created_at) == other


def test_keys_are_changed_without_a_gap(session: Session) -> None:
    old, new = create_key(session, "example.org", "old"), create_key(session, "example.org", "new")
    activate_key(session, "example.org", "old")
    activate_key(session, "example.org", "new")
    assert (old.is_active, new.is_active) == (False, True)
    assert activate_key(session, "example.org", "new").is_active
    assert [key.selector for key in list_keys(session)] == ["new", "old"]
    assert switch_off(session, "example.org") is new
    assert active_key(session, "example.org") is None
    with pytest.raises(NotFound):
        switch_off(session, "example.org")
    with pytest.raises(NotFound, match="dkim list"):
        activate_key(session, "example.org", "none")


def test_the_database_itself_refuses_two_active_keys(session: Session) -> None:
    create_key(session, "example.org", "a")
    create_key(session, "example.org", "b")
    with pytest.raises(IntegrityError):
        session.execute(update(DkimKey).values(is_active=True))


def test_two_who_choose_at_the_same_moment_leave_one_active(committed: Session, engine: Engine) -> None:
    for selector in ("a", "b", "c"):
        create_key(committed, "example.org", selector)
    committed.commit()
    start = threading.Barrier(2)

    def choose(selector: str) -> None:
        with Session(engine) as own, own.begin():
            start.wait(10)
            activate_key(own, "example.org", selector)

    with ThreadPoolExecutor(2) as both:
        for _ in range(10):
            activate_key(committed, "example.org", "c")
            committed.commit()
            for done in [both.submit(choose, selector) for selector in ("a", "b")]:
                done.result()
            committed.expire_all()
            assert sorted(key.is_active for key in list_keys(committed)) == [False, False, True]
            assert active_key(committed, "example.org") is not None
            committed.rollback()


@pytest.mark.parametrize("domain", ["", "localhost", "a b.org", "x@example.org", "exa\nmple.org", "-a.org"])
def test_what_is_no_domain_is_refused(session: Session, domain: str) -> None:
    with pytest.raises(Invalid):
        create_key(session, domain)


@pytest.mark.parametrize("selector", ["a b", "a;b", "é", ".", "a..b", "x" * 101])
def test_what_is_no_selector_is_refused(session: Session, selector: str) -> None:
    with pytest.raises(Invalid):
        create_key(session, "example.org", selector)
    create_key(session, "example.org", "one.two")
    with pytest.raises(Conflict, match="--selector"):
        create_key(session, "example.org", "one.two")


def test_the_record_is_whole_in_strings_that_fit(session: Session) -> None:
    key = create_key(session, "bücher.example", "one")
    assert record_name(key) == "one._domainkey.xn--bcher-kva.example"
    strings = re.findall(r'"([^"]*)"', record_line(key))
    assert "".join(strings) == record_value(key)
    assert len(strings) > 1 and max(map(len, strings)) <= 255
    assert base64.b64decode(record_value(key).partition("p=")[2]) == key.public_key


def test_the_private_key_is_nowhere_to_be_read(session: Session) -> None:
    with capture_logs() as logs:
        key = an_active_key(session)
    private = key.private.private_numbers().d.to_bytes(256)
    stored = session.scalar(select(DkimKey.private_key))
    assert stored is not None and private[:16] not in stored
    assert "private" not in repr(key) and not logs


def test_another_key_file_stops_a_delivery_with_a_reason(
    committed: Session, settings: Settings, tmp_path: Path
) -> None:
    with Sink(tmp_path / "log") as sink:
        delivery = a_frozen_delivery(committed, settings, 3, sink.port)
        an_active_key(committed)
        committed.execute(text("UPDATE dkim_key SET private_key = private_key || '\\x00'::bytea"))
        committed.commit()
        with pytest.raises(Unavailable, match="curator dkim off"):
            run_slice(delivery.id, settings=settings, should_stop=lambda: False)
        assert sink.accepted == 0
    held = committed.get_one(Delivery, delivery.id, populate_existing=True)
    assert "key file" in str(held.reason) and held.state is not DeliveryState.SENDING


def test_what_a_sink_takes_from_a_delivery_verifies(committed: Session, settings: Settings, tmp_path: Path) -> None:
    with Sink(tmp_path / "log", keep=True) as sink:
        delivery = a_frozen_delivery(committed, settings, 20, sink.port)
        key = an_active_key(committed)
        committed.commit()
        assert run_slice(delivery.id, settings=settings, should_stop=lambda: False) == SliceResult(sent=20)
        taken = list(sink.contents)
    assert len(taken) == 20
    assert all(verifies(raw, key) for raw in taken)
    assert len({raw.partition(b"bh=")[2][:44] for raw in taken}) == 20, "links of their own, hashes of their own"


def test_notices_and_tests_are_signed_at_sending(committed: Session, settings: Settings, tmp_path: Path) -> None:
    with Sink(tmp_path / "log", keep=True) as sink:
        issue = an_issue_to_send(committed, settings, 0, sink.port)
        send_test(committed, issue.id, "a@example.org", settings=settings)
        send_sign_in(committed, "boss@example.org", f"{settings.public_url}/sign-in/x", settings)
        key = an_active_key(committed)  # made after they were queued
        committed.commit()
        assert send_due_notices(settings) == 2
        test, sign_in = sorted(sink.contents, key=lambda raw: b"/sign-in/" in raw)
    assert verifies(test, key)
    assert b"DKIM-Signature" not in sign_in, "it comes from this machine's own name, which has no key"
