"""Checks of the words themselves: unfinished places, merge fields without a fallback, years that have passed. Pure."""

import re
from collections.abc import Iterator
from datetime import date

from curator.editions.checks.findings import Finding, Words, words_of
from curator.issues.content import IssueContent
from curator.issues.fixes import Change, Fix

_UNFINISHED = re.compile(r"\bTK(TK)*\b|\bTODO\b|\bXXX\b|lorem ipsum")
_BARE_NAME = re.compile(r"\{name(\|\s*)?\}")
_UNKNOWN_FIELD = re.compile(
    r"\{\{\s*[\w.]+\s*\}\}|\*\|[A-Z_]+\|\*|\{(first|last|first_?name|voornaam)(\|[^}]*)?\}", re.I
)
_COPYRIGHT = re.compile(r"(?:©|\(c\)|copyright)\s*(?:\d{4}\s*[-–]\s*)?(20\d\d)", re.IGNORECASE)
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
    if found := _BARE_NAME.search(words.text):
        named = "{name|" + _CALLED.get(language, "reader") + "}"
        fix = Fix(Change.REPLACE, f"Write {named}", words.field, words.item_id, old=found[0], new=named)
        message = f"A reader's name needs a word for who gave none: write {named}."
        yield _in(words, "name_without_fallback", message, fix)
    if found := _UNKNOWN_FIELD.search(words.text):
        message = f"“{found[0]}” is no merge field here: readers see it as it stands. Only {{name|word}} is filled."
        yield _in(words, "unknown_merge_field", message)


def _years(words: Words, today: date) -> Iterator[Finding]:
    """A copyright of a year gone by, and a subject that speaks of last year: both are left from an earlier issue."""
    found = _COPYRIGHT.search(words.text)
    year = found[1] if found else ""
    if not found and words.field in ("subject", "preheader"):
        years = set(_YEAR.findall(words.text))
        year = str(today.year - 1) if years == {str(today.year - 1)} else ""
    if year and int(year) < today.year:
        fix = Fix(Change.REPLACE, f"Write {today.year}", words.field, words.item_id, old=year, new=str(today.year))
        message = f"It says {year}, and it is {today.year}. Is that meant?"
        yield _in(words, "stale_year", message, fix)


def _in(words: Words, code: str, message: str, fix: Fix | None = None) -> Finding:
    return Finding(code, message, words.where, words.item_id, words.field, fix)
