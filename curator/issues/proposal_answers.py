"""What a model answered, as offers an editor can judge: words, and the numbers of the sentences they came from. Pure.

Servers ignore forms and models embroider, so the JSON is looked for wherever it stands, and every number is checked
against what was sent. Words whose sentences do not hold are not offered: nobody could check them.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from curator.errors import ModelFailed
from curator.issues.plain_words import figures, plain
from curator.issues.proposal_prompts import LONGEST_BLURB, SUBJECT_SHOWN, Kind
from curator.sources.prose import sentences

MOST_OFFERS = 4
MOST_SOURCES = 8
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
_KEYS = {Kind.BLURB: "blurb", Kind.SUBJECT: "subjects", Kind.TRANSLATION: "translations"}
_TRIES = 60
_SHORTEST_BLURB, _SHORTEST_SUBJECT = 20, 8


@dataclass(frozen=True)
class Offer:
    """Words for fields of the issue or item, the numbers of their sentences, and figures no sentence has."""

    words: dict[str, str]
    sources: list[int]
    doubtful: list[str] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        """The offer for JSON."""
        return asdict(self)


def read_offers(kind: Kind, said: str, lines: Sequence[str], own_address: str | None = None) -> list[Offer]:
    """The offers in what a model said about numbered `lines`, at least one; `ModelFailed` says why there is none."""
    answer = _json_in(_THOUGHT.sub(" ", said), _KEYS[kind])
    if answer is None:
        raise ModelFailed("The model did not answer in the form it was asked for. Try again, or write it yourself.")
    if kind is Kind.TRANSLATION:
        return [_translation(answer, lines, own_address)]
    offers = list(_subjects(answer, lines) if kind is Kind.SUBJECT else _blurb(answer, lines, own_address))
    if not offers:
        raise ModelFailed(
            "The model's words were too long, too short, or came from no sentence that was sent. They are not shown."
        )
    return offers[:MOST_OFFERS]


def _blurb(answer: dict[str, Any], lines: Sequence[str], own_address: str | None) -> Iterator[Offer]:
    words = _within(plain(_text(answer.get("blurb")), [own_address]), LONGEST_BLURB)
    sources = _numbers(answer.get("sentences"), len(lines))
    if sources and len(words) >= _SHORTEST_BLURB:
        yield Offer({"blurb": words}, sources, _doubtful(words, lines))


def _subjects(answer: dict[str, Any], lines: Sequence[str]) -> Iterator[Offer]:
    seen: set[str] = set()
    given = answer.get("subjects")
    for one in given[:20] if isinstance(given, list) else ():
        if not isinstance(one, dict):
            continue
        words = plain(_text(one.get("subject"))).strip(" \"“”'")
        sources = _numbers(one.get("sentences"), len(lines))
        if sources and _SHORTEST_SUBJECT <= len(words) <= SUBJECT_SHOWN and words.casefold() not in seen:
            seen.add(words.casefold())
            yield Offer({"subject": words}, sources, _doubtful(words, lines))


def _translation(answer: dict[str, Any], lines: Sequence[str], own_address: str | None) -> Offer:
    """Sentence by sentence, in the order they were sent: a title, and what follows it as one paragraph."""
    given = answer.get("translations")
    found: dict[int, str] = {}
    for one in given[:100] if isinstance(given, list) else ():
        number = _numbers([one.get("sentence")], len(lines)) if isinstance(one, dict) else []
        words = plain(_text(one.get("text")), [own_address]) if number else ""
        if words and len(words) <= 3 * len(lines[number[0] - 1]) + 80:
            found.setdefault(number[0], words)
    if set(found) != set(range(1, len(lines) + 1)):
        raise ModelFailed("The model did not translate every sentence. Try again, or translate it yourself.")
    title, *rest = (found[number] for number in sorted(found))
    fields = {"title": title.rstrip(".")} | ({"blurb": " ".join(rest)} if rest else {})
    return Offer(fields, sorted(found), _doubtful(" ".join(fields.values()), lines))


def _json_in(said: str, key: str) -> dict[str, Any] | None:
    """The first JSON object with this key, wherever it stands: alone, in a fence, in the middle of prose."""
    decoder, start = json.JSONDecoder(), said.find("{")
    for _ in range(_TRIES):
        if start < 0:
            return None
        try:
            value, _end = decoder.raw_decode(said, start)
            if isinstance(value, dict) and key in value:
                return value
        except (ValueError, RecursionError):
            pass
        start = said.find("{", start + 1)
    return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _numbers(value: object, most: int) -> list[int]:
    """The numbers of sentences that were sent; whatever else stands there is passed over."""
    found: list[int] = []
    for one in value[:100] if isinstance(value, list) else ():
        if isinstance(one, str) and one.strip("[]. ").isdecimal() and len(one) <= 6:
            one = int(one.strip("[]. "))
        if isinstance(one, int) and not isinstance(one, bool) and 1 <= one <= most and one not in found:
            found.append(one)
    return sorted(found)[:MOST_SOURCES]


def _within(words: str, longest: int) -> str:
    """As many whole sentences as fit."""
    kept = ""
    for sentence in sentences(words, 10):
        if len(kept) + len(sentence) + 1 > longest:
            break
        kept = f"{kept} {sentence}".strip()
    return kept


def _doubtful(words: str, lines: Sequence[str]) -> list[str]:
    known = figures(" ".join(lines))
    return sorted(number for number in figures(words) if number not in known and len(number) > 1)[:5]
