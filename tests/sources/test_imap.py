"""A mailbox read over IMAP, against a server of the test's own that speaks the few words needed."""

import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from curator.errors import Unavailable
from curator.settings import Settings
from curator.sources.imap import Mailbox, recipients_of
from curator.sources.mail_reading import LARGEST_MAIL
from tests.sources.test_mail_reading import a_mail


class Imap(socketserver.ThreadingTCPServer):
    """Mails by uid; remembers which were marked as read."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mails: dict[str, bytes] = {}
        self.sizes: dict[str, int] = {}
        self.read: list[str] = []
        self.said: list[str] = []


class _Handler(socketserver.StreamRequestHandler):
    server: Imap

    def handle(self) -> None:
        self.wfile.write(b"* OK ready\r\n")
        while line := self.rfile.readline().decode().strip():
            tag, _, command = line.partition(" ")
            self.server.said.append(command)
            if "wrong" in command:
                self.wfile.write(f"{tag} NO wrong\r\n".encode())
                continue
            self._answer(command)
            self.wfile.write(f"{tag} OK done\r\n".encode())

    def _answer(self, command: str) -> None:
        words = command.split(" ")
        if words[0] == "CAPABILITY":
            self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n")
        elif words[0] == "SELECT":
            self.wfile.write(b"* %d EXISTS\r\n" % len(self.server.mails))
        elif command == "UID SEARCH UNSEEN":
            unread = [uid for uid in self.server.mails if uid not in self.server.read]
            self.wfile.write(f"* SEARCH {' '.join(unread)}\r\n".encode())
        elif words[:2] == ["UID", "FETCH"]:
            mail = self.server.mails[words[2]]
            size = self.server.sizes.get(words[2], len(mail))
            if "SIZE" in command:
                self.wfile.write(f"* 1 FETCH (UID {words[2]} RFC822.SIZE {size})\r\n".encode())
            else:
                part = mail.partition(b"\n\n")[0] if "HEADER" in command else mail
                self.wfile.write(f"* 1 FETCH (UID {words[2]} BODY[] {{{len(part)}}}\r\n".encode() + part + b")\r\n")
        elif words[:2] == ["UID", "STORE"]:
            self.server.read.append(words[2])


@pytest.fixture
def server() -> Iterator[Imap]:
    with Imap() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield running
        running.shutdown()


@pytest.fixture
def mailbox(server: Imap, settings: Settings, tmp_path: Path) -> Settings:
    password = tmp_path / "password"
    password.write_text("secret\n")
    url = f"imap://desk%40example.org@127.0.0.1:{server.server_address[1]}/Mail%20in"
    return settings.model_copy(update={"imap_url": url, "imap_password_file": password})


def test_unread_mails_are_read_and_marked(server: Imap, mailbox: Settings) -> None:
    server.mails = {"4": a_mail("a"), "7": a_mail("b")}
    with Mailbox(mailbox) as opened:
        assert list(opened.unread()) == [("4", a_mail("a")), ("7", a_mail("b"))]
        assert server.read == [], "showing marks nothing"
        opened.mark_read("4")
        assert [uid for uid, _ in opened.unread()] == ["7"]
    assert 'LOGIN desk@example.org "secret"' in server.said and 'SELECT "Mail in"' in server.said


def test_of_a_mail_that_is_too_large_only_the_headers(server: Imap, mailbox: Settings) -> None:
    server.mails, server.sizes = {"1": a_mail("words")}, {"1": LARGEST_MAIL + 1}
    with Mailbox(mailbox) as opened:
        ((_, content),) = opened.unread()
    assert b"Subject" in content and b"words" not in content


def test_a_mailbox_that_cannot_be_opened_says_what_to_check(server: Imap, mailbox: Settings, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("wrong")
    with pytest.raises(Unavailable, match="CURATOR_IMAP_URL"), Mailbox(mailbox):
        pass
    away = mailbox.model_copy(update={"imap_url": "imap://x@127.0.0.1:1/INBOX"})
    with pytest.raises(Unavailable, match="cannot be opened"), Mailbox(away):
        pass
    with pytest.raises(Unavailable, match="PASSWORD_FILE"):
        Mailbox(mailbox.model_copy(update={"imap_password_file": tmp_path / "none"}))


def test_whom_a_mail_was_for() -> None:
    mail = a_mail("x", To="Desk <one@in.example.org>, two@in.example.org", Delivered_To="three@in.example.org")
    assert recipients_of(mail) == ["three@in.example.org", "one@in.example.org", "two@in.example.org"]
    assert recipients_of(b"") == []
