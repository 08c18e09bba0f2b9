"""One received mail as a mail client would show it: its parts, its headers, its way out. Trusts nothing in it."""

import re
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from typing import NamedTuple

from curator.embedded.mailbox_store import readable


class Mail(NamedTuple):
    """`headers` in their order, decoded; `html` and `text` are "" when the mail has no such part."""

    headers: tuple[tuple[str, str], ...]
    html: str
    text: str
    source: str
    one_click: str | None

    def header(self, name: str) -> str:
        """The first header of this name, or ""."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def read_mail(raw: bytes) -> Mail:
    """The mail behind these bytes; whatever is broken in it is shown as it is."""
    message = message_from_bytes(raw, policy=compat32)
    headers = tuple((name, readable(str(value))) for name, value in message.items())
    return Mail(
        headers=headers,
        html=_part(message, "text/html"),
        text=_part(message, "text/plain"),
        source=raw.decode("utf-8", errors="replace"),
        one_click=_one_click(message),
    )


def for_frame(html: str) -> str:
    """The page for a sandboxed frame: links open a tab of their own, as in any mail client on the web."""
    base = '<base target="_blank">'
    head = re.search(r"<head\b[^>]*>", html, re.IGNORECASE)
    return html[: head.end()] + base + html[head.end() :] if head else base + html


def _one_click(message: Message) -> str | None:
    """The https (or, on this machine, http) address a client may POST to (RFC 8058 section 3.1)."""
    if "list-unsubscribe=one-click" not in str(message.get("List-Unsubscribe-Post", "")).lower():
        return None
    found = re.search(r"<(https?://[^>\s]+)>", str(message.get("List-Unsubscribe", "")))
    return found.group(1) if found else None


def _part(message: Message, kind: str) -> str:
    for part in message.walk():
        if part.get_content_type() == kind and part.get_content_disposition() != "attachment":
            data = part.get_payload(decode=True)
            if isinstance(data, bytes):
                return _text(data, part.get_content_charset() or "utf-8")
    return ""


def _text(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset, errors="replace")
    except LookupError:
        return data.decode("utf-8", errors="replace")
