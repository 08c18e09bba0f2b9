"""Mails outside an issue, each a triple found by name and language: templates/notices/<name>/<language>/.

No tracking, no one-click header, nothing a stranger typed: only facts of ours and of the newsletter.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from curator.editions import colours
from curator.editions.designs import render_template, templates_folder
from curator.editions.document import sides
from curator.editions.headers import checked_address, mailbox_field, subject_field, verbatim_field
from curator.editions.plain_text import wrap
from curator.editions.quoted import encode_with_slots
from curator.editions.slots import Marks
from curator.editions.wording import FALLBACK
from curator.errors import NotFound
from curator.issues.content import NewsletterContent
from curator.issues.models import Newsletter

PRODUCT = "Curator"

_NO_MARKS = Marks(b"notice")


def build_notice(
    name: str,
    data: Mapping[str, Any],
    *,
    language: str,
    newsletter: NewsletterContent | Newsletter | None,
    to: str,
    message_id: uuid.UUID,
    public_url: str,
    now: datetime,
    inbound_domain: str = "",
) -> bytes:
    """The message (7-bit, CRLF, no line starting with a dot) of the notice `name`.

    `data` fills its templates: confirmation takes link and days, sign-in link and minutes, thanks link and stop.
    `newsletter` signs it, else the installation does. `now` is aware.
    """
    sender_name, sender = notice_sender(newsletter, public_url=public_url, inbound_domain=inbound_domain)
    folder = f"notices/{name}/{_language_of(name, language)}"
    values = {
        **data,
        "language": _language_of(name, language),
        **sides(_language_of(name, language)),
        "newsletter": newsletter.name if newsletter else PRODUCT,
        "sender": sender_name,
        "postal_lines": _postal_lines(newsletter),
        "light": dict(colours.light(newsletter.accent, newsletter.paper) if newsletter else colours.light("")),
        "dark": dict(colours.dark((newsletter.accent_night or newsletter.accent) if newsletter else "")),
    }
    values["subject"] = render_template(f"{folder}/subject.txt", values, escaped=False).strip()
    text = wrap(render_template(f"{folder}/body.txt", values, escaped=False).strip())
    page = render_template(f"{folder}/body.html", values).strip()
    head = _headers(values["subject"], sender_name, sender, to, message_id, now)
    return head + _body(f"{text}\n\n--\n{_signature(values)}", page, message_id)


def notice_sender(
    newsletter: NewsletterContent | Newsletter | None, *, public_url: str, inbound_domain: str = ""
) -> tuple[str, str]:
    """Display name and address a notice comes from: the newsletter's own, else this installation's."""
    if newsletter is not None:
        return newsletter.from_name or newsletter.name, checked_address(newsletter.from_address)
    host = urlsplit(public_url).hostname or "localhost"
    is_name = not host.replace(".", "").isdecimal() and ":" not in host
    return PRODUCT, f"curator@{inbound_domain or (host if is_name else 'localhost')}"


def _language_of(name: str, language: str) -> str:
    """The language its templates come in; `NotFound` when there is no such notice at all."""
    for candidate in (language, FALLBACK):
        if candidate.isalpha() and (templates_folder() / "notices" / name / candidate / "body.html").is_file():
            return candidate
    raise NotFound(f"There is no notice “{name}” in templates/notices.", name=name)


def _postal_lines(newsletter: NewsletterContent | Newsletter | None) -> list[str]:
    return [line for line in (newsletter.postal_address if newsletter else "").splitlines() if line.strip()]


def _signature(values: Mapping[str, Any]) -> str:
    return "\n".join([values["sender"], *values["postal_lines"]]) + "\n"


def _headers(subject: str, name: str, sender: str, to: str, message_id: uuid.UUID, now: datetime) -> bytes:
    domain = sender.rpartition("@")[2].lower()
    return b"".join(
        [
            mailbox_field("From", name, sender),
            verbatim_field("To", checked_address(to)),
            subject_field(subject),
            verbatim_field("Date", format_datetime(now)),
            verbatim_field("Message-ID", f"<{message_id.hex}@{domain}>"),
            verbatim_field("Auto-Submitted", "auto-generated"),
            verbatim_field("MIME-Version", "1.0"),
        ]
    )


def _body(text: str, page: str, message_id: uuid.UUID) -> bytes:
    boundary = f"=_{message_id.hex}"
    kinds = (("plain", text), ("html", page))
    parts = [
        f"--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n".encode()
        + b"".join(part for part in encode_with_slots(body, _NO_MARKS) if isinstance(part, bytes))
        + b"\r\n"
        for kind, body in kinds
    ]
    head = f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'.encode()
    return head + b"".join(parts) + f"--{boundary}--\r\n".encode()
