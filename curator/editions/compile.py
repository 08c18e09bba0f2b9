"""A rendered issue compiled into segments: all that is the same for every reader is final bytes here.

7-bit, CRLF, quoted-printable, no line starting with a dot. Headers by `headers`; no library serialises a message.
"""

import html
import re
from collections.abc import Sequence
from urllib.parse import quote

from curator.editions.headers import (
    ascii_phrase,
    checked_address,
    mailbox_field,
    subject_field,
    verbatim_field,
)
from curator.editions.quoted import encode_with_slots
from curator.editions.render import Rendered
from curator.editions.segments import Part, Segments, joined
from curator.editions.slots import Marks, Slot
from curator.issues.content import IssueContent, NewsletterContent

_READER_COMMENTS = re.compile(r"<!--/?reader-->")


def compile_message(
    content: IssueContent, rendered: Rendered, *, public_url: str, inbound_domain: str, test_subject: str = ""
) -> Segments:
    """The message of an issue with slots. `test_subject` replaces the issue's own, and the header says it is a test."""
    newsletter = content.newsletter
    marks = Marks(content.content_hash)
    page = _followed(_with_pixel(rendered.html, newsletter, marks, public_url), rendered, newsletter, marks, public_url)
    text = _followed(rendered.text, rendered, newsletter, marks, public_url, is_html=False)
    boundary = f"=_{content.content_hash.hex()[:32]}"
    parts: list[Part] = [
        *_headers(content, test_subject or content.subject, public_url, inbound_domain),
        *([verbatim_field("X-Curator-Test", "yes")] if test_subject else []),
        *_body(encode_with_slots(text, marks), encode_with_slots(page, marks), boundary),
    ]
    facts = {
        "html_bytes": len(page.encode()),
        "text_bytes": len(text.encode()),
        "sender_domain": sender_domain(newsletter.from_address),
        "language": newsletter.language,
        "timezone": newsletter.timezone,
        "tracking": newsletter.tracking,
        "public_url": public_url,
        "slots": sorted({part.name for part in parts if isinstance(part, Slot)}),
    }
    return Segments(joined(parts), facts)


def sender_domain(from_address: str) -> str:
    """The domain of the newsletter's own address: right side of Message-ID and List-Id."""
    return checked_address(from_address).rpartition("@")[2].lower()


def feedback_sender(domain: str) -> str:
    """The last part of Feedback-ID: 5 to 15 characters that stay the same for all mail of a domain."""
    name = re.sub(r"[^a-z0-9-]", "-", domain)[:15].strip("-")
    return name if len(name) >= 5 else f"{name}-mail"


def _headers(content: IssueContent, subject: str, public_url: str, inbound_domain: str) -> list[Part]:
    newsletter = content.newsletter
    domain = sender_domain(newsletter.from_address)
    slug = re.sub(r"[^a-z0-9-]", "-", newsletter.slug.lower())
    reply = mailbox_field("Reply-To", "", newsletter.reply_to) if newsletter.reply_to else b""
    return [
        mailbox_field("From", newsletter.from_name or newsletter.name, newsletter.from_address),
        b"To: ",
        Slot("to"),
        b"\r\n",
        reply,
        subject_field(subject),
        b"Date: ",
        Slot("date"),
        b"\r\nMessage-ID: <",
        Slot("message_id"),
        b">\r\n",
        verbatim_field("List-Id", *_list_id(newsletter, slug, domain)),
        *_leave_field(newsletter, public_url, inbound_domain),
        verbatim_field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        verbatim_field("Feedback-ID", f"{content.issue_id}:{slug[:20]}:newsletter:{feedback_sender(domain)}"),
        verbatim_field("Precedence", "bulk"),
        verbatim_field("MIME-Version", "1.0"),
    ]


def _list_id(newsletter: NewsletterContent, slug: str, domain: str) -> list[str]:
    """The name where ASCII can hold it, and the identifier (RFC 2919); two lines when one is too long."""
    phrase, identifier = ascii_phrase(newsletter.name), f"<{slug}.{domain}>"
    line = f"{phrase} {identifier}".strip()
    return [line] if not phrase or len(line) < 68 else [phrase, identifier]


def _leave_field(newsletter: NewsletterContent, public_url: str, inbound_domain: str) -> list[Part]:
    """List-Unsubscribe (RFC 2369, RFC 8058): one web address for the one-click POST, one address for mail."""
    web = verbatim_field("List-Unsubscribe", f"<{public_url}/u/").removesuffix(b"\r\n")
    if inbound_domain:
        mail: list[Part] = [b"leave+", Slot("leave"), f"@{inbound_domain}>\r\n".encode("ascii")]
    else:
        address = quote(checked_address(newsletter.reply_to or newsletter.from_address), safe="@+")
        mail = [f"{address}?subject=unsubscribe%20".encode("ascii"), Slot("leave"), b">\r\n"]
    return [web, Slot("leave"), b">,\r\n <mailto:", *mail]


def _body(text: Sequence[Part], page: Sequence[Part], boundary: str) -> list[Part]:
    """multipart/alternative, plain text first. `=_` cannot stand in quoted-printable, so the boundary is safe."""
    line = f"--{boundary}".encode("ascii")
    encoding = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    return [
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'.encode("ascii"),
        line + b"\r\nContent-Type: text/plain; charset=utf-8\r\n" + encoding,
        *text,
        b"\r\n" + line + b"\r\nContent-Type: text/html; charset=utf-8\r\n" + encoding,
        *page,
        b"\r\n" + line + b"--\r\n",
    ]


def _with_pixel(page: str, newsletter: NewsletterContent, marks: Marks, public_url: str) -> str:
    if newsletter.tracking == "off":
        return page
    address = html.escape(f"{public_url}/o/")
    pixel = (
        f'<img src="{address}{marks.mark("open")}.gif" width="1" height="1" alt="" '
        'style="display:block;width:1px;height:1px;border:0">'
    )
    head, closing, tail = page.rpartition("</body>")
    return head + pixel + "\n" + closing + tail


def _followed(
    body: str,
    rendered: Rendered,
    newsletter: NewsletterContent,
    marks: Marks,
    public_url: str,
    *,
    is_html: bool = True,
) -> str:
    """Links as this newsletter follows them: counted through us, or straight to their address."""
    escape = html.escape if is_html else str
    if newsletter.tracking == "off":
        addresses = {str(link.number): escape(link.address) for link in rendered.links}
    else:
        start = escape(f"{public_url}/c/") + marks.mark("click")
        addresses = {str(link.number): f"{start}/{link.number}" for link in rendered.links}
    return marks.fill(
        _READER_COMMENTS.sub("", body) if is_html else body,
        lambda slot: addresses[slot.argument] if slot.name == "link" else marks.mark(slot.name, slot.argument),
    )
