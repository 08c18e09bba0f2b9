"""The rule: what was picked comes first, it says why, it admits that it is learning, clicks weigh by their place."""

import random
from math import inf

import pytest

from curator.reports.taste import ENOUGH, Example, Learned, click_weight, learn, words_of

ABOUT = ("rekenkracht", "datacenter", "stroomnet", "glasvezel")
OTHER = ("voetbal", "koningshuis", "recept", "horoscoop")
FILLER = tuple(f"woord{chr(97 + n)}" for n in range(26))


def an_example(chance: random.Random, is_pick: bool) -> Example:
    """Mostly about its subject, sometimes not; half the time from the source it should come from."""
    own, others = (ABOUT, OTHER) if is_pick else (OTHER, ABOUT)
    words = chance.sample(own if chance.random() < 0.8 else others, 2) + chance.sample(FILLER, 8)
    return Example(frozenset(words), chance.choice(("good", "any")) if is_pick else "any", is_pick)


def many(chance: random.Random, picks: int, skips: int) -> list[Example]:
    return [an_example(chance, n < picks) for n in range(picks + skips)]


def auc(learned: Learned, examples: list[Example]) -> float:
    """Chance that a pick is put before a skip."""
    scores = [(learned.judge(one.words, one.source, 0).score, one.is_pick) for one in examples]
    picks, skips = ([s for s, is_pick in scores if is_pick is wanted] for wanted in (True, False))
    return sum((p > s) + 0.5 * (p == s) for p in picks for s in skips) / len(picks) / len(skips)


def test_after_enough_picks_what_editors_like_comes_first() -> None:
    chance = random.Random(3)
    learned = learn(many(chance, 200, 800))
    assert not learned.is_learning
    assert auc(learned, many(chance, 100, 300)) > 0.8


def test_below_that_only_source_and_age_count_and_it_says_so() -> None:
    learned = learn(many(random.Random(3), ENOUGH - 1, 300))
    assert learned.is_learning
    liked, other = (learned.judge((word,), "any", 1) for word in ("datacenter", "voetbal"))
    assert liked == other
    assert learned.judge((), "good", 1).score > other.score > learned.judge((), "any", 2).score


def test_the_reason_names_source_and_words() -> None:
    learned = learn(many(random.Random(3), 200, 800))
    judged = learned.judge(words_of("Rekenkracht in een datacenter", "voetbal"), "good", 0)
    assert judged.source == "often"
    assert set(judged.words) == {"rekenkracht", "datacenter"}
    assert learned.judge((), "unknown", 0).source == ""


def test_nothing_passed_over_teaches_nothing_about_words() -> None:
    assert learn(many(random.Random(3), 80, 0)).is_learning
    assert learn([]).judge(("any",), "any", 3).score < 0


def test_it_survives_being_kept() -> None:
    learned = learn(many(random.Random(3), 60, 60))
    assert Learned(**learned.as_json()) == learned


@pytest.mark.parametrize(
    ("share", "expected", "weight"),
    [(0.1, 0.1, 1.0), (0.4, 0.1, 2.0), (0.9, 0.01, 2.0), (0.0, 0.1, 0.5), (0.1, 0.0, 1.0), (0.05, 0.1, 0.5**0.5)],
)
def test_clicks_weigh_by_what_the_place_gets(share: float, expected: float, weight: float) -> None:
    assert click_weight(share, expected) == pytest.approx(weight)
    assert click_weight(share, expected) < inf
