"""A mail's bytes become a sender, a subject, words and links. Pure; attachments are never looked into.

Everything in a mail is a stranger's: bounded, cleaned, and no reason to believe who it says it is from.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import ObsoleteHeaderDefect
from email.message import EmailMessage
from email.policy import default

from curator.errors import Invalid
from curator.sources.identity import address_key, checked_address
from curator.sources.markup import parse, text_of, text_of_element
from curator.sources.prose import clean_line, clean_text

LARGEST_MAIL = 10_000_000
"""Bytes of a mail, attachments included."""

MOST_LINKS = 20
"""Links of one mail that become articles."""

_LARGEST_PART = 200_000
_LONGEST = 2_000  # characters of an address; longer ones are none
_MOST_PARTS = 100
_ADDRESS = re.compile(r"(?:https?://|(?<![\w.@/-])www\.(?=[\w-]+\.))[^\s<>\"'\[\]{}|\\^`]+", re.IGNORECASE)
_FORWARDED = re.compile(r"^(?:\s*(?:re|fwd?|fw|doorst|antw|aw|wg|tr|rv)\s*:\s*)+", re.IGNORECASE)
_NOT_AN_ARTICLE = re.compile(
    r"unsubscri|opt-?out|afmeld|uitschrijv|abmeld|désabonn|preferences|voorkeuren|view[ -]?(?:it |this |online )?in "
    r"(?:your |a )?browser|bekijk (?:online|in)|manage.{0,20}subscription|privacy.?policy|facebook\.com/sharer|"
    r"twitter\.com/(?:share|intent)|linkedin\.com/share|\.(?:png|gif|jpe?g|webp|svg|ico)(?:\?|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Mail:
    """What a mail says. `links` are (address, words of the link); `is_forged`: its domain says it is not from there.

    `is_vouched_for`: the mail server in front says that the sender's domain vouches for it. Neither is the usual case.
    """

    sender: str
    sender_name: str
    subject: str
    message_id: str
    text: str
    links: tuple[tuple[str, str], ...]
    is_automatic: bool
    is_forged: bool
    is_vouched_for: bool

    @property
    def title(self) -> str:
        """The subject without the marks of forwarding."""
        return _FORWARDED.sub("", self.subject).strip()


def read_mail(content: bytes) -> Mail:
    """The mail in `content`. `Invalid` when it is too large or nothing like a mail."""
    if len(content) > LARGEST_MAIL:
        raise Invalid(f"The mail is larger than {LARGEST_MAIL // 1_000_000} MB.")
    try:
        return _read(message_from_bytes(content, policy=default))
    except (ValueError, LookupError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise Invalid("The mail is broken and cannot be read. Ask for it to be sent again, or paste it.") from error


def _read(message: EmailMessage) -> Mail:
    plain, html = _bodies(message)
    text = plain or text_of(html)
    sender, sender_name = _sender(message)
    return Mail(
        sender=sender,
        sender_name=sender_name,
        subject=clean_line(_header(message, "subject")),
        message_id=clean_line(_header(message, "message-id"), 500),
        text=_without_signature(clean_text(text)),
        links=_links(_anchors(html)) or _links(_written_out(text)),
        is_automatic=_is_automatic(message),
        is_forged=any("dmarc=fail" in str(line).lower() for line in message.get_all("authentication-results", [])),
        is_vouched_for=_is_vouched_for(message, sender),
    )


def _is_vouched_for(message: EmailMessage, sender: str) -> bool:
    """DMARC passed for the domain of From, by the topmost word: those below it may have come with the mail."""
    said = str(message.get("authentication-results", "")).lower()
    passed = re.search(r"(?:^|[;\s])dmarc=pass\b[^;]*", said)
    named = re.search(r"\bheader\.from=([^\s;()]+)", passed[0]) if passed else None
    domain = sender.rpartition("@")[2]
    return bool(passed and domain and (named is None or named[1].rpartition("@")[2] == domain))


def _sender(message: EmailMessage) -> tuple[str, str]:
    """The one address of From in lower case and its name; "" when there is none, or several, or it is written wrong."""
    lines = message.get_all("from", [])
    defects = [defect for line in lines for defect in getattr(line, "defects", ())]
    if not all(isinstance(defect, ObsoleteHeaderDefect) for defect in defects):  # that is `J. Public`, unquoted
        return "", ""  # such as two addresses in a row, of which readers show one and parsers take the other
    found = [one for line in lines for one in getattr(line, "addresses", ())]
    if len(found) != 1 or found[0].addr_spec.count("@") != 1:
        return "", ""
    return clean_line(found[0].addr_spec, 320).casefold(), clean_line(found[0].display_name, 200)


def _is_automatic(message: EmailMessage) -> bool:
    """Answering machines and reports of mail servers (RFC 3834, RFC 3464)."""
    said = _header(message, "auto-submitted").strip().lower()
    is_report = message.get_content_type() == "multipart/report"
    return is_report or said.startswith(("auto-replied", "auto-generated")) or "x-autoreply" in message


def _header(message: EmailMessage, name: str) -> str:
    return str(message.get(name, ""))[:5_000]


def _bodies(message: EmailMessage) -> tuple[str, str]:
    """(plain text, HTML): the first part of each that is no attachment."""
    found = {"text/plain": "", "text/html": ""}
    for number, part in enumerate(message.walk()):
        if number >= _MOST_PARTS:
            break
        kind = part.get_content_type()
        if kind in found and not found[kind] and part.get_content_disposition() != "attachment":
            found[kind] = _decoded(part)
    return found["text/plain"].strip(), found["text/html"]


def _decoded(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    data = payload[:_LARGEST_PART] if isinstance(payload, bytes) else b""
    try:
        return data.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


def _without_signature(text: str) -> str:
    """Up to the line that signatures begin with (RFC 3676 section 4.3)."""
    return re.split(r"(?m)^-- ?$", text, maxsplit=1)[0].strip()


def _links(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Of (address, words) those that can be articles, each once."""
    found: dict[str, tuple[str, str]] = {}
    for address, words in pairs:
        if len(found) == MOST_LINKS:
            break
        try:
            checked = checked_address(address)
            key = address_key(checked)
        except (Invalid, ValueError):
            continue
        if key not in found and not _NOT_AN_ARTICLE.search(f"{words} {checked}"):
            found[key] = (checked, words)
    return tuple(found.values())


def _written_out(plain: str) -> list[tuple[str, str]]:
    return [(_without_end(match.group()[: _LONGEST + 1]), "") for match in _ADDRESS.finditer(plain)]


def _without_end(address: str) -> str:
    """Without the signs of the sentence around it; a bracket that was opened in the address is its own."""
    while address[-1:] in tuple(".,;:!?)*_") and not (address[-1] == ")" and address.count("(") >= address.count(")")):
        address = address[:-1]
    return address


def _anchors(html: str) -> list[tuple[str, str]]:
    """The links of the HTML with their words."""
    tree = parse(html) if html else None
    anchors = tree.iter("a") if tree is not None else ()
    return [(link.get("href", "").strip(), _words(text_of_element(link))) for link in anchors if link.get("href")]


def _words(text: str) -> str:
    """The words of a link, unless they are its address written out."""
    line = clean_line(text, 300)
    return "" if _ADDRESS.match(line) or "/" in line.split(" ")[0] else line
