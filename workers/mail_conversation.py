"""One SMTP (RFC 5321) or LMTP (RFC 2033) conversation from the receiving side: lines in, replies out. Touches nothing.

Strict where mails could be smuggled: a line ends with CRLF and with nothing else, and a mail with a lone CR or LF in it
is refused. Recipients that are nobody's are refused at once; after five of them the caller is sent away.
"""

import re
from dataclasses import dataclass, field
from enum import Enum, auto

LARGEST_MAIL = 10_000_000
"""Bytes of a mail."""

LONGEST_LINE = 4_096  # of a command
_MOST_RECIPIENTS = 20
_MOST_MISTAKES = 5
_PATH = re.compile(rb"(?:FROM|TO):\s*<([^<>\s]{0,320})>((?:\s+[A-Za-z0-9=.-]{1,80})*)\s*", re.IGNORECASE)


class Next(Enum):
    """What the server does after a line."""

    READ = auto()
    """Send the reply, read the next line."""

    ASK = auto()
    """Find out whether `asked` is an address of ours, then say so to `answer`."""

    DATA = auto()
    """Send the reply, then read a mail up to its dot."""

    CLOSE = auto()
    """Send the reply and hang up."""


@dataclass
class Conversation:
    """The state between two lines. `recipients` are those accepted for the mail that is coming."""

    hostname: str
    is_lmtp: bool = False
    greeted: bool = False
    sender: str | None = None
    recipients: list[str] = field(default_factory=list)
    asked: str = ""
    mistakes: int = 0

    def greeting(self) -> bytes:
        """The first line."""
        return _reply(220, f"{self.hostname} ready for mail")

    def hear(self, line: bytes) -> tuple[Next, bytes]:
        """A command without its CRLF; what to do, and the reply to send first."""
        if b"\n" in line or b"\r" in line or b"\0" in line:
            return Next.CLOSE, _reply(521, "5.5.2 A line ends with CR LF, and neither stands alone")
        verb, _, rest = line.strip().partition(b" ")
        name = verb.upper().decode("ascii", "replace")
        if name in ("EHLO", "LHLO", "HELO"):
            return self._greet(name)
        if name in ("QUIT", "NOOP", "RSET", "VRFY"):
            return self._small(name)
        if name in ("MAIL", "RCPT", "DATA"):
            return {"MAIL": self._mail, "RCPT": self._rcpt, "DATA": self._data}[name](rest)
        return self._mistake(500, "5.5.1 That is not understood here")

    def answer(self, is_ours: bool) -> tuple[Next, bytes]:
        """To a recipient that was asked about."""
        if not is_ours:
            return self._mistake(550, "5.1.1 Nobody has that address here")
        self.recipients.append(self.asked)
        return Next.READ, _reply(250, "2.1.5 Fine")

    def finish(self, outcomes: list[tuple[int, str]]) -> bytes:
        """Replies to a mail: one for each recipient in LMTP; in SMTP one, the worst of them."""
        self._reset()
        worst = max(outcomes, key=lambda one: (one[0] // 100 == 4, one[0]), default=(554, "5.5.1 No recipient"))
        return b"".join(_reply(*one) for one in outcomes) if self.is_lmtp else _reply(*worst)

    def _greet(self, name: str) -> tuple[Next, bytes]:
        self._reset()
        self.greeted, self.is_lmtp = True, name == "LHLO"
        if name == "HELO":
            return Next.READ, _reply(250, self.hostname)
        lines = (self.hostname, f"SIZE {LARGEST_MAIL}", "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES")
        return Next.READ, b"".join(
            f"250{'-' if n < len(lines) else ' '}{t}\r\n".encode() for n, t in enumerate(lines, 1)
        )

    def _small(self, name: str) -> tuple[Next, bytes]:
        if name == "QUIT":
            return Next.CLOSE, _reply(221, "2.0.0 Goodbye")
        if name == "RSET":
            self._reset()
        return Next.READ, _reply(*((252, "2.5.0 Send and see") if name == "VRFY" else (250, "2.0.0 Fine")))

    def _mail(self, rest: bytes) -> tuple[Next, bytes]:
        found = _PATH.fullmatch(rest)
        if not self.greeted or self.sender is not None or found is None or not rest.upper().startswith(b"FROM"):
            return self._mistake(503 if found else 501, "5.5.1 Say who you are first, then MAIL FROM:<address>")
        size = re.search(rb"(?i)\bsize=(\d{1,12})\b", found[2])
        if size and int(size[1]) > LARGEST_MAIL:
            return Next.READ, _reply(552, "5.3.4 The mail is too large")
        self.sender = found[1].decode("utf-8", "replace")
        return Next.READ, _reply(250, "2.1.0 Fine")

    def _rcpt(self, rest: bytes) -> tuple[Next, bytes]:
        found = _PATH.fullmatch(rest)
        if self.sender is None or found is None or not rest.upper().startswith(b"TO") or not found[1]:
            return self._mistake(503 if found else 501, "5.5.1 MAIL FROM first, then RCPT TO:<address>")
        if len(self.recipients) >= _MOST_RECIPIENTS:
            return Next.READ, _reply(452, "4.5.3 Too many recipients")
        self.asked = found[1].decode("utf-8", "replace")
        return Next.ASK, b""

    def _data(self, rest: bytes) -> tuple[Next, bytes]:
        if not self.recipients or rest.strip():
            return self._mistake(503, "5.5.1 A recipient first")
        return Next.DATA, _reply(354, "Go on, and end with a dot on a line")

    def _mistake(self, code: int, text: str) -> tuple[Next, bytes]:
        self.mistakes += 1
        if self.mistakes >= _MOST_MISTAKES:
            return Next.CLOSE, _reply(421, "4.7.0 Too many mistakes")
        return Next.READ, _reply(code, text)

    def _reset(self) -> None:
        self.sender, self.recipients, self.asked = None, [], ""


def unstuffed(data: bytes) -> bytes | None:
    """A mail as it was written, its dots taken back (RFC 5321 4.5.2); None when a CR or LF stands alone in it."""
    if re.search(rb"(?<!\r)\n|\r(?!\n)", data):
        return None
    return re.sub(rb"(?m)(?:(?<=\r\n)|\A)\.", b"", data)


def _reply(code: int, text: str) -> bytes:
    return f"{code} {text}\r\n".encode("ascii", "replace")
