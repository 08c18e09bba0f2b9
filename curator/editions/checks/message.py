"""Checks of the built message: size after inlining, the header fields for leaving, what the text part says. Pure."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from curator.editions.checks.findings import Finding
from curator.editions.design_rules import faults_of
from curator.editions.render import Rendered
from curator.editions.segments import Segments
from curator.editions.slots import Marks
from curator.editions.wording import written_language
from curator.issues.content import IssueContent

CLIPPED_AT = 102 * 1024
LARGE_AT = 90 * 1024

_ONCE = frozenset(
    {
        *("from", "to", "subject", "date", "message-id", "mime-version", "precedence"),
        *("list-id", "list-unsubscribe", "list-unsubscribe-post", "feedback-id"),
    }
)
_LEAVE = re.compile(rb"<https?://[^>]+>,\s*<mailto:[^>]+>")


def message_errors(content: IssueContent, rendered: Rendered, segments: Segments) -> Iterator[Finding]:
    """A mail that cannot be left, that is cut off, or whose header is not what large receivers ask for."""
    if content.newsletter.own_design is not None:
        for fault in faults_of(rendered.html, Marks(content.content_hash)):
            yield Finding("no_unsubscribe" if "unsubscribe" in fault else "design", fault, "design")
    if segments.facts["html_bytes"] >= CLIPPED_AT:
        size = segments.facts["html_bytes"] // 1024
        yield Finding("too_large", f"The mail is {size} KB; above 102 KB it is cut off. Remove items.", "issue")
    yield from _header_errors(segments)


def message_warnings(content: IssueContent, facts: Mapping[str, Any]) -> Iterator[Finding]:
    """Nearly too large, insecure addresses, no postal address, words in another language."""
    newsletter = content.newsletter
    if LARGE_AT <= facts["html_bytes"] < CLIPPED_AT:
        size = facts["html_bytes"] // 1024
        yield Finding("large", f"The mail is {size} KB; above 102 KB mailboxes cut it off.", "issue")
    if not str(facts.get("public_url", "")).startswith("https://"):
        message = "Links and pictures use http. Set CURATOR_BASE_URL to an https address before sending to readers."
        yield Finding("insecure_address", message, "settings")
    if not newsletter.postal_address.strip():
        message = "Many countries require a postal address in every mail. Settings, The sender."
        yield Finding("no_postal_address", message, "newsletter")
    if written_language(newsletter.language) != newsletter.language:
        message = f"There is no wording for “{newsletter.language}” yet: the fixed words of the mail are English."
        yield Finding("wording_missing", message, "newsletter")


def _header_errors(segments: Segments) -> Iterator[Finding]:
    """RFC 5322 3.6 (once each), RFC 2369 and RFC 8058 (both ways to leave, one click)."""
    message = b"".join(part if isinstance(part, bytes) else b"x" for part in segments.parts)
    head = re.sub(rb"\r\n[ \t]+", b" ", message.partition(b"\r\n\r\n")[0])
    fields = [line.partition(b":")[::2] for line in head.split(b"\r\n")]
    counts = Counter(name.decode("ascii", "replace").lower() for name, _ in fields)
    if wrong := [name for name in sorted(_ONCE) if counts[name] != 1]:
        message_text = f"The header has {', '.join(wrong)} not exactly once. Correct the sender's name and address."
        yield Finding("header_fields", message_text, "header")
    values = {name.lower(): value.strip() for name, value in fields}
    is_one_click = values.get(b"list-unsubscribe-post") == b"List-Unsubscribe=One-Click"
    if not (is_one_click and _LEAVE.fullmatch(values.get(b"list-unsubscribe", b""))):
        message_text = "The header does not let a mailbox unsubscribe its reader. Correct CURATOR_BASE_URL."
        yield Finding("no_list_unsubscribe", message_text, "header")
