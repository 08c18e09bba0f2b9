"""What an SMTP answer means: one fate for every phase and reply, decided from values alone.

In doubt is exactly one case: the final dot was sent and no complete reply came (RFC 1047, RFC 5321 4.5.3.2.6).
A refusal about us (policy, block, authentication) is never the subscriber's fault: the delivery pauses and says why.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Phase(StrEnum):
    """How far a transaction got. `address` and `size` are our own checks, before anything is said."""

    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    TLS = "tls"
    AUTH = "auth"
    ADDRESS = "address"
    SIZE = "size"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    MARKER = "marker"
    DOT = "dot"


class Reply(NamedTuple):
    """A complete reply: its code, the text of all its lines joined by spaces, and the lines."""

    code: int
    text: str
    lines: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.code} {self.text}"[:500]


class Answer(NamedTuple):
    """How a transaction ended: the last phase reached, the reply if one came, and otherwise what happened instead."""

    phase: Phase
    reply: Reply | None = None
    why: str = ""

    def __str__(self) -> str:
        return str(self.reply) if self.reply else self.why


class Fate(StrEnum):
    """What becomes of the message. `unsent`: back to pending, nothing happened; `ours`: as unsent, and pause."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    UNSENT = "unsent"
    OURS = "ours"


@dataclass(frozen=True)
class Verdict:
    """A fate, and the reason as one of few phrases, so that reasons can be counted."""

    fate: Fate
    reason: str


REASONS = {
    "5.1.1": "unknown user",
    "5.1.2": "unknown domain",
    "5.1.3": "address not accepted",
    "5.1.6": "mailbox has moved",
    "5.1.10": "domain takes no mail",
    "5.2.1": "mailbox disabled",
    "5.2.2": "mailbox full",
    "5.2.3": "too large for the mailbox",
    "5.4.4": "unknown domain",
}
"""Enhanced status codes of a refusal that is about the recipient (RFC 3463, RFC 7505), in words."""

FIRST_WAIT = 2.0
LONGEST_WAIT = 3600.0
LEAST_ATTEMPTS = 8
PATIENCE_HOURS = 72.0

_ENHANCED = re.compile(r"^\s*([245]\.\d{1,3}\.\d{1,3})\b")
_ABOUT_RECIPIENT_OF_5_7 = ("5.7.13", "5.7.17", "5.7.18")  # RFC 7293: the mailbox has another owner; account disabled
_ABOUT_US = re.compile(
    r"relay(ing)? (access )?(denied|not (permitted|allowed))|unable to relay|not (permitted|allowed) to relay"
    r"|black ?list|block ?list|blocked|\bspam|reputation|policy|authenticat|not authori[sz]ed|access denied"
    r"|\bdkim\b|\bspf\b|\bdmarc\b",
    re.IGNORECASE,
)
_AUTHENTICATION = (530, 534, 535, 538)


def judge(answer: Answer) -> Verdict:
    """The one fate of an answer. Every pair of phase and reply has one."""
    if answer.reply is None:
        return _without_reply(answer)
    kind = answer.reply.code // 100
    if kind == 2 and answer.phase is Phase.DOT:
        return Verdict(Fate.ACCEPTED, "")
    if kind == 5:
        return _refused(answer.phase, answer.reply)
    if kind == 4:
        return Verdict(Fate.DEFERRED, f"relay asked to wait ({answer.reply.code})")
    # A reply that makes no sense here. Only after the dot can it mean that the message was taken.
    if answer.phase is Phase.DOT:
        return Verdict(Fate.UNKNOWN, f"reply not understood ({answer.reply.code})")
    return Verdict(Fate.DEFERRED, f"reply not understood ({answer.reply.code})")


def enhanced_status(reply: Reply) -> str:
    """The enhanced status code of a reply (RFC 2034), or an empty text."""
    found = _ENHANCED.match(reply.text)
    return found.group(1) if found else ""


def is_lasting(answer: Answer) -> bool:
    """Is this trouble with the relay itself one that waiting will not end: a wrong password, a refused certificate?"""
    if answer.reply is None:
        return answer.why.startswith(("the relay offers", "its certificate"))
    return answer.reply.code // 100 == 5


def wait_seconds(attempts: int, chance: float) -> float:
    """Seconds before the next try after `attempts` tries: threefold each time up to an hour.

    `chance` in [0, 1) spreads the tries between half and one and a half times that.
    """
    wait = FIRST_WAIT * 3.0 ** min(max(attempts - 1, 0), 10)
    return min(wait, LONGEST_WAIT) * (0.5 + chance)


def is_hopeless(attempts: int, hours: float) -> bool:
    """After `attempts` tries, `hours` after the delivery began: is it time to give the message up?"""
    return attempts >= LEAST_ATTEMPTS and hours >= PATIENCE_HOURS


def _without_reply(answer: Answer) -> Verdict:
    match answer.phase:
        case Phase.DOT:
            return Verdict(Fate.UNKNOWN, f"{answer.why} after the message was sent, before the reply")
        case Phase.ADDRESS:
            return Verdict(Fate.REJECTED, answer.why)
        case Phase.SIZE:
            return Verdict(Fate.OURS, answer.why)
        case Phase.MARKER:
            return Verdict(Fate.UNSENT, answer.why)
        case _:
            return Verdict(Fate.DEFERRED, f"{answer.why} before the message was sent")


def _refused(phase: Phase, reply: Reply) -> Verdict:
    """A 5xx: the recipient's unless something says that it is ours."""
    status = enhanced_status(reply)
    if status.startswith(("5.1.", "5.2.")) and status not in ("5.1.7", "5.1.8") and phase is not Phase.MAIL:
        return Verdict(Fate.REJECTED, REASONS.get(status, f"refused ({status})"))
    if _is_ours(phase, reply, status):
        return Verdict(Fate.OURS, f"the relay refused us: {reply}")
    return Verdict(Fate.REJECTED, REASONS.get(status, f"refused ({status or reply.code})"))


def _is_ours(phase: Phase, reply: Reply, status: str) -> bool:
    if (
        phase not in (Phase.RCPT, Phase.DATA, Phase.BODY, Phase.DOT)
        or reply.code in _AUTHENTICATION
        or 500 <= reply.code <= 504
    ):
        return True
    if status.startswith("5.7.") and status not in _ABOUT_RECIPIENT_OF_5_7:
        return True
    if status in ("5.1.7", "5.1.8", "5.3.4") or (reply.code == 552 and phase is not Phase.RCPT):
        return True  # our sender address, or our size
    return bool(_ABOUT_US.search(reply.text))
