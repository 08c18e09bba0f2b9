import pytest

from tests.sources.measure import Score, score, total


@pytest.mark.parametrize(
    ("found", "truth", "expected"),
    [
        ("a b c d e", "a, b. c d e!", Score(1.0, 1.0)),
        ("a b c d e f", "a b c d e", Score(2 / 3, 1.0)),
        ("a b c d", "a b c d e", Score(1.0, 0.5)),
        ("x y", "a b c d e", Score(0.0, 0.0)),
        ("", "", Score(1.0, 1.0)),
        ("", "a b", Score(0.0, 0.0)),
        ("a b c d a b c d", "a b c d", Score(1 / 5, 1.0)),
    ],
)
def test_a_page(found: str, truth: str, expected: Score) -> None:
    assert score(found, truth) == expected


def test_a_collection_is_the_f1_of_the_means() -> None:
    both = total([Score(1.0, 0.5), Score(0.0, 1.0)])
    assert both == Score(0.5, 0.75)
    assert both.f1 == pytest.approx(0.6)
    assert Score(0.0, 0.0).f1 == 0
