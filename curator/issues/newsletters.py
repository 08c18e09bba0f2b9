"""Newsletters: making, finding and changing them. Every field is checked here, whoever asks.

Changes are written to the audit chain. Nothing here knows about relays beyond keeping the id of one.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.accounts.audit import record
from curator.errors import Conflict, Invalid, NotFound
from curator.issues.brand import CLASSIC, DESIGNS, check_colour, check_colour_or_none, check_font
from curator.issues.deadlines import move_deadlines
from curator.issues.models import Design, Newsletter, Tracking
from curator.issues.section_template import check_sections, default_sections
from curator.issues.text import clean_line, clean_text

LANGUAGES = {
    "nl": "Nederlands",
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "ar": "العربية",
    "he": "עברית",
    "fa": "فارسی",
    "ur": "اردو",
}
MOST_WEEKS = 52
"""Longest time candidates nobody touched stay listed."""
MOST_BLOCK_CHARACTERS = 2_000

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def create_newsletter(
    session: Session,
    slug: str,
    *,
    name: str,
    from_address: str,
    language: str = "nl",
    tracking: str = Tracking.INDIVIDUAL,
    from_name: str | None = None,
    timezone: str = "Europe/Amsterdam",
    description: str = "",
    section_template: Sequence[Mapping[str, Any]] | None = None,
) -> Newsletter:
    """A new newsletter with its sections; `Conflict` when the slug is taken, `Invalid` for a field that is wrong."""
    values = _checked(
        {
            "name": name,
            "from_address": from_address,
            "language": language,
            "tracking": tracking,
            "from_name": from_name or name,
            "timezone": timezone,
            "description": description,
            "section_template": default_sections(language) if section_template is None else section_template,
        }
    )
    statement = insert(Newsletter).values(slug=check_slug(slug), **values)
    created: Newsletter | None = session.scalar(
        statement.on_conflict_do_nothing(index_elements=["slug"]).returning(Newsletter)
    )
    if created is None:
        raise Conflict(f"There is already a newsletter at “{slug}”. Choose another short name.", slug=slug)
    return created


def get_newsletter(session: Session, slug: str) -> Newsletter:
    """The newsletter with this slug, or `NotFound`."""
    found = session.scalar(select(Newsletter).where(Newsletter.slug == slug)) if "\x00" not in slug else None
    if found is None:
        raise NotFound(f"There is no newsletter “{slug}”. `curator newsletters list` shows them.", slug=slug)
    return found


def list_newsletters(session: Session) -> list[Newsletter]:
    """All newsletters by name."""
    return list(session.scalars(select(Newsletter).order_by(Newsletter.name, Newsletter.id)))


def change_newsletter(session: Session, newsletter: Newsletter, by: str, **fields: Any) -> Newsletter:
    """Set the named fields, all or none; `Invalid` for an unknown field or a value that is wrong."""
    values = _checked(fields)
    if values.get("design", CLASSIC) not in DESIGNS:
        _check_own_design(session, newsletter, values["design"])
    changed = {field: value for field, value in values.items() if getattr(newsletter, field) != value}
    former_zone = newsletter.timezone
    for field, value in changed.items():
        setattr(newsletter, field, value)
    session.flush()
    if "timezone" in changed:
        move_deadlines(session, newsletter, former_zone)
    if changed:
        record(session, by, "newsletter.changed", "newsletter", newsletter.id, fields=sorted(changed))
    return newsletter


def _check_own_design(session: Session, newsletter: Newsletter, name: str) -> None:
    kept = select(Design.id).where(Design.newsletter_id == newsletter.id, Design.deleted_at.is_(None))
    # Locked for sharing: nobody deletes it while it is chosen.
    if session.scalar(kept.where(Design.name == name).with_for_update(read=True)) is None:
        raise Invalid(
            f"There is no design “{name}”. Choose {', '.join(DESIGNS)}, or one of the newsletter's own.", field="design"
        )


def check_slug(slug: str) -> str:
    """The short name in addresses: small letters, digits and hyphens, 1 to 50."""
    if not _SLUG.fullmatch(slug):
        raise Invalid(
            "The short name has small letters, digits and hyphens only, starts and ends with a letter or digit, "
            "and is at most 50 long; for example tech-weekly.",
            field="slug",
        )
    return slug


def check_sender_address(value: str) -> str:
    """One plain mail address, domain in lower-case IDNA form. Lists, names, comments and literals are refused."""
    local, at, domain = value.strip().rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower() if not domain.isascii() else domain.lower()
    except UnicodeError:
        ascii_domain = ""
    labels = ascii_domain.split(".")
    is_good = (
        bool(at)
        and len(value) <= 254
        and len(local) <= 64
        and _LOCAL.fullmatch(local) is not None
        and len(labels) >= 2
        and all(_DOMAIN_LABEL.fullmatch(label) for label in labels)
    )
    if not is_good:
        raise Invalid("Give one plain mail address, such as redactie@example.org.", field="from_address")
    return f"{local}@{ascii_domain}"


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(fields) - set(_RULES)
    if unknown:
        raise Invalid(f"A newsletter has no field {', '.join(sorted(unknown))}.", fields=sorted(unknown))
    values = {}
    for field, value in fields.items():
        try:
            values[field] = _RULES[field](value)
        except Invalid as error:
            raise Invalid(error.message, **{**error.facts, "field": field}) from None
    return values


def _line(what: str, limit: int, is_required: bool = True) -> Callable[[Any], str]:
    def rule(value: Any) -> str:
        line = clean_line(str(value or ""), limit=limit, what=what)
        if is_required and not line:
            raise Invalid(f"{what} is missing.")
        return line

    return rule


def _language(value: Any) -> str:
    if value not in LANGUAGES:
        raise Invalid(f"The language is one of {', '.join(LANGUAGES)}; “{value}” is not.")
    return str(value)


def _timezone(value: Any) -> str:
    if value not in available_timezones():
        raise Invalid(f"“{value}” is not a time zone; give one like Europe/Amsterdam.")
    return str(value)


def _tracking(value: Any) -> Tracking:
    try:
        return Tracking(value)
    except ValueError:
        raise Invalid(f"Tracking is one of {', '.join(Tracking)}; “{value}” is not.") from None


def _weeks(value: Any) -> int | None:
    if str(value or "").strip() in ("", "0"):
        return None
    if not str(value).strip().isdecimal() or int(value) > MOST_WEEKS:
        raise Invalid(f"Give whole weeks up to {MOST_WEEKS}, or leave it empty.")
    return int(value)


def _postal_address(value: Any) -> str:
    return clean_text(str(value or ""), limit=400, what="The postal address").strip()


_RULES: dict[str, Callable[[Any], Any]] = {
    "name": _line("The name", 120),
    "description": _line("The description", 500, is_required=False),
    "from_name": _line("The sender's name", 120),
    "from_address": lambda value: check_sender_address(str(value)),
    "reply_to": lambda value: check_sender_address(str(value)) if value else None,
    "language": _language,
    "timezone": _timezone,
    "tracking": _tracking,
    "postal_address": _postal_address,
    "accent": check_colour,
    "accent_night": check_colour_or_none,
    "paper": check_colour_or_none,
    "heading_font": check_font,
    "text_font": check_font,
    "logo_id": lambda value: int(value) if value else None,
    "header": lambda value: clean_text(str(value or ""), limit=MOST_BLOCK_CHARACTERS, what="The header").strip(),
    "footer": lambda value: clean_text(str(value or ""), limit=MOST_BLOCK_CHARACTERS, what="The footer").strip(),
    "design": _line("The design", 60),
    "section_template": check_sections,
    "candidate_weeks": _weeks,
    "needs_approval": bool,
    "takes_suggestions": bool,
    "thanks_contributors": bool,
    "relay_id": lambda value: int(value) if value else None,
}
