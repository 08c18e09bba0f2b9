import pytest

from curator.editions.inline import inline, serialise
from curator.errors import TemplateFailed

PAGE = """<html><head><style>.a { color: #111111; } .b:hover { color: red; }</style>
<style data-premailer="ignore">@media (max-width: 600px) { .a { color: #222222 !important; } }
@supports (display: grid) { .c { color: blue; } }</style></head>
<body class="z"><p class="a z">é 🚀</p><a href="Slot-x-">x</a></body></html>"""


def test_styles_move_into_elements_and_queries_stay_important() -> None:
    text = serialise(inline(PAGE, "a design"))
    assert '<p class="a" style="color:#111">é 🚀</p>' in text
    assert "color: #222222 !important" in text
    assert "@supports" in text
    assert text.startswith("<!DOCTYPE html>")


def test_classes_no_style_names_are_dropped() -> None:
    assert 'class="z"' not in serialise(inline(PAGE, "a design"))


def test_nothing_is_fetched() -> None:
    page = PAGE.replace("<style>", '<link rel="stylesheet" href="http://127.0.0.1:9/x.css"><style>@import "x.css";')
    assert "color:#111" in serialise(inline(page, "a design"))


@pytest.mark.parametrize("page", ["", "   "])
def test_a_page_that_cannot_be_read_names_its_template(page: str) -> None:
    with pytest.raises(TemplateFailed) as raised:
        inline(page, "the design of Techweek")
    assert raised.value.facts["template"] == "the design of Techweek"
    assert "the design of Techweek" in raised.value.message
