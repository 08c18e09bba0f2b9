"""The brand in every design: logo, header, footer and fonts, in both parts of the mail."""

import pytest
from lxml import etree

from curator.editions.colours import READABLE, contrast, judge, light_enough
from curator.editions.render import Rendered, render_issue
from curator.issues.brand import DESIGNS
from tests.editions import sample
from tests.editions.full_issue import BRAND, full_issue


@pytest.fixture(params=DESIGNS)
def rendered(request: pytest.FixtureRequest) -> Rendered:
    return render_issue(full_issue(request.param, **BRAND), public_url=sample.PUBLIC_URL)


def test_the_logo_stands_at_a_known_size_and_is_named(rendered: Rendered) -> None:
    logo = etree.HTML(rendered.html).xpath(f"//img[contains(@src, '{'cd' * 32}.png')]")[0]
    assert (logo.get("width"), logo.get("height"), logo.get("alt")) == ("202", "72", "De Week in Techniek")
    assert "display:block" in logo.get("style").replace(" ", "")


def test_header_and_footer_stand_in_both_parts_with_their_links_and_names(rendered: Rendered) -> None:
    assert (rendered.links[0].address, rendered.links[-1].address) == (
        "https://example.org/ons",
        "https://example.org/steun",
    )
    assert rendered.html.index("de redactie") < rendered.html.index("Deze week gaat het")
    assert rendered.text.index("Van de redactie") < rendered.text.index("Deze week gaat het")
    assert rendered.html.index("is een stichting") < rendered.html.index("Uitschrijven")
    assert "is een stichting" in rendered.text
    assert "{name" not in rendered.html + rendered.text


def test_chosen_fonts_are_the_only_ones(rendered: Rendered) -> None:
    styles = [element.get("style") or "" for element in etree.HTML(rendered.html).iter(etree.Element)]
    families = {part.split(":")[1].strip() for style in styles for part in style.split(";") if "font-family" in part}
    assert families == {
        "Verdana, Geneva, sans-serif",
        "Palatino Linotype, Palatino, Book Antiqua, Georgia, serif",
    }


def test_without_a_brand_nothing_of_it_is_there() -> None:
    body = render_issue(full_issue("classic"), public_url=sample.PUBLIC_URL).html.split("<body")[1]
    assert "logo" not in body and "foot-words" not in body and 'class="header' not in body


def test_what_was_corrected_is_said_and_what_was_not_is_left() -> None:
    day, night, ground = judge("#ffe600", "#111111", "#333333")
    assert day.used != day.asked and day.ratio >= READABLE
    assert night.used != "#111111" and night.ratio >= READABLE
    assert ground.used != "#333333" and ground.ratio >= READABLE
    assert [shade.used for shade in judge("#0b5cad", "#9bc5ff", "#f3f1ec")] == ["#0b5cad", "#9bc5ff", "#f3f1ec"]


@pytest.mark.parametrize("ground", ["#000000", "#ff0000", "#5d5952", "#fafafa"])
def test_any_ground_becomes_light_enough(ground: str) -> None:
    assert contrast("#5d5952", light_enough(ground, "#5d5952")) >= READABLE
