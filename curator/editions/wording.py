"""The words of a mail: one file per language in templates/email/wording; English where there is none."""

import tomllib
from datetime import date
from functools import lru_cache
from typing import Any

from curator.editions.designs import templates_folder

FALLBACK = "en"


@lru_cache(maxsize=16)
def wording(language: str) -> dict[str, Any]:
    """Every phrase of a language by its key; phrases a file lacks are English. Do not change what is returned."""
    return {**_read(FALLBACK), **_read(language)}


def written_language(language: str) -> str:
    """The language the words really come in: `language`, or English where we have no wording."""
    return language if _read(language) else FALLBACK


def phrase(language: str, key: str, **values: object) -> str:
    """One phrase with its braces filled."""
    return str(wording(language)[key]).format(**values)


def written_day(language: str, day: date) -> str:
    """A date in words: `maandag 23 november 2026`."""
    words = wording(language)
    return phrase(
        language,
        "day",
        weekday=words["weekdays"][day.weekday()],
        day=day.day,
        month=words["months"][day.month - 1],
        year=day.year,
    )


def _read(language: str) -> dict[str, Any]:
    path = templates_folder() / "email" / "wording" / f"{language}.toml"
    if not language.isalpha() or not path.is_file():
        return {}
    return tomllib.loads(path.read_text(encoding="utf-8"))
