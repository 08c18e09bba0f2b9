"""An issue as plain frozen data: everything its readers will see and nothing else. What editions render.

The content hash covers all of it, the design and the newsletter's facts included: two equal hashes are one mail.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.issues.brand import DESIGNS
from curator.issues.compose import get_issue
from curator.issues.markdown import to_html, to_text
from curator.issues.models import Design, Issue, Item, Newsletter, Section
from curator.issues.own_designs import find_design, get_version, newest_version
from curator.sources.models import Picture


@dataclass(frozen=True)
class PictureContent:
    """A stored picture; `sha256` is hex, sizes are pixels. The web serves it at /pictures/{sha256}.

    `small` is the same picture for a narrow place; None when it is narrow itself.
    """

    sha256: str
    width: int
    height: int
    media_type: str
    alt: str
    small: "PictureContent | None" = None


@dataclass(frozen=True)
class ItemContent:
    """One item. The blurb is there twice: as safe HTML and as plain text. `credit`: names of who suggested it."""

    id: int
    title: str
    address: str | None
    site: str
    author: str
    blurb_html: str
    blurb_text: str
    picture: PictureContent | None
    reading_minutes: int | None
    credit: str = ""


@dataclass(frozen=True)
class SectionContent:
    """A section with its items in order. `label` marks sponsored content."""

    name: str
    label: str
    minimum: int
    maximum: int | None
    items: tuple[ItemContent, ...]


@dataclass(frozen=True)
class OwnDesign:
    """One version of a design that people wrote. Files it lacks are those of `based_on`, one of ours."""

    version_id: int
    number: int
    based_on: str
    files: dict[str, str]


@dataclass(frozen=True)
class NewsletterContent:
    """The newsletter's facts that stand in a mail. `own_design` is what they wrote; None: `design` is one of ours."""

    id: int
    slug: str
    name: str
    description: str
    from_name: str
    from_address: str
    reply_to: str | None
    language: str
    timezone: str
    tracking: str
    postal_address: str
    accent: str
    accent_night: str
    paper: str
    heading_font: str
    text_font: str
    logo: PictureContent | None
    header_html: str
    header_text: str
    footer_html: str
    footer_text: str
    design: str
    own_design: OwnDesign | None


@dataclass(frozen=True)
class IssueContent:
    """A whole issue. `content_hash` is SHA-256 over every other field."""

    issue_id: int
    number: int
    subject: str
    preheader: str
    intro_html: str
    intro_text: str
    outro_html: str
    outro_text: str
    sections: tuple[SectionContent, ...]
    newsletter: NewsletterContent
    content_hash: bytes = b""


def load_content(session: Session, issue_id: int) -> IssueContent:
    """The issue as it stands now, with its hash; `NotFound` when there is none."""
    issue = get_issue(session, issue_id)
    pictures = _pictures(session, issue)
    content = IssueContent(
        issue_id=issue.id,
        number=issue.number,
        subject=issue.subject,
        preheader=issue.preheader,
        intro_html=to_html(issue.intro),
        intro_text=to_text(issue.intro),
        outro_html=to_html(issue.outro),
        outro_text=to_text(issue.outro),
        sections=tuple(_section(section, pictures) for section in issue.sections),
        newsletter=newsletter_content(session, issue.newsletter),
    )
    return dataclasses.replace(content, content_hash=hash_content(content))


def hash_content(content: IssueContent) -> bytes:
    """SHA-256 over every field of `content` but the hash itself."""
    facts = dataclasses.asdict(dataclasses.replace(content, content_hash=b""), dict_factory=_without_what_is_absent)
    del facts["content_hash"]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, ensure_ascii=True).encode("ascii")).digest()


def _without_what_is_absent(facts: list[tuple[str, Any]]) -> dict[str, Any]:
    """What was approved before pictures had a second size, and items a credit, stays approved: absent is not hashed."""
    return {name: value for name, value in facts if (name, value) not in (("small", None), ("credit", ""))}


def newsletter_content(session: Session, newsletter: Newsletter) -> NewsletterContent:
    """The facts of a newsletter that stand in a mail, as they are now."""
    return NewsletterContent(
        id=newsletter.id,
        slug=newsletter.slug,
        name=newsletter.name,
        description=newsletter.description,
        from_name=newsletter.from_name,
        from_address=newsletter.from_address,
        reply_to=newsletter.reply_to,
        language=newsletter.language,
        timezone=newsletter.timezone,
        tracking=str(newsletter.tracking),
        postal_address=newsletter.postal_address,
        accent=newsletter.accent,
        accent_night=newsletter.accent_night,
        paper=newsletter.paper,
        heading_font=newsletter.heading_font,
        text_font=newsletter.text_font,
        logo=_picture(newsletter.logo, newsletter.name) if newsletter.logo else None,
        header_html=to_html(newsletter.header),
        header_text=to_text(newsletter.header),
        footer_html=to_html(newsletter.footer),
        footer_text=to_text(newsletter.footer),
        design=newsletter.design,
        own_design=_own_design(session, newsletter),
    )


def _own_design(session: Session, newsletter: Newsletter) -> OwnDesign | None:
    """The newest version of the newsletter's design, where it is its own."""
    if newsletter.design in DESIGNS:
        return None
    return own_design(session, find_design(session, newsletter.id, newsletter.design))


def own_design(session: Session, design: Design, number: int | None = None) -> OwnDesign:
    """A version of a design as content has it: the newest, or the one with this number."""
    version = newest_version(session, design.id) if number is None else get_version(session, design.id, number)
    return OwnDesign(version.id, version.number, design.based_on, dict(version.files))


def _section(section: Section, pictures: dict[int, Picture]) -> SectionContent:
    return SectionContent(
        name=section.name,
        label=section.label,
        minimum=section.minimum,
        maximum=section.maximum,
        items=tuple(_item(item, pictures) for item in section.items),
    )


def _item(item: Item, pictures: dict[int, Picture]) -> ItemContent:
    picture = pictures.get(item.picture_id) if item.picture_id else None
    return ItemContent(
        id=item.id,
        title=item.title,
        address=item.address,
        site=item.site,
        author=item.author,
        blurb_html=to_html(item.blurb),
        blurb_text=to_text(item.blurb),
        picture=_picture(picture, item.picture_alt) if picture else None,
        reading_minutes=item.reading_minutes,
        credit=item.credit,
    )


def _picture(picture: Picture, alt: str) -> PictureContent:
    return PictureContent(
        sha256=picture.sha256.hex(),
        width=picture.width,
        height=picture.height,
        media_type=picture.media_type,
        alt=alt,
        small=_picture(picture.small, alt) if picture.small else None,
    )


def _pictures(session: Session, issue: Issue) -> dict[int, Picture]:
    ids = {item.picture_id for section in issue.sections for item in section.items if item.picture_id}
    found = session.scalars(select(Picture).where(Picture.id.in_(ids))) if ids else ()
    return {picture.id: picture for picture in found}
