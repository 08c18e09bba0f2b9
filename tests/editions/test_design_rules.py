import pytest

from curator.editions.design_rules import advice_on, faults_of
from curator.editions.render import render_issue
from curator.editions.slots import Marks
from curator.issues.brand import DESIGNS
from tests.editions import sample
from tests.editions.full_issue import BRAND, full_issue

MARKS = Marks(b"x")
WAY_OUT = f"<a href='https://x.test/u/{MARKS.mark('leave')}'>Leave</a>"


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("language", ["nl", "ar"])
def test_our_own_designs_hold_to_the_rules(design: str, language: str) -> None:
    content = full_issue(design, language, **BRAND)
    rendered = render_issue(content, public_url=sample.PUBLIC_URL)
    assert faults_of(rendered.html, Marks(content.content_hash)) == []
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
        "<p style='background:\\75 r\\l(x)'>x</p>",
        "<p style='background:image-set(\"x\" 1x)'>x</p>",
        "<meta http-equiv=Refresh content='0;url=https://x.test'>",
        "<img src=logo.png>",
        "<img src=//x.test/a.png>",
    ],
)
def test_what_runs_or_fetches_is_a_fault(words: str) -> None:
    assert len(faults_of(f"<html><body>{words}{WAY_OUT}</body></html>", MARKS)) == 1


@pytest.mark.parametrize(
    "page",
    [
        f"<!--{WAY_OUT}-->",
        f"<p>{MARKS.mark('leave')}</p>",
        f"<a href='https://x.test/u/{MARKS.mark('leave')}'> </a>",
        f"<div style='display: none'>{WAY_OUT}</div>",
    ],
)
def test_a_way_out_that_nobody_sees_is_none(page: str) -> None:
    fault = faults_of(f"<html><body>{page}</body></html>", MARKS)
    assert len(fault) == 1 and "no way to unsubscribe" in fault[0]


def test_what_is_only_missing_is_advice() -> None:
    page = "<html><body><table><tr><td><img src='https://x.test/a.png'></td></tr></table>" + WAY_OUT
    assert faults_of(page, MARKS) == []
    assert len(advice_on(page)) == 5


def test_a_fault_is_told_once() -> None:
    assert len(faults_of("<html><body><script></script><script></script></body></html>", MARKS)) == 2
