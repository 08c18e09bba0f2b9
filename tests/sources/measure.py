"""How much of an article's text was found: the measure of the article-extraction-benchmark of Scrapinghub.

Texts are bags of runs of four words. The F1 of a collection is that of its mean precision and its mean recall.
"""

import re
import statistics
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

_RUN = 4


class Score(NamedTuple):
    """Shares from 0 to 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def score(found: str, truth: str) -> Score:
    """Of one page. Two empty texts are alike; an empty one and another have nothing in common."""
    ours, theirs = _runs(found), _runs(truth)
    if ours == theirs:
        return Score(1.0, 1.0)
    both = sum((ours & theirs).values())
    return Score(both / max(1, sum(ours.values())), both / max(1, sum(theirs.values())))


def total(scores: Iterable[Score]) -> Score:
    """Of a collection: the means."""
    scores = list(scores)
    return Score(statistics.mean(s.precision for s in scores), statistics.mean(s.recall for s in scores))


def _runs(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[start : start + _RUN]) for start in range(max(1, len(words) - _RUN + 1)) if words)
