"""The receiver over real sockets: kept before it is answered, refused when it is nobody's, unharmed by the rude."""

import asyncio
import smtplib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.issues.models import Newsletter
from curator.settings import Settings
from curator.sources.mail_in import mail_address, replace_address
from curator.sources.mail_models import MailState, ReceivedMail
from tests.sources.conftest import add_newsletter
from tests.sources.test_mail_reading import a_mail
from workers import receiver

MAIL = a_mail("Kijk: https://news.example.org/a").replace(b"\n", b"\r\n")


@pytest.fixture
def inbound(settings: Settings) -> Settings:
    return settings.model_copy(update={"inbound_domain": "in.example.org", "receiver_port": 0})


@pytest.fixture
def newsletter(committed: Session) -> Newsletter:
    made = add_newsletter(committed, "tech")
    replace_address(committed, made.id)
    committed.commit()
    return made


@pytest.fixture
def address(committed: Session, newsletter: Newsletter, inbound: Settings) -> str:
    found = mail_address(committed, newsletter.id, inbound)
    assert found
    return found


@pytest.fixture
def port(inbound: Settings, monkeypatch: pytest.MonkeyPatch, committed: Session) -> Iterator[int]:
    """A receiver in a thread; a doorbell that nobody hears."""
    monkeypatch.setattr("curator.doorbell.ring_now", lambda *_: True)
    monkeypatch.setattr(receiver, "LINE_SECONDS", 1.0)
    loop = asyncio.new_event_loop()
    started: asyncio.Future[int] = loop.create_future()
    task = loop.create_task(receiver.serve(inbound, started))
    number: list[int] = []
    started.add_done_callback(lambda done: (number.append(done.result()), ready.set()))
    ready = threading.Event()

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield number[0]
    loop.call_soon_threadsafe(task.cancel)
    thread.join(10)


def kept(session: Session) -> list[ReceivedMail]:
    session.rollback()
    return list(session.scalars(select(ReceivedMail)))


@pytest.mark.parametrize("client", [smtplib.SMTP, smtplib.LMTP])
def test_a_mail_is_kept_once(
    client: Callable[..., smtplib.SMTP], port: int, address: str, newsletter: Newsletter, committed: Session
) -> None:
    for _ in range(2):  # a sender that lost the answer sends it again
        with client("127.0.0.1", port) as line:
            line.sendmail("anna@example.org", [address.upper()], MAIL)
    (mail,) = kept(committed)
    assert (mail.newsletter_id, mail.state) == (newsletter.id, MailState.WAITING)
    assert mail.content is not None and mail.content.strip() == MAIL.strip()


def test_nobody_is_relayed_for(port: int, address: str, committed: Session) -> None:
    for stranger in ("victim@elsewhere.example", "in-0@in.example.org", address.replace("in-", "in-0")):
        with smtplib.SMTP("127.0.0.1", port) as line, pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            line.sendmail("a@example.org", [stranger], MAIL)
        assert next(iter(refused.value.recipients.values()))[0] == 550
    assert kept(committed) == []


def test_an_address_that_was_replaced_is_nobodys(
    port: int, address: str, newsletter: Newsletter, committed: Session
) -> None:
    replace_address(committed, newsletter.id)
    committed.commit()
    with smtplib.SMTP("127.0.0.1", port) as line, pytest.raises(smtplib.SMTPRecipientsRefused):
        line.sendmail("a@example.org", [address], MAIL)


def dialogue(port: int, *pieces: bytes) -> bytes:
    """Everything the receiver says to these bytes until it hangs up or falls silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        for piece in pieces:
            line.sendall(piece)
        line.settimeout(3)
        heard = b""
        try:
            while piece := line.recv(4_096):
                heard += piece
        except (TimeoutError, ConnectionResetError):
            pass
        return heard


@pytest.mark.parametrize("end", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n"])
def test_no_second_mail_is_smuggled(end: bytes, port: int, address: str, committed: Session) -> None:
    hello = f"EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<{address}>\r\nDATA\r\n".encode()
    second = f"MAIL FROM:<evil@example.org>\r\nRCPT TO:<{address}>\r\nDATA\r\nSubject: evil\r\n\r\n".encode()
    heard = dialogue(port, hello + b"Subject: x\r\n\r\nx" + end + second + b"\r\n.\r\nQUIT\r\n")
    assert heard.count(b"354") == 1 and b"554 5.6.0" in heard
    assert kept(committed) == []


def test_the_rude_are_left_behind(port: int, address: str, committed: Session) -> None:
    assert b"521" in dialogue(port, b"EHLO x\nMAIL\r\n")
    assert dialogue(port, b"x" * 100_000).startswith(b"220")
    assert dialogue(port, b"EHLO x\r\n", b"MAIL").endswith(
        b"250 ENHANCEDSTATUSCODES\r\n"
    )  # silence: hung up after a while
    huge = f"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<{address}>\r\nDATA\r\n".encode()
    assert b"552" in dialogue(port, huge, b"x" * 10_500_000, b"\r\n.\r\nQUIT\r\n")
    with smtplib.SMTP("127.0.0.1", port) as line:
        line.sendmail("a@example.org", [address], MAIL)
    assert len(kept(committed)) == 1


def test_a_database_that_is_away_is_a_later(
    port: int, address: str, monkeypatch: pytest.MonkeyPatch, committed: Session
) -> None:
    def away(*_: object) -> None:
        raise OSError("away")

    with smtplib.SMTP("127.0.0.1", port) as line:
        line.ehlo()
        line.mail("a@example.org")
        line.rcpt(address)
        monkeypatch.setattr(receiver, "receive_mail", away)
        assert line.data(MAIL)[0] == 451
