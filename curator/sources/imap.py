"""Reading mails out of a mailbox (IMAP4rev1, RFC 3501), for those whose mail server is somebody else's. No row touched.

A mail is marked as read only after it was kept, so that a crash between the two shows it again; it is recognised then.
"""

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import suppress
from email.parser import BytesHeaderParser
from email.policy import compat32
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from curator.errors import Unavailable
from curator.settings import Settings
from curator.sources.fetch import tls_context
from curator.sources.mail_reading import LARGEST_MAIL

_SECONDS = 30.0
_BROKEN = (imaplib.IMAP4.error, OSError, ssl.SSLError, EOFError)
_ADDRESS = re.compile(r"[^\s<>,;:\"()@]{1,254}@[^\s<>,;:\"()]+")
_LONGEST_HEADER, _MOST_HEADERS = 5_000, 50
_RECIPIENT_HEADERS = ("delivered-to", "x-original-to", "envelope-to", "x-forwarded-to", "to", "cc")


class Mailbox:
    """`with Mailbox(settings) as mailbox: for uid, content in mailbox.unread(): …; mailbox.mark_read(uid)`"""

    def __init__(self, settings: Settings) -> None:
        self._url = urlsplit(settings.imap_url)
        file = settings.imap_password_file
        try:
            self._password = file.read_text().strip() if file else ""
        except OSError as error:
            raise Unavailable(f"CURATOR_IMAP_PASSWORD_FILE cannot be read: {error.strerror}.") from error
        self._server: imaplib.IMAP4 | None = None

    def __enter__(self) -> Self:
        host, folder = self._url.hostname or "", unquote(self._url.path.lstrip("/")) or "INBOX"
        try:
            if self._url.scheme == "imaps":
                port = self._url.port or 993
                self._server = imaplib.IMAP4_SSL(host, port, ssl_context=tls_context(), timeout=_SECONDS)
            else:
                self._server = imaplib.IMAP4(host, self._url.port or 143, timeout=_SECONDS)
            self._server.login(unquote(self._url.username or ""), self._password)
            status, _ = self._server.select('"' + re.sub(r'[\\"]', "", folder) + '"')
            if status != "OK":
                raise Unavailable(f"The mailbox has no folder {folder}. Correct CURATOR_IMAP_URL.")
        except _BROKEN as error:
            raise Unavailable(
                f"The mailbox cannot be opened: {_why(error)}. Check CURATOR_IMAP_URL and its password file."
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            with suppress(*_BROKEN):
                self._server.logout()

    def unread(self, limit: int = 20) -> Iterator[tuple[str, bytes]]:
        """(uid, content) of unread mails, oldest first; of one that is too large only its headers."""
        for uid in self._ask("SEARCH", "UNSEEN").split()[:limit]:
            size = re.search(rb"RFC822\.SIZE (\d+)", self._ask("FETCH", uid.decode(), "(RFC822.SIZE)"))
            part = "BODY.PEEK[]" if size and int(size[1]) <= LARGEST_MAIL else "BODY.PEEK[HEADER]"
            yield uid.decode(), self._ask("FETCH", uid.decode(), f"({part})")

    def mark_read(self, uid: str) -> None:
        """It was kept: do not show it again."""
        self._ask("STORE", uid, "+FLAGS", r"(\Seen)")

    def _ask(self, command: str, *words: str) -> bytes:
        """The answer's content: the literal of a FETCH that has one, else its words."""
        assert self._server is not None, "open it first"  # noqa: S101
        try:
            status, answer = self._server.uid(command, *words)
        except _BROKEN as error:
            raise Unavailable("The mailbox broke off. It is read again in a minute.") from error
        if status != "OK":
            raise Unavailable(f"The mailbox refused {command}.")
        first = answer[0] if answer else None
        return bytes(first[1] if isinstance(first, tuple) else first or b"")


def _why(error: BaseException) -> str:
    """What went wrong, for a person; of what a server says only a line that can be printed."""
    if isinstance(error, imaplib.IMAP4.error) and not isinstance(error, imaplib.IMAP4.abort):
        said = error.args[0] if error.args else b""
        words = said.decode("ascii", "replace") if isinstance(said, bytes) else str(said)
        return "the server says “" + "".join(c for c in words if c.isprintable())[:100].strip() + "”"
    if isinstance(error, ssl.SSLError):
        return "its certificate or its TLS is not as it should be"
    return "no answer" if isinstance(error, TimeoutError | EOFError) else f"no connection ({type(error).__name__})"


def recipients_of(content: bytes) -> list[str]:
    """Every address a mail was for, the most certain first; those of the envelope where the server wrote them down."""
    # The older policy: it takes no header apart, which for a header made for it takes hours.
    message = BytesHeaderParser(policy=compat32).parsebytes(content[:200_000])
    lines = [str(line)[:_LONGEST_HEADER] for name in _RECIPIENT_HEADERS for line in message.get_all(name, [])]
    return list(dict.fromkeys(found.lower() for line in lines[:_MOST_HEADERS] for found in _ADDRESS.findall(line)))
