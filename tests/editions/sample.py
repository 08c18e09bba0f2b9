"""One invented issue in two languages, and how tests of this stage turn it into a message."""

import dataclasses
import hashlib
import uuid
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from curator.editions.compile import compile_message
from curator.editions.dkim import DomainKey
from curator.editions.merge import Merger, Reader
from curator.editions.render import render_issue
from curator.issues.content import (
    IssueContent,
    ItemContent,
    NewsletterContent,
    OwnDesign,
    PictureContent,
    SectionContent,
    hash_content,
)
from curator.issues.models import Tracking
from curator.tokens import Signer

PUBLIC_URL = "https://desk.example.org"
SIGNER = Signer({1: b"k" * 32})
EDITION = 31
MOMENT = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
READER = Reader(
    address="sanne@example.com",
    name="Sanne",
    message_row_id=501,
    message_id=uuid.UUID("6f9d7c52-0a4b-4f0e-9a6f-3d1f6f1d2a11"),
    subscription_id=77,
    is_individual=True,
)


def picture(seed: str, width: int, height: int, alt: str) -> PictureContent:
    """A stored picture, by a name that stands for its bytes."""
    return PictureContent(hashlib.sha256(seed.encode()).hexdigest(), width, height, "image/jpeg", alt)


def item(number: int, title: str, **changes: Any) -> ItemContent:
    """An item with an address of its own."""
    facts: dict[str, Any] = {
        "id": number,
        "title": title,
        "address": f"https://nieuws.example.org/artikel/{number}?a=1&b=2",
        "site": "nieuws.example.org",
        "author": "",
        "blurb_html": f"<p>Het verhaal achter nummer {number}.</p>",
        "blurb_text": f"Het verhaal achter nummer {number}.",
        "picture": None,
        "reading_minutes": 4,
    }
    return ItemContent(**(facts | changes))


def newsletter(**changes: Any) -> NewsletterContent:
    """A newsletter that measures individually."""
    facts: dict[str, Any] = {
        "id": 1,
        "slug": "techweek",
        "name": "De Week in Techniek",
        "description": "Elke maandag het nieuws dat blijft hangen",
        "from_name": "De Week in Techniek",
        "from_address": "redactie@nieuws.example.org",
        "reply_to": "antwoord@example.org",
        "language": "nl",
        "timezone": "Europe/Amsterdam",
        "tracking": "individual",
        "postal_address": "Stichting Techniekweek\nGracht 1\n1015 CC Amsterdam",
        "accent": "#0b5cad",
        "accent_night": "",
        "paper": "",
        "heading_font": "",
        "text_font": "",
        "logo": None,
        "header_html": "",
        "header_text": "",
        "footer_html": "",
        "footer_text": "",
        "design": "classic",
        "own_design": None,
    }
    return NewsletterContent(**(facts | changes))


def written(page: str, based_on: str = "classic", **files: str) -> dict[str, Any]:
    """The facts of a newsletter with a design of its own, whose page is `page`."""
    return {"design": "Ours", "own_design": OwnDesign(3, 2, based_on, {"issue.html": page, **files})}


def section(name: str, *items: ItemContent, **changes: Any) -> SectionContent:
    """A section without bounds."""
    facts: dict[str, Any] = {"label": "", "minimum": 0, "maximum": None}
    return SectionContent(name=name, items=items, **(facts | changes))


def issue(newsletter_changes: dict[str, Any] | None = None, **changes: Any) -> IssueContent:
    """An issue with every kind of item; `changes` replace its own fields, `newsletter_changes` its newsletter's."""
    facts: dict[str, Any] = {
        "issue_id": 7,
        "number": 12,
        "subject": "Eigen rekenkracht, en een batterij die in negen minuten laadt",
        "preheader": "Plus: elf gemeenten delen hun code",
        "intro_html": '<p>Goedemorgen {name|lezer},</p><p>Over <a href="https://example.org/kracht">kracht</a>.</p>',
        "intro_text": "Goedemorgen {name|lezer},\n\nOver kracht (https://example.org/kracht).",
        "outro_html": "<p>Tot volgende week.</p>",
        "outro_text": "Tot volgende week.",
        "sections": (
            section("Hoofdverhaal", item(1, "Een datacenter in Essonne", picture=picture("a", 1200, 675, "Bouwput"))),
            section(
                "Nieuws",
                item(2, "Batterij laadt snel", author="Noor Visser"),
                item(3, "Gemeenten delen code", picture=picture("b", 600, 400, "Stadhuis")),
            ),
            section(
                "Partner", item(4, "Leer PostgreSQL", picture=picture("c", 480, 480, "Laptop")), label="Advertentie"
            ),
        ),
        "newsletter": newsletter(**(newsletter_changes or {})),
    }
    content = IssueContent(**(facts | changes))
    return dataclasses.replace(content, content_hash=hash_content(content))


def english_issue() -> IssueContent:
    """The same issue in English, without measuring."""
    return issue(
        {"language": "en", "name": "Tech Weekly", "from_name": "Tech Weekly", "description": "", "tracking": "off"},
        subject="A battery that charges in nine minutes",
        preheader="And: eleven cities share their code",
        intro_html="<p>Good morning {name|reader},</p>",
        intro_text="Good morning {name|reader},",
        outro_html="",
        outro_text="",
        sections=(
            section("Top story", item(1, "A data centre in Essonne", picture=picture("a", 1200, 675, "Building site"))),
            section("News", item(2, "Battery charges fast"), item(3, "Cities share code")),
        ),
    )


def far_issue() -> IssueContent:
    """An issue with right-to-left text, emoji, and titles that look like code."""
    return issue(
        subject="أخبار التقنية 🚀 — week 48",
        sections=(
            section(
                "العالم",
                item(
                    1,
                    "مرحبا بالعالم: أخبار التقنية 🚀",
                    blurb_html="<p>هذا نص تجريبي.</p>",
                    blurb_text="هذا نص تجريبي.",
                ),
                item(2, "Titel met {{7*7}} en <script>alert(1)</script> 👩🏽‍💻"),
            ),
        ),
    )


def merger(content: IssueContent, *, inbound_domain: str = "", domain_key: DomainKey | None = None) -> Merger:
    """The merger of an issue, through renderer and compiler."""
    rendered = render_issue(content, public_url=PUBLIC_URL)
    segments = compile_message(content, rendered, public_url=PUBLIC_URL, inbound_domain=inbound_domain)
    return Merger(
        segments,
        edition_id=EDITION,
        tracking=Tracking(content.newsletter.tracking),
        signer=SIGNER,
        sender_domain=segments.facts["sender_domain"],
        domain_key=domain_key,
    )


def message(content: IssueContent, reader: Reader = READER, now: datetime = MOMENT, inbound_domain: str = "") -> bytes:
    """One reader's message."""
    return merger(content, inbound_domain=inbound_domain).message(reader, now)


def parsed(raw: bytes) -> EmailMessage:
    """A message as a modern parser reads it."""
    return message_from_bytes(raw, policy=policy.default)  # type: ignore[return-value]


def bodies(raw: bytes) -> tuple[str, str]:
    """The text part and the HTML part, decoded."""
    text, page = parsed(raw).iter_parts()
    return text.get_content().replace("\r\n", "\n"), page.get_content()  # type: ignore[attr-defined]


def wire_faults(raw: bytes) -> list[str]:
    """What would go wrong on the wire: line ends, length, 8-bit, dots (RFC 5321 4.5.2, RFC 5322 2.1.1)."""
    lines = raw.split(b"\r\n")
    faults = [f"longer than 998: {line[:40]!r}" for line in lines if len(line) > 998]
    faults += [f"starts with a dot: {line[:40]!r}" for line in lines if line.startswith(b".")]
    faults += [f"bare CR or LF: {line[:40]!r}" for line in lines if b"\r" in line or b"\n" in line]
    faults += ["not 7-bit"] if any(byte > 127 or byte == 0 for byte in raw) else []
    return faults + ([] if raw.endswith(b"\r\n") else ["does not end in CRLF"])
