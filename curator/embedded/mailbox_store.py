"""The mailbox's files: what was received, whole and for keeps, in two files that are only ever appended to.

`mails` holds the bytes of every mail one after the other; each line of `index` is one envelope and where the mail lies.
A line is written after its mail is on the disk: whatever is in the index can be read, whenever a process was killed.
"""

import json
import os
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from email.utils import parseaddr
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from curator.errors import NotFound


class Received(NamedTuple):
    """A mail as the SMTP server took it."""

    sender: str
    recipients: Sequence[str]
    content: bytes


class Entry(NamedTuple):
    """A mail in the list. `number` counts from 1 in the order of arrival."""

    number: int
    at: datetime
    sender: str
    recipients: tuple[str, ...]
    author: str
    subject: str
    offset: int
    length: int

    @property
    def who(self) -> str:
        """The author as a list shows them: the name, else the address."""
        return parseaddr(self.author)[0] or self.author or self.sender


def folder(home: Path) -> Path:
    """Where a mailbox keeps its files; it exists once a mailbox has run there."""
    return home.absolute() / "mailbox"


class Writer:
    """Appends; one at a time per folder."""

    def __init__(self, home: Path) -> None:
        place = folder(home)
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o700)
        self._mails = os.open(place / "mails", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._index = os.open(place / "index", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._number = _mend(place / "index")

    def keep(self, mails: Sequence[Received]) -> None:
        """All of these, on the disk when this returns: one wait for the disk, however many they are.

        An OSError (the disk is full) leaves none of them behind.
        """
        offset = os.fstat(self._mails).st_size
        end_of_index = os.fstat(self._index).st_size
        lines: list[bytes] = []
        place = offset
        for number, mail in enumerate(mails, start=self._number + 1):
            lines.append(_line(number, mail, place))
            place += len(mail.content)
        try:
            _append(self._mails, b"".join(mail.content for mail in mails))
            _append(self._index, b"".join(lines))
        except OSError:
            os.ftruncate(self._mails, offset)
            os.ftruncate(self._index, end_of_index)
            raise
        self._number += len(mails)

    def close(self) -> None:
        """Give up the files."""
        os.close(self._mails)
        os.close(self._index)


class Mailbox:
    """Reads. Keeps the index in memory and reads on where it stopped, so a look at thousands of mails is quick."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._entries: list[Entry] = []
        self._read_to = 0
        self._lock = threading.Lock()

    def entries(self, search: str = "", before: int | None = None, limit: int = 50) -> list[Entry]:
        """Newest first, those numbered below `before`, with every word of `search` in the envelope or the subject."""
        words = search.casefold().split()
        found: list[Entry] = []
        for entry in reversed(self._all()):
            if (before is None or entry.number < before) and _matches(entry, words):
                found.append(entry)
                if len(found) == limit:
                    break
        return found

    def count(self) -> int:
        """How many mails there are."""
        return len(self._all())

    def read(self, number: int) -> tuple[Entry, bytes]:
        """One mail as it arrived; `NotFound` when there is none of this number."""
        entries = self._all()
        if not 1 <= number <= len(entries):
            raise NotFound("There is no such mail in the mailbox.")
        entry = entries[number - 1]
        with (self._place / "mails").open("rb") as file:
            file.seek(entry.offset)
            return entry, file.read(entry.length)

    def _all(self) -> list[Entry]:
        path = self._place / "index"
        with self._lock:
            if not path.exists():
                return []
            if path.stat().st_size < self._read_to:  # somebody emptied the folder
                self._entries, self._read_to = [], 0
            with path.open("rb") as file:
                file.seek(self._read_to)
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    self._entries.append(_entry(line))
                    self._read_to += len(line)
            return self._entries


@lru_cache(maxsize=4)
def open_mailbox(home: Path) -> Mailbox:
    """The mailbox of this home, its index kept between requests."""
    return Mailbox(folder(home))


def _line(number: int, mail: Received, offset: int) -> bytes:
    headers = BytesHeaderParser().parsebytes(mail.content[:65536])
    facts = {
        "number": number,
        "at": datetime.now(UTC).isoformat(),
        "sender": mail.sender,
        "recipients": list(mail.recipients),
        "author": readable(str(headers.get("From", ""))),
        "subject": readable(str(headers.get("Subject", ""))),
        "offset": offset,
        "length": len(mail.content),
    }
    return json.dumps(facts, ensure_ascii=False).encode("utf-8", errors="replace") + b"\n"


def readable(value: str) -> str:
    """A header as a person reads it (RFC 2047), or as it is when it cannot be decoded."""
    try:
        return " ".join(str(make_header(decode_header(value))).split())
    except (ValueError, LookupError):
        return " ".join(value.split())


def _entry(line: bytes) -> Entry:
    facts = json.loads(line)
    at, recipients = datetime.fromisoformat(facts.pop("at")), tuple(facts.pop("recipients"))
    return Entry(at=at, recipients=recipients, **facts)


def _matches(entry: Entry, words: list[str]) -> bool:
    if not words:
        return True
    where = " ".join((entry.subject, entry.author, entry.sender, *entry.recipients)).casefold()
    return all(word in where for word in words)


def _mend(index: Path) -> int:
    """Cut off a line that a kill left half written; the number of mails."""
    data = index.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(index, whole)
    return data.count(b"\n")


def _append(descriptor: int, data: bytes) -> None:
    """All of it, and on the disk."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)
