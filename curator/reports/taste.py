"""What the editors of a newsletter pick, as a rule that says why: words they picked (naive Bayes) and sources they use.

Pure. Below `ENOUGH` picks words are chance, so only the source and the age count, and the rule says it is learning.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from math import log
from typing import Any

ENOUGH = 50
"""Picks from which on words are believed."""

MOST_WORDS = 3_000
"""Words that are remembered, those that tell most."""

_WORD = re.compile(r"[^\W\d_]{3,30}")
_PER_DAY = {True: 0.12, False: 0.25}  # what a day of age costs; more while nothing else is known
_FIRM = 3.0  # examples of an average source that a new one starts with


@dataclass(frozen=True)
class Example:
    """An article an editor picked or passed over; `weight` is how much it says."""

    words: frozenset[str]
    source: str
    is_pick: bool
    weight: float = 1.0


@dataclass(frozen=True)
class Judged:
    """How well an article fits, to sort by, and why: `source` is often, seldom or "", `words` speak for it.

    `days`: whole days of age, which count against it.
    """

    score: float
    days: int = 0
    source: str = ""
    words: tuple[str, ...] = ()


@dataclass
class Learned:
    """The rule. `words` and `sources` are log ratios: above 0 they are picked more often than the average."""

    picks: int = 0
    skips: int = 0
    words: dict[str, float] = field(default_factory=dict)
    sources: dict[str, float] = field(default_factory=dict)

    @property
    def is_learning(self) -> bool:
        """Whether there are too few picks, or nothing passed over, to believe in words."""
        return self.picks < ENOUGH or not self.skips

    def judge(self, words: Iterable[str], source: str, age_days: float) -> Judged:
        """`source` is as in the examples."""
        prior = self.sources.get(source, 0.0)
        told = {} if self.is_learning else {word: self.words[word] for word in words if word in self.words}
        score = max(-6.0, min(6.0, sum(told.values()))) + prior - max(0.0, age_days) * _PER_DAY[not self.is_learning]
        telling = sorted((word for word in told if told[word] > 0.4), key=lambda word: (-told[word], word))
        habit = "often" if prior > 0.25 else "seldom" if prior < -0.7 else ""
        return Judged(score, max(0, int(age_days)), habit, tuple(telling[:3]))

    def as_json(self) -> dict[str, Any]:
        """For the database."""
        return asdict(self)


def words_of(*texts: str) -> frozenset[str]:
    """Different words of titles, summaries and tags, at most the first 120."""
    found = dict.fromkeys(word for text in texts for word in _WORD.findall(text.casefold()))
    return frozenset(list(found)[:120])


def learn(examples: Iterable[Example]) -> Learned:
    """The rule that follows from what was picked and passed over."""
    picked, skipped = Counter[str](), Counter[str]()
    used, seen = Counter[str](), Counter[str]()
    totals = {True: 0.0, False: 0.0}
    numbers = {True: 0, False: 0}
    for example in examples:
        totals[example.is_pick] += example.weight
        numbers[example.is_pick] += 1
        _add(picked if example.is_pick else skipped, example.words, example.weight)
        if example.source:
            _add(seen, (example.source,), 1.0)
            _add(used, (example.source,), 1.0 if example.is_pick else 0.0)
    ratios = {
        word: log((picked[word] + 0.5) / (totals[True] + 1)) - log((skipped[word] + 0.5) / (totals[False] + 1))
        for word in picked.keys() | skipped.keys()
        if picked[word] + skipped[word] >= 2.5
    }
    kept = sorted(ratios, key=lambda word: -abs(ratios[word]) * (picked[word] + skipped[word]))[:MOST_WORDS]
    average = (numbers[True] + 1) / (numbers[True] + numbers[False] + 2)
    sources = {one: log((used[one] + _FIRM * average) / (seen[one] + _FIRM) / average) for one in seen}
    return Learned(
        numbers[True],
        numbers[False],
        {word: round(ratios[word], 2) for word in kept},
        {one: round(ratio, 2) for one, ratio in sources.items()},
    )


def click_weight(share: float, expected: float) -> float:
    """How much more, or less, a pick says because readers followed it: against what its place in the mail gets."""
    return max(0.5, min(2.0, (share / expected) ** 0.5)) if expected > 0 else 1.0


def _add(counts: Counter[str], names: Iterable[str], weight: float) -> None:
    for name in names:
        counts[name] += weight  # type: ignore[assignment]
