"""The sections every new issue of a newsletter starts with: the defaults per language, and the rules for changes."""

from collections.abc import Mapping, Sequence
from typing import Any

from curator.errors import Invalid
from curator.issues.text import clean_line

MOST_SECTIONS = 12

_NAMES = {
    "nl": ("Hoofdverhaal", "Nieuws", "Achtergrond", "Kort"),
    "en": ("Top story", "News", "In depth", "In brief"),
    "de": ("Titelgeschichte", "Nachrichten", "Hintergrund", "Kurz"),
    "fr": ("À la une", "Actualités", "Décryptage", "En bref"),
    "ar": ("القصة الرئيسية", "أخبار", "خلفيات", "باختصار"),
    "he": ("הסיפור המרכזי", "חדשות", "לעומק", "בקצרה"),
    "fa": ("خبر اصلی", "اخبار", "تحلیل", "کوتاه"),
    "ur": ("اہم خبر", "خبریں", "پس منظر", "مختصراً"),
}
_BOUNDS: tuple[tuple[int, int | None], ...] = ((1, 1), (2, 4), (1, 3), (0, 5))


def default_sections(language: str) -> list[dict[str, Any]]:
    """The four sections of a new newsletter in its language: {name, minimum, maximum, label, sponsored}."""
    names = _NAMES.get(language, _NAMES["en"])
    return [
        {"name": name, "minimum": minimum, "maximum": maximum, "label": "", "sponsored": False}
        for name, (minimum, maximum) in zip(names, _BOUNDS, strict=True)
    ]


def check_sections(sections: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The sections cleaned; `Invalid` names the section and what is wrong with it."""
    if not 1 <= len(sections) <= MOST_SECTIONS:
        raise Invalid(f"A newsletter has 1 to {MOST_SECTIONS} sections; {len(sections)} were given.")
    checked = [_check(section) for section in sections]
    seen: set[str] = set()
    for section in checked:
        if section["name"].casefold() in seen:
            raise Invalid(f"Two sections are named “{section['name']}”. Give each its own name.")
        seen.add(section["name"].casefold())
    return checked


def _check(section: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(section) - {"name", "minimum", "maximum", "label", "sponsored"}
    if unknown:
        raise Invalid(f"A section has name, minimum, maximum, label and sponsored, not {', '.join(sorted(unknown))}.")
    name = section_name(section.get("name") or "")
    minimum, maximum = check_bounds(name, section.get("minimum") or 0, section.get("maximum"))
    label = clean_line(str(section.get("label") or ""), limit=60, what="The label")
    is_sponsored = bool(section.get("sponsored"))
    check_sponsored(name, label, maximum, is_sponsored=is_sponsored)
    return {"name": name, "minimum": minimum, "maximum": maximum, "label": label, "sponsored": is_sponsored}


def check_sponsored(name: str, label: str, maximum: int | None, *, is_sponsored: bool) -> None:
    """`Invalid` for a sponsored section that readers could not tell from the others, or that has no limit."""
    if is_sponsored and not label:
        raise Invalid(f"“{name}” is sponsored: give it a label readers see, such as “Advertisement”.", field="label")
    if is_sponsored and maximum is None:
        raise Invalid(f"“{name}” is sponsored: say how many items it may have at most.", field="maximum")


def section_name(name: str) -> str:
    """A section's name as it is stored: one line, not empty."""
    cleaned = clean_line(str(name), limit=80, what="The section's name")
    if not cleaned:
        raise Invalid("A section needs a name.")
    return cleaned


def check_bounds(name: str, minimum: Any, maximum: Any) -> tuple[int, int | None]:
    """Whole numbers with 0 <= minimum <= maximum <= 99; maximum None is no limit."""
    try:
        low = int(minimum)
        high = None if maximum in (None, "") else int(maximum)
    except (TypeError, ValueError):
        raise Invalid(f"“{name}”: minimum and maximum must be whole numbers.") from None
    if not 0 <= low <= 99 or (high is not None and not max(low, 1) <= high <= 99):
        raise Invalid(f"“{name}”: the maximum must be at least 1 and not below the minimum, and neither above 99.")
    return low, high
