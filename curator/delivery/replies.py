"""What an SMTP answer means: one fate for every phase and reply, decided from values alone.

In doubt is exactly one case: the final dot was sent and no complete reply came (RFC 1047, RFC 5321 4.5.3.2.6).
A refusal about us (policy, block, authentication) is never the subscriber's fault: the delivery pauses and says why.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from curator.delivery.bounce_rules import (
    SENDERS_PROBLEM,
    UNMAILABLE,
    BounceClass,
    Judged,
    classify,
    judge_bounce,
    take_apart,
)


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
    """A fate, and the reason as one of few phrases, so that reasons can be counted.

    `bounce` says of a refusal what it is about and whether it is hard.
    """

    fate: Fate
    reason: str
    bounce: Judged | None = None


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
GIVEN_UP = "given up after"
"""How the reason begins of a message that was tried until `is_hopeless`."""

_ABOUT_RECIPIENT = (Phase.RCPT, Phase.DATA, Phase.BODY, Phase.DOT)
_ABOUT_DOMAIN = (421, 450, 451, 452, 454)
_ABOUT_ONE_MAILBOX = ("4.1.", "4.2.")


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
    return take_apart(str(reply))[1]


def holds_domain(answer: Answer) -> bool:
    """Does this answer ask us to hold back everything for the recipient's domain, not this message alone?

    Said once the recipient was named, and not about one mailbox (4.1.x, 4.2.x: busy, full).
    """
    if answer.reply is None or answer.phase not in _ABOUT_RECIPIENT or answer.reply.code not in _ABOUT_DOMAIN:
        return False
    return not enhanced_status(answer.reply).startswith(_ABOUT_ONE_MAILBOX)


def is_lasting(answer: Answer) -> bool:
    """Is this trouble with the relay itself one that waiting will not end: a wrong password, a refused certificate?"""
    if answer.reply is None:
        return answer.why.startswith(("the relay offers", "its certificate"))
    return answer.reply.code // 100 == 5


def wait_seconds(attempts: int, chance: float) -> float:
    """Seconds before the next try after `attempts` tries: twice as long each time, up to an hour.

    `chance` in [0, 1) spreads the tries between half and one and a half times that.
    """
    wait = FIRST_WAIT * 2.0 ** min(max(attempts - 1, 0), 12)
    return min(wait, LONGEST_WAIT) * (0.5 + chance)


def is_hopeless(attempts: int, hours: float) -> bool:
    """After `attempts` tries, `hours` after the delivery began: is it time to give the message up?"""
    return attempts >= LEAST_ATTEMPTS and hours >= PATIENCE_HOURS


def _without_reply(answer: Answer) -> Verdict:
    match answer.phase:
        case Phase.DOT:
            return Verdict(Fate.UNKNOWN, f"{answer.why} after the message was sent, before the reply")
        case Phase.ADDRESS:
            return Verdict(Fate.REJECTED, answer.why, UNMAILABLE)
        case Phase.SIZE:
            return Verdict(Fate.OURS, answer.why)
        case Phase.MARKER:
            return Verdict(Fate.UNSENT, answer.why)
        case _:
            return Verdict(Fate.DEFERRED, f"{answer.why} before the message was sent")


def _refused(phase: Phase, reply: Reply) -> Verdict:
    """A 5xx: the recipient's unless something says that it is ours."""
    code, status, text = take_apart(str(reply))
    judged = judge_bounce(code, status, text)
    if _is_ours(phase, reply.code, status, text, judged.kind):
        return Verdict(Fate.OURS, f"the relay refused us: {reply}")
    return Verdict(Fate.REJECTED, REASONS.get(status, f"refused ({status or reply.code})"), judged)


def _is_ours(phase: Phase, code: int, status: str, text: str, kind: BounceClass) -> bool:
    """About us: said before a recipient was named, about how we speak or sign in, or about what we send."""
    if phase not in _ABOUT_RECIPIENT or 500 <= code <= 504 or kind in SENDERS_PROBLEM:
        return True
    # 552 after the content is the relay's limit, unless it names the mailbox.
    return code == 552 and phase is not Phase.RCPT and classify(None, status, text) is BounceClass.OTHER
