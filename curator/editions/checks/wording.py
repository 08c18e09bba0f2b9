"""Checks of the words themselves: unfinished places, merge fields without a fallback, years that have passed. Pure."""

import re
from collections.abc import Iterator
from datetime import date

from curator.editions.checks.findings import Finding, Words, words_of
from curator.issues.content import IssueContent
from curator.issues.fixes import Change, Fix

_UNFINISHED = re.compile(r"\bTK(TK)*\b|\bTODO\b|\bXXX\b|lorem ipsum")
_NAMES = r"(?:(?:first|last|full|voor|achter|vor|nach)[_ -]?)?(?:name|naam)|first|last|(?:pr[ée])?nom"  # de, en, fr, nl
_MERGE_FIELD = re.compile(
    rf"\{{\{{[^{{}}]*\}}\}}|\$?\{{\s*(?:{_NAMES})\s*(?:\|[^{{}}]*)?\}}|\[\[\s*(?:{_NAMES})\s*\]\]"
    r"|(?-i:\*?\|[A-Z]+(?:_[A-Z]+)*\|\*?|%[A-Z]+(?:_[A-Z]+)*%)|<%.*?%>",
    re.IGNORECASE,
)
_FILLED = re.compile(r"\{name\|[^{}|<>]{1,40}\}")
_BARE_NAME = re.compile(r"\{\s*(?:name|naam)\s*(?:\|\s*)?\}", re.IGNORECASE)
_NEARLY = re.compile(r"\{\s*(?:name|naam)\s*\|\s*([^{}|<>]{1,40}?)\s*\}", re.IGNORECASE)
_COPYRIGHT = re.compile(r"(?:©|\(c\)|copyright)\s*(?:\d{4}\s*[-–]\s*)?(20\d\d)\b", re.IGNORECASE)
_YEAR = re.compile(r"\b20\d\d\b")
_CALLED = {"nl": "lezer", "de": "Leserin, lieber Leser", "fr": "lectrice, cher lecteur"}


def wording_warnings(content: IssueContent, today: date) -> Iterator[Finding]:
    """What is left in the text that should not be sent. `today` is the day at the newsletter."""
    for words in words_of(content):
        if found := _UNFINISHED.search(words.text):
            yield _in(words, "unfinished", f"“{found[0]}” is still in the text. Finish or remove it.")
        yield from _merge_fields(words, content.newsletter.language)
        yield from _years(words, today)


def _merge_fields(words: Words, language: str) -> Iterator[Finding]:
    """Per text the first field that is not filled, and the first that has no word for who gave no name."""
    fields = [field for field in _MERGE_FIELD.findall(words.text) if not (words.is_filled and _FILLED.fullmatch(field))]
    if bare := next((field for field in fields if words.is_filled and _BARE_NAME.fullmatch(field)), None):
        named = "{name|" + _CALLED.get(language, "reader") + "}"
        message = f"A reader's name needs a word for who gave none: write {named}."
        yield _in(words, "name_without_fallback", message, _rewrite(words, bare, named))
    if unknown := next((field for field in fields if not (words.is_filled and _BARE_NAME.fullmatch(field))), None):
        yield _in(words, "unknown_merge_field", *_unknown(words, unknown))


def _unknown(words: Words, field: str) -> tuple[str, Fix | None]:
    if not words.is_filled:
        return f"“{field}” is not filled in here: readers see it as it stands. Take it out.", None
    message = f"“{field}” is no merge field here: readers see it as it stands. Only {{name|word}} is filled."
    nearly = _NEARLY.fullmatch(field)
    return message, _rewrite(words, field, "{name|" + nearly[1] + "}") if nearly else None


def _years(words: Words, today: date) -> Iterator[Finding]:
    """A copyright of a year gone by, and a subject that speaks of last year: both are left from an earlier issue."""
    found = _COPYRIGHT.search(words.text)
    year, old = (found[1], found[0]) if found else ("", "")
    if not found and words.field in ("subject", "preheader"):
        years = set(_YEAR.findall(words.text))
        year = old = str(today.year - 1) if years == {str(today.year - 1)} else ""
    if year and int(year) < today.year:
        new = old.removesuffix(year) + str(today.year)
        message = f"It says {year}, and it is {today.year}. Is that meant?"
        yield _in(words, "stale_year", message, _rewrite(words, old, new, f"Write {today.year}"))


def _rewrite(words: Words, old: str, new: str, label: str = "") -> Fix | None:
    """The fix that changes a part of these words; None where they are not the issue's."""
    if not words.field:
        return None
    return Fix(Change.REPLACE, label or f"Write {new}", words.field, words.item_id, old=old, new=new)


def _in(words: Words, code: str, message: str, fix: Fix | None = None) -> Finding:
    return Finding(code, message, words.where, words.item_id, words.field, fix)
