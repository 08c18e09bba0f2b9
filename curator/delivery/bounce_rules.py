"""What a refusal says and what follows from it, decided from values alone: the class, hard or soft, suppress or not.

The one classifier for replies during a session and for reports that come by mail: code, enhanced status, text.
Who is punished by a bounce is decided here and nowhere else: block, policy, rate and content are the sender's problem.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class BounceClass(StrEnum):
    """What a refusal is about."""

    RECIPIENT = "recipient"
    MAILBOX_FULL = "mailbox full"
    BLOCK = "block"
    POLICY = "policy"
    RATE = "rate"
    NETWORK = "network"
    CONTENT = "content"
    OTHER = "other"


class Judged(NamedTuple):
    """A refusal's class, and whether it is hard: the address does not exist and never will."""

    kind: BounceClass
    is_hard: bool


class Bounced(NamedTuple):
    """One bounce of a subscriber, as history."""

    at: datetime
    kind: BounceClass
    is_hard: bool


HARD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.4.4"})
"""Enhanced status codes that suppress at once (RFC 3463, RFC 7505)."""

SENDERS_PROBLEM = frozenset({BounceClass.BLOCK, BounceClass.POLICY, BounceClass.RATE, BounceClass.CONTENT})
"""Says something about us or our mail, nothing about the reader."""

UNMAILABLE = Judged(BounceClass.RECIPIENT, is_hard=False)
"""What no relay was asked about: we saw ourselves that it cannot be mailed."""

SOFT_LIMIT = 5
SOFT_SPAN = timedelta(days=14)

_REPLY = re.compile(r"^(\d{3})[ -]?(.*)$", re.DOTALL)
_STATUS = re.compile(r"^\s*([245]\.\d{1,3}\.\d{1,3})\b")
_MAILBOX = r"(?:user|recipient|mail ?box|account|address|addressee|local part)"
_UNKNOWN_USER = re.compile(
    rf"\b(?:unknown|no such|invalid|non-?existent|nonexisting) (?:local )?(?:e-?mail )?{_MAILBOX}\b"
    rf"|\b{_MAILBOX}\b[^.;]{{0,60}}?\b(?:unknown|not found|not known|is invalid|(?:does|do|did)(?: not|n'?t) exist"
    r"|no longer exists|not exist(?:ing)?\b)"
    r"|\bno (?:mailbox|user|account) (?:here )?(?:by|with|of) that name|\bdoes(?: not|n'?t) have an? \S+ account"
    r"|\bthere is no such (?:user|mailbox|account)",
    re.IGNORECASE,
)
_ABOUT_SENDER = re.compile(
    r"\bsender\b|\b(?:helo|ehlo)\b|client host|\byour (?:ip|address|host|domain|server)|hostname|reverse dns|\bptr\b",
    re.IGNORECASE,
)
_FULL = re.compile(
    r"(?:mail ?box|account|user|recipient)\b[^.;]{0,40}\b(?:is |was )?(?:full|over ?quota|out of storage)"
    r"|over ?quota|quota (?:is )?exceeded|exceeded (?:the |its |his )?(?:storage|quota)",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"too many (?:messages|connections|recipients|emails|mails|sessions|errors)|rate.?limit|\bthrottl"
    r"|(?:sending|receiving|message) rate|unusual rate|try again later, closing|temporarily deferred|grey-?list",
    re.IGNORECASE,
)
_CONTENT = re.compile(
    r"\bspam\b|spam message|unsolicited|\bvirus|malware|phish|content (?:was )?(?:rejected|refused)|suspicious",
    re.IGNORECASE,
)
_BLOCK = re.compile(
    r"black ?-?list|block ?-?list|deny ?-?list|\bblocked\b|reputation|spamhaus|\brbl\b|\bdnsbl|banned|\[bl\d+\]"
    r"|connections? (?:will )?not (?:be )?accepted",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"relay(?:ing)? (?:access )?(?:denied|not (?:permitted|allowed))|unable to relay|not (?:permitted|allowed) to relay"
    r"|policy|authenticat|not authori[sz]ed|access denied|\bdkim\b|\bspf\b|\bdmarc\b",
    re.IGNORECASE,
)
_BY_TEXT = (
    (BounceClass.RATE, _RATE),
    (BounceClass.BLOCK, _BLOCK),
    (BounceClass.CONTENT, _CONTENT),
    (BounceClass.POLICY, _POLICY),
)
# The mailbox has another owner now, or its account was disabled (RFC 7293 and its registry).
_ABOUT_RECIPIENT_OF_7 = ("7.13", "7.17", "7.18")
_AUTHENTICATION = (530, 534, 535, 538)


def judge_bounce(code: int | None, status: str, text: str) -> Judged:
    """The class of a refusal, and whether it is hard. `status` is the enhanced status code; any may be missing.

    A 4xx is never hard, however often it is said.
    """
    kind = classify(code, status, text)
    is_permanent = code // 100 == 5 if code is not None else status.startswith("5.")
    is_hard = status in HARD or (kind is BounceClass.RECIPIENT and _names_unknown_user(text))
    return Judged(kind, is_permanent and is_hard)


def classify(code: int | None, status: str, text: str) -> BounceClass:
    """What a refusal is about: the enhanced status where it says so, else the words, else the code."""
    _, _, about = status.partition(".")
    return (
        _by_status(about, text)
        or _by_text(text)
        or {"4": BounceClass.NETWORK, "7": BounceClass.POLICY}.get(about.partition(".")[0])
        or _by_code(code)
    )


def take_apart(reply: str) -> tuple[int | None, str, str]:
    """Code, enhanced status and text of a reply as the ledger keeps it; a text that is no reply has neither."""
    found = _REPLY.match(reply)
    if found is None:
        return None, "", reply
    code, text = int(found.group(1)), found.group(2).strip()
    status = _STATUS.match(text)
    return code, status.group(1) if status else "", text


def suppresses(history: Iterable[Bounced], delivered_at: datetime | None) -> str | None:
    """Why a subscriber with these bounces is mailed no more, or None.

    `delivered_at` is the last delivery that did not bounce: soft bounces before it are forgiven.
    """
    bounces = sorted(bounce for bounce in history if bounce.kind not in SENDERS_PROBLEM)
    if any(bounce.is_hard for bounce in bounces):
        return "hard bounce"
    soft = [bounce.at for bounce in bounces if delivered_at is None or bounce.at > delivered_at]
    if len(soft) >= SOFT_LIMIT and soft[-1] - soft[0] >= SOFT_SPAN:
        return f"{len(soft)} soft bounces in {(soft[-1] - soft[0]).days} days and no delivery between"
    return None


def _by_status(about: str, text: str) -> BounceClass | None:
    """By subject and detail of the enhanced status, where they are trusted more than the words."""
    if about in ("1.7", "1.8"):  # the sender's address
        return BounceClass.POLICY
    if about == "2.2":
        return BounceClass.MAILBOX_FULL
    if about.startswith(("1.", "2.")) or about in _ABOUT_RECIPIENT_OF_7:
        return BounceClass.RECIPIENT
    if about == "4.1" and re.search(r"recipient address rejected", text, re.IGNORECASE):
        return BounceClass.RECIPIENT  # how a large provider says that the mailbox is not in its directory
    if about == "4.4":
        return BounceClass.RECIPIENT
    if about == "7.28":
        return BounceClass.RATE
    if about == "3.4" or about.startswith("6."):
        return BounceClass.CONTENT
    return None


def _by_text(text: str) -> BounceClass | None:
    if _FULL.search(text):
        return BounceClass.MAILBOX_FULL
    for kind, words in _BY_TEXT:
        if words.search(text):
            return kind
    if _names_unknown_user(text):
        return BounceClass.RECIPIENT
    return BounceClass.POLICY if _ABOUT_SENDER.search(text) else None


def _names_unknown_user(text: str) -> bool:
    """Clearly: "sender address unknown" is about us, and suppresses nobody."""
    return bool(_UNKNOWN_USER.search(text)) and not _ABOUT_SENDER.search(text)


def _by_code(code: int | None) -> BounceClass:
    if code in _AUTHENTICATION:
        return BounceClass.POLICY
    if code in (450, 550, 551, 553):  # RFC 5321 4.2.3: the mailbox is not available, not local, not allowed
        return BounceClass.RECIPIENT
    if code == 552:
        return BounceClass.MAILBOX_FULL
    if code == 421:
        return BounceClass.NETWORK
    return BounceClass.OTHER
