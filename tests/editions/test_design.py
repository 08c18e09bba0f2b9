"""The design as clients will compute it: contrast by day and by night, a layout that holds without media queries."""

import re
from datetime import date

import pytest
from lxml import etree

from curator.editions.checks import check_content
from curator.editions.checks.message import LARGE_AT
from curator.editions.colours import READABLE, contrast
from curator.editions.compile import compile_message
from curator.editions.preview import preview_html
from curator.editions.render import render_issue
from curator.issues.brand import DESIGNS
from tests.editions import sample
from tests.editions.full_issue import BRAND, full_issue
from tests.editions.test_notice import notice

ISSUES = {
    f"{design}, {kind}": preview_html(full_issue(design, language, **brand), public_url=sample.PUBLIC_URL)
    for design in DESIGNS
    for kind, language, brand in (
        ("its own accent", "nl", {}),
        ("bright accent", "nl", {"accent": "#ffe600"}),
        ("dark accent", "ar", {"accent": "#1a0033"}),
        ("whole brand", "nl", BRAND),
    )
}
MAILS = ISSUES | {
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


@pytest.mark.parametrize("name", ISSUES)
def test_nothing_is_wider_than_the_column_and_no_text_is_small(name: str) -> None:
    page = etree.HTML(ISSUES[name])
    for image in page.iter("img"):
        assert int(image.get("width", "0")) <= 600
        assert "max-width" in image.get("style", "")
    for paragraph in page.xpath("//*[contains(@class,'prose')]//p|//td"):
        size = declared(paragraph.get("style", "")).get("font-size", "16px")
        assert size == "1px" or int(size.removesuffix("px")) >= 15
    widths = [int(w) for w in re.findall(r'style="[^"]*[^-]width:(\d+)px', ISSUES[name])]
    assert all(width <= 1 for width in widths)


@pytest.mark.parametrize("name", ISSUES)
def test_the_preview_text_is_hidden_and_comes_first(name: str) -> None:
    hidden = etree.HTML(ISSUES[name]).xpath("//body/div/*")[0]
    assert "display:none" in hidden.get("style", "").replace(" ", "")
    assert hidden.text.startswith(("Batterij van natrium", "بطارية صوديوم"))
    assert hidden.get("aria-hidden") == "true"


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("language", ["nl", "ar"])
def test_an_issue_of_twelve_items_is_far_from_being_clipped(design: str, language: str) -> None:
    content = full_issue(design, language)
    rendered = render_issue(content, public_url=sample.PUBLIC_URL)
    segments = compile_message(content, rendered, public_url=sample.PUBLIC_URL, inbound_domain="")
    assert segments.facts["html_bytes"] < LARGE_AT * 0.75
    assert check_content(content, rendered, segments, date(2026, 11, 25)).errors == ()


@pytest.mark.parametrize("design", DESIGNS)
def test_every_item_is_there_with_its_words_and_its_link(design: str) -> None:
    content = full_issue(design)
    rendered = render_issue(content, public_url=sample.PUBLIC_URL)
    items = [item for section in content.sections for item in section.items]
    assert [link.item_id for link in rendered.links if link.item_id] == [item.id for item in items]
    page = " ".join(etree.HTML(rendered.html).xpath("//body//text()"))
    for item in items:
        assert item.title in page
        assert item.blurb_text.split("*")[0][:40] in page


@pytest.mark.parametrize("design", DESIGNS)
def test_outlook_gets_tables_that_fit_and_close(design: str) -> None:
    """Its engine knows no max-width: whatever stands beside something else does so in cells of a fixed width."""
    html = render_issue(full_issue(design), public_url=sample.PUBLIC_URL).html
    notes = "".join(re.findall(r"(?s)<!--\[if mso\]>(.*?)<!\[endif\]-->", html.split("</head>")[1]))
    assert notes.count("<table") == notes.count("</table>") > 0
    assert notes.count("<td") == notes.count("</td>")
    for row in re.findall(r'<table role="presentation" width="(\d+)"[^>]*><tr>((?:<td[^>]*>(?:</td>)?)+)', notes):
        assert sum(int(width) for width in re.findall(r'width="(\d+)"', row[1])) == int(row[0])
