"""An issue as the plain data a design is given: strings, numbers, lists and dictionaries, never objects of ours.

Keys that end in `_html` hold HTML that is already safe. Everything a reader's copy differs in is a mark (see slots).
"""

import html
import re
import unicodedata
from typing import Any

from curator.editions import colours
from curator.editions.slots import Marks
from curator.editions.wording import phrase, wording, written_language
from curator.issues.brand import font_stack, logo_size
from curator.issues.content import IssueContent, ItemContent, PictureContent, SectionContent

COLUMN = 536
THUMBNAIL = 160
TALLEST = 240
_PHONE = 360

RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
"""Languages (ISO 639) written from right to left."""

_NAME = re.compile(r"\{name\|([^{}|<>]{0,40})\}")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")


def describe(content: IssueContent, marks: Marks, *, public_url: str, banner: str = "") -> dict[str, Any]:
    """The data of an issue for its design. `banner` is a line above the masthead; empty for readers."""
    newsletter = content.newsletter
    language = newsletter.language
    sections = [section for section in content.sections if section.items]
    return {
        "language": language,
        "wording_language": written_language(language),
        **sides(language),
        "subject": clean(content.subject),
        "preheader": clean(content.preheader),
        "number": phrase(language, "issue", number=content.number),
        "day": marks.mark("day"),
        "banner": banner,
        "newsletter": {
            "name": clean(newsletter.name),
            "description": clean(newsletter.description),
            "sender": clean(newsletter.from_name or newsletter.name),
            "logo": _logo(newsletter.logo, public_url) if newsletter.logo else None,
            "postal_lines": [clean(line) for line in newsletter.postal_address.splitlines() if line.strip()],
        },
        "wording": {key: value for key, value in wording(language).items() if isinstance(value, str)},
        "why": phrase(language, "why", newsletter=clean(newsletter.name)),
        "fonts": {"heading": font_stack(newsletter.heading_font), "text": font_stack(newsletter.text_font)},
        "header_html": named_html(newsletter.header_html, marks),
        "footer_html": named_html(newsletter.footer_html, marks),
        "header_direction": direction(html.unescape(newsletter.header_html), language),
        "footer_direction": direction(html.unescape(newsletter.footer_html), language),
        "intro_html": named_html(content.intro_html, marks),
        "outro_html": named_html(content.outro_html, marks),
        "intro_direction": direction(html.unescape(content.intro_html), language),
        "outro_direction": direction(html.unescape(content.outro_html), language),
        "contents": [clean(section.name) for section in sections] if len(sections) > 2 else [],
        "sections": [_section(section, marks, language, public_url) for section in sections],
        "addresses": {
            "leave": f"{public_url}/u/{marks.mark('leave')}",
            "preferences": f"{public_url}/p/{marks.mark('preferences')}",
            "view": f"{public_url}/v/{marks.mark('view')}",
        },
        "light": dict(colours.light(newsletter.accent, newsletter.paper)),
        "dark": dict(colours.dark(newsletter.accent_night or newsletter.accent)),
    }


def sides(language: str) -> dict[str, str]:
    """Which way the mail runs: `start` and `end` are the sides lines begin and end on."""
    if language in RIGHT_TO_LEFT:
        return {"direction": "rtl", "start": "right", "end": "left"}
    return {"direction": "ltr", "start": "left", "end": "right"}


def clean(text: str) -> str:
    """Text that HTML can hold: no controls but tab and line feed, no lone surrogates."""
    return _CONTROLS.sub("", text.encode("utf-8", "replace").decode("utf-8"))


def direction(text: str, language: str) -> str:
    """`rtl` or `ltr` by the first letter that has a direction, tags left out (Unicode bidirectional algorithm, P2).

    In a language that runs from right to left a line stays so when it merely begins with a foreign name.
    """
    kinds = (unicodedata.bidirectional(character) for character in re.sub(r"<[^>]*>", "", text[:2000]))
    found = ["ltr" if kind == "L" else "rtl" for kind in kinds if kind in ("L", "R", "AL")]
    if language in RIGHT_TO_LEFT:
        return "rtl" if "rtl" in found or not found else "ltr"
    return found[0] if found else "ltr"


def named_html(text: str, marks: Marks) -> str:
    """HTML in which `{name|reader}` became a slot for the reader's name, with `reader` for who gave none."""
    return _NAME.sub(lambda found: marks.mark("name_html", html.unescape(found[1])), clean(text))


def named_text(text: str, marks: Marks) -> str:
    """The same for plain text."""
    return _NAME.sub(lambda found: marks.mark("name_text", found[1]), clean(text))


def read_on(item: ItemContent, language: str) -> str:
    """The text of the link to the article: says where it leads."""
    if item.site.strip():
        return phrase(language, "read_on", site=clean(item.site))
    return phrase(language, "read_on_here", title=clean(item.title))


def facts_line(item: ItemContent, language: str) -> str:
    """Site, author and reading time in one line, as far as they are known."""
    facts = [clean(item.site)]
    if item.author.strip():
        facts.append(phrase(language, "by", author=clean(item.author)))
    if item.reading_minutes:
        facts.append(phrase(language, "minutes", minutes=item.reading_minutes))
    return " · ".join(fact for fact in facts if fact.strip())


def credit_line(item: ItemContent, language: str) -> str:
    """Who suggested it, in words; "" when nobody is named."""
    return phrase(language, "suggested_by", names=clean(item.credit)) if item.credit.strip() else ""


def picture_address(picture: PictureContent, public_url: str) -> str:
    """Where the web serves a stored picture."""
    ending = {"image/png": "png", "image/webp": "webp"}.get(picture.media_type, "jpg")
    return f"{public_url}/pictures/{picture.sha256}.{ending}"


def _section(section: SectionContent, marks: Marks, language: str, public_url: str) -> dict[str, Any]:
    return {
        "name": clean(section.name),
        "label": clean(section.label),
        "direction": direction(section.name, language),
        "items": [
            _item(item, marks, language, public_url, is_first=position == 0)
            for position, item in enumerate(section.items)
        ],
    }


def _item(item: ItemContent, marks: Marks, language: str, public_url: str, *, is_first: bool) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": clean(item.title),
        "address": item.address or "",
        "site": clean(item.site),
        "author": clean(item.author),
        "facts": facts_line(item, language),
        "blurb_html": named_html(item.blurb_html, marks),
        "direction": direction(item.title, language),
        "blurb_direction": direction(html.unescape(item.blurb_html), language),
        "read_on": read_on(item, language),
        "credit": credit_line(item, language),
        "is_first": is_first,
        "picture": _picture(item.picture, public_url, is_first) if item.picture else None,
    }


def _logo(picture: PictureContent, public_url: str) -> dict[str, Any]:
    """The logo at the size it stands at. A transparent one was drawn for a light ground and keeps it by night."""
    width, height = logo_size(picture.width, picture.height)
    return {
        "address": picture_address(picture, public_url),
        "width": width,
        "height": height,
        "is_transparent": picture.media_type == "image/png",
    }


def _picture(picture: PictureContent, public_url: str, is_first: bool) -> dict[str, Any]:
    """A wide picture of a section's first item fills the column; every other one is small, beside the text.

    `may_grow`: fills the width of a phone where the mail program allows it. Never larger than it is, and a tower beside
    its text stays a thumbnail.
    """
    is_wide = picture.height * 4 <= picture.width * 3
    is_large = is_first and is_wide and picture.width >= COLUMN
    shown = picture if is_large else picture.small or picture
    across = TALLEST * picture.width // max(1, picture.height)
    width = min(picture.width, COLUMN if is_large else max(1, min(THUMBNAIL, across)))
    return {
        "address": picture_address(shown, public_url),
        "alt": clean(picture.alt),
        "is_large": is_large,
        "may_grow": is_wide and picture.width >= _PHONE,
        "full_width": picture.width,
        "full_height": max(1, picture.height),
        "width": width,
        "height": max(1, round(picture.height * width / max(1, picture.width))),
    }
