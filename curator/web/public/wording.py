"""The words of the public pages: one file per language in templates/web/public/wording; English where there is none."""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache

from curator.assets import templates_directory

FALLBACK = "en"


class Words(dict[str, str]):
    """The phrases of one language by key. `language` is the one they are really in, for the page's `lang`."""

    language: str = FALLBACK

    def day(self, moment: date | datetime) -> str:
        """A day in words: `23 november 2026`."""
        months = self["months"].split()
        return self["day"].format(day=moment.day, month=months[moment.month - 1], year=moment.year)


@lru_cache(maxsize=16)
def words_in(language: str) -> Words:
    """The phrases of a language, those of English where there is no file for it. Do not change what is returned."""
    found = _read(language)
    words = Words({**_read(FALLBACK), **found})
    words.language = language if found else FALLBACK
    return words


def _read(language: str) -> Mapping[str, str]:
    if not language.isalpha():
        return {}
    path = templates_directory() / "web" / "public" / "wording" / f"{language}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
