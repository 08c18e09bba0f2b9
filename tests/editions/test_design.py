"""The design as clients will compute it: contrast by day and by night, a layout that holds without media queries."""

import re

import pytest
from lxml import etree

from curator.editions.colours import READABLE, contrast
from curator.editions.preview import preview_html
from tests.editions import sample
from tests.editions.test_notice import notice

MAILS = {
    "issue": preview_html(sample.issue(), public_url=sample.PUBLIC_URL),
    "bright accent": preview_html(sample.issue({"accent": "#ffe600"}), public_url=sample.PUBLIC_URL),
    "dark accent": preview_html(sample.issue({"accent": "#1a0033"}), public_url=sample.PUBLIC_URL),
    "notice": sample.bodies(notice())[1],
}


def declared(style: str) -> dict[str, str]:
    """Declarations of a style attribute; short colours written out."""
    pairs = (part.split(":", 1) for part in style.split(";") if ":" in part)
    found = {name.strip(): value.replace("!important", "").strip() for name, value in pairs}
    return {
        name: "#" + "".join(c * 2 for c in value[1:]) if re.fullmatch(r"#[0-9a-f]{3}", value) else value
        for name, value in found.items()
    }


@pytest.mark.parametrize("name", MAILS)
def test_by_day_a_colour_stands_with_its_background_and_can_be_read(name: str) -> None:
    checked = 0
    for element in etree.HTML(MAILS[name]).iter(etree.Element):
        style = declared(element.get("style", ""))
        if "color" in style:
            assert contrast(style["color"], style["background-color"]) >= READABLE, etree.tostring(element)[:200]
            checked += 1
    assert checked > 3


@pytest.mark.parametrize("name", MAILS)
def test_by_night_too_and_in_clients_that_rewrite_colours(name: str) -> None:
    css = "\n".join(style.text or "" for style in etree.HTML(MAILS[name]).iter("style"))
    night = css[css.index("prefers-color-scheme") :]
    coloured = [declared(body) for body in re.findall(r"\{([^{}]*)\}", night)]
    readable = [style for style in coloured if "color" in style]
    assert len(readable) > 6
    assert all(contrast(style["color"], style["background-color"]) >= READABLE for style in readable)
    assert all(
        "!important" in part for body in re.findall(r"\{([^{}]*)\}", night) for part in body.split(";") if ":" in part
    )
    outlook = re.findall(r"\[data-ogsc\] (\.[\w-]+)", night)
    assert {".page", ".card", ".muted", ".link"} <= set(outlook)


@pytest.mark.parametrize("name", MAILS)
def test_every_element_with_a_colour_has_one_by_night(name: str) -> None:
    """What is coloured by day and forgotten by night becomes dark on dark."""
    page = etree.HTML(MAILS[name])
    css = "\n".join(style.text or "" for style in page.iter("style"))
    named = set(re.findall(r"\.([\w-]+)", css[css.index("prefers-color-scheme") :]))
    for element in page.iter(etree.Element):
        if "color" in declared(element.get("style", "")) and not element.xpath("ancestor::*[contains(@class,'prose')]"):
            assert named & set(element.get("class", "").split()), etree.tostring(element)[:200]


def test_nothing_is_wider_than_the_column_and_no_text_is_small() -> None:
    page = etree.HTML(MAILS["issue"])
    for image in page.iter("img"):
        assert int(image.get("width", "0")) <= 536
        assert "max-width" in image.get("style", "")
    for paragraph in page.xpath("//*[contains(@class,'prose')]//p|//td"):
        size = declared(paragraph.get("style", "")).get("font-size", "16px")
        assert size == "1px" or int(size.removesuffix("px")) >= 15
    widths = [int(w) for w in re.findall(r'style="[^"]*[^-]width:(\d+)px', MAILS["issue"])]
    assert all(width <= 1 for width in widths)


def test_the_preview_text_is_hidden_and_comes_first() -> None:
    hidden = etree.HTML(MAILS["issue"]).xpath("//body/div/*")[0]
    assert "display:none" in hidden.get("style", "").replace(" ", "")
    assert hidden.text.startswith("Plus: elf gemeenten")
