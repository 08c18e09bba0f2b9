"""What is one-sided about the items of an issue: hints, each with its reason, never a refusal. Pure.

An item is counted for a rule only if what the rule asks about is known of it: a guess is no hint.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FROM_ONE_PLACE = 3
"""So many items from one site, or by one author, are worth a word."""

FEWEST_DATED = 3
FRESH = timedelta(days=7)
LONGEST_READ = 45
"""Minutes that all articles of an issue together may take."""


@dataclass(frozen=True)
class Piece:
    """What balance asks about one item. Empty or None: not known."""

    site: str = ""
    author: str = ""
    language: str = ""
    published_at: datetime | None = None
    minutes: int | None = None
    is_sponsored: bool = False


@dataclass(frozen=True)
class Hint:
    """One thing worth a thought. `code` is a stable word, `message` the reason in a sentence."""

    code: str
    message: str


def balance(pieces: Sequence[Piece], *, now: datetime, language: str, names: dict[str, str]) -> list[Hint]:
    """The hints for the items of one issue; `language` is the newsletter's, `names` spells languages for people."""
    own = [piece for piece in pieces if not piece.is_sponsored]
    return [
        *_from_one_place(own),
        *_by_one_author(own),
        *_age(own, now),
        *_one_language(own, language, names),
        *_long_read(own),
        *_mostly_sponsored(pieces),
    ]


def _from_one_place(pieces: Sequence[Piece]) -> Iterator[Hint]:
    for site, count in _most([piece.site for piece in pieces]):
        yield Hint("one_site", f"{count} of {len(pieces)} items are from {site}.")


def _by_one_author(pieces: Sequence[Piece]) -> Iterator[Hint]:
    sites = {piece.site.casefold() for piece in pieces}
    for author, count in _most([piece.author for piece in pieces]):
        if author.casefold() not in sites:  # many sites name themselves as the author
            yield Hint("one_author", f"{count} of {len(pieces)} items are by {author}.")


def _most(names: Sequence[str]) -> list[tuple[str, int]]:
    """Each name that stands three times or more, as it is spelled first, with how often."""
    spelled: dict[str, str] = {}
    for name in names:
        spelled.setdefault(name.casefold().removeprefix("www."), name)
    counts = Counter(name.casefold().removeprefix("www.") for name in names if name)
    return [(spelled[key], count) for key, count in counts.most_common() if count >= FROM_ONE_PLACE]


def _age(pieces: Sequence[Piece], now: datetime) -> Iterator[Hint]:
    dated = [piece.published_at for piece in pieces if piece.published_at is not None]
    if len(dated) < FEWEST_DATED or max(dated) > now - FRESH:
        return
    days = (now - max(dated)).days
    yield Hint("none_new", f"Nothing is newer than 7 days: the newest article is {days} days old.")


def _one_language(pieces: Sequence[Piece], language: str, names: dict[str, str]) -> Iterator[Hint]:
    known = Counter(piece.language for piece in pieces if piece.language)
    if sum(known.values()) < FROM_ONE_PLACE or len(known) != 1 or language in known:
        return
    (only, count), mine = known.popitem(), names.get(language, language)
    yield Hint("one_language", f"All {count} articles are in {names.get(only, only)}; your readers read {mine}.")


def _long_read(pieces: Sequence[Piece]) -> Iterator[Hint]:
    minutes = sum(piece.minutes or 0 for piece in pieces)
    if minutes > LONGEST_READ:
        yield Hint("long_read", f"Reading every article takes {minutes} minutes.")


def _mostly_sponsored(pieces: Sequence[Piece]) -> Iterator[Hint]:
    paid = sum(piece.is_sponsored for piece in pieces)
    if paid * 3 > len(pieces):
        yield Hint("much_sponsored", f"{paid} of {len(pieces)} items are sponsored: more than a third.")
