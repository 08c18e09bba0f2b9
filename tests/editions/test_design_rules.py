import pytest

from curator.editions.design_rules import advice_on, faults_of
from curator.editions.render import render_issue
from curator.issues.brand import DESIGNS
from tests.editions import sample
from tests.editions.full_issue import BRAND, full_issue

LEAVE = frozenset({"leave"})


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("language", ["nl", "ar"])
def test_our_own_designs_hold_to_the_rules(design: str, language: str) -> None:
    rendered = render_issue(full_issue(design, language, **BRAND), public_url=sample.PUBLIC_URL)
    assert faults_of(rendered.html, rendered.slots) == []
    assert advice_on(rendered.html) == []


@pytest.mark.parametrize(
    "words",
    [
        "<script></script>",
        "<SCRIPT src=x></SCRIPT>",
        "<svg></svg>",
        "<p ONCLICK=x>",
        "<a href=' JavaScript:x'>x</a>",
        "<img src=data:x>",
        "<style>@import 'x';</style>",
        "<p style='background:url(x)'>x</p>",
        "<p style='width: expression(1)'>x</p>",
        "<base href=x>",
        "<link rel=stylesheet href=x>",
    ],
)
def test_what_runs_or_fetches_is_a_fault(words: str) -> None:
    assert len(faults_of(f"<html><body>{words}</body></html>", LEAVE)) == 1


def test_what_is_only_missing_is_advice() -> None:
    page = "<html><body><table><tr><td><img src='https://x.test/a.png'></td></tr></table></body></html>"
    assert faults_of(page, LEAVE) == []
    assert len(advice_on(page)) == 5


def test_a_fault_is_told_once() -> None:
    assert len(faults_of("<html><body><script></script><script></script></body></html>", frozenset())) == 2
