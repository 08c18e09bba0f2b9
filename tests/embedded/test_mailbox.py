"""The mailbox keeps every mail it said 250 to, and shows it as it was."""

import asyncio
import smtplib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from curator.embedded import mailbox_store
from curator.embedded.mailbox import serve
from curator.embedded.mailbox_mail import for_frame, read_mail
from curator.embedded.mailbox_store import Mailbox, Received, Writer, folder
from curator.errors import NotFound

MAIL = (
    b"From: =?utf-8?q?Redactie_Caf=C3=A9?= <redactie@example.org>\r\nTo: lezer@example.com\r\n"
    b"Subject: =?utf-8?q?E=C3=A9n_nummer?=\r\nMIME-Version: 1.0\r\n"
    b"List-Unsubscribe: <mailto:weg@example.org>, <http://127.0.0.1:8420/u/abc>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b'Content-Type: multipart/alternative; boundary="x"\r\n\r\n'
    b"--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHallo lezer\r\n"
    b"--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b"<html><HEAD lang=nl><title>t</title></head><p>Hallo\r\n--x--\r\n"
)


def test_what_got_250_is_kept_with_its_envelope(tmp_path: Path) -> None:
    async def talk() -> None:
        ready = asyncio.Event()
        server = asyncio.create_task(serve(tmp_path, 0, ready))
        await ready.wait()
        port = int((folder(tmp_path) / "port").read_text())
        with ThreadPoolExecutor(8) as senders:
            loop = asyncio.get_running_loop()
            readers = [f"lezer{n}@example.com" for n in range(8)]
            await asyncio.gather(*(loop.run_in_executor(senders, send, port, reader) for reader in readers))
        server.cancel()

    def send(port: int, reader: str) -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
            for _ in range(5):
                client.sendmail("terug@example.org", [reader], MAIL)

    asyncio.run(talk())
    box = Mailbox(folder(tmp_path))
    entries = box.entries(limit=100)
    assert [entry.number for entry in entries] == list(range(40, 0, -1))
    assert all(box.read(entry.number)[1] == MAIL for entry in entries)
    assert sorted({entry.recipients[0] for entry in entries}) == [f"lezer{n}@example.com" for n in range(8)]
    assert entries[0].subject == "Eén nummer"
    assert entries[0].sender == "terug@example.org"
    assert entries[0].author == "Redactie Café <redactie@example.org>"


@given(some.lists(some.binary(max_size=300), max_size=12))
def test_bytes_come_back_as_they_went_in(tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]) -> None:
    home = tmp_path_factory.mktemp("home")
    writer = Writer(home)
    writer.keep([Received("a@example.org", ("b@example.org",), content) for content in contents])
    writer.close()
    box = Mailbox(folder(home))
    assert [box.read(n)[1] for n in range(1, len(contents) + 1)] == contents


def test_a_half_written_line_is_cut_off_and_counting_goes_on(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.keep([Received("a@example.org", ("b@example.org",), b"one")])
    writer.close()
    with (folder(tmp_path) / "index").open("ab") as index:
        index.write(b'{"number": 2, "at"')
    box = Mailbox(folder(tmp_path))
    assert box.count() == 1
    writer = Writer(tmp_path)
    writer.keep([Received("a@example.org", ("b@example.org",), b"two")])
    writer.close()
    assert box.read(2)[1] == b"two"


def test_a_full_disk_leaves_no_trace_of_the_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(tmp_path)
    writer.keep([Received("a@example.org", ("b@example.org",), b"one")])
    real = mailbox_store._append

    def full(descriptor: int, data: bytes) -> None:
        real(descriptor, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mailbox_store, "_append", full)
    with pytest.raises(OSError, match="No space"):
        writer.keep([Received("a@example.org", ("b@example.org",), b"lost" * 100)])
    monkeypatch.setattr(mailbox_store, "_append", real)
    writer.keep([Received("a@example.org", ("b@example.org",), b"two")])
    writer.close()
    box = Mailbox(folder(tmp_path))
    assert box.count() == 2
    assert box.read(2)[1] == b"two"


def test_searching_and_paging(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    for number in range(7):
        content = f"Subject: nummer {number}\r\n\r\n".encode()
        writer.keep([Received("van@example.org", (f"naar{number % 2}@example.org",), content)])
    box = Mailbox(folder(tmp_path))
    assert [entry.number for entry in box.entries("NAAR1 nummer")] == [6, 4, 2]
    assert [entry.number for entry in box.entries(before=4, limit=2)] == [3, 2]
    with pytest.raises(NotFound):
        box.read(8)


def test_a_mail_is_shown_with_its_parts_and_its_way_out() -> None:
    mail = read_mail(MAIL)
    assert mail.text.strip() == "Hallo lezer"
    assert mail.one_click == "http://127.0.0.1:8420/u/abc"
    assert mail.header("subject") == "Eén nummer"
    assert '<HEAD lang=nl><base target="_blank"><title>' in for_frame(mail.html)


def test_without_the_post_header_there_is_no_one_click() -> None:
    assert read_mail(MAIL.replace(b"List-Unsubscribe-Post", b"X-Other")).one_click is None


@given(some.binary(max_size=2000))
def test_any_bytes_can_be_shown(raw: bytes) -> None:
    mail = read_mail(raw)
    assert isinstance(for_frame(mail.html), str)
