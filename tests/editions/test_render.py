import dataclasses
import html
import re

import pytest
from lxml import etree

from curator.editions.designs import MAIN_FILE, design_files
from curator.editions.render import render_issue
from curator.errors import TemplateFailed
from curator.issues.brand import DESIGNS
from tests.editions import sample

DESIGN = """<!doctype html><html lang="{{ language }}"><head><title>{{ subject }}</title>
<style>.x { color: #123456; }</style></head><body><h1 class="x">{{ newsletter.name }}</h1>{{ intro_html }}
{% for section in sections %}{% for item in section["items"] %}<div data-item="{{ item.id }}">
<a href="{{ item.address }}">{{ item.title }}</a></div>{% endfor %}{% endfor %}
<a href="{{ addresses.leave }}">{{ wording.leave }}</a></body></html>"""


def test_hostile_titles_print_literally_in_both_parts() -> None:
    rendered = render_issue(sample.far_issue(), public_url=sample.PUBLIC_URL)
    shown = html.unescape(rendered.html)
    assert "Titel met {{7*7}} en <script>alert(1)</script> 👩🏽‍💻" in shown
    assert "<script" not in rendered.html
    assert "{{" not in re.sub(r"(?s)<style.*?</style>", "", rendered.html)
    assert "Titel met {{7*7}} en <script>alert(1)</script> 👩🏽‍💻" in rendered.text.replace("\u2060", "")


def test_text_that_runs_the_other_way_says_so() -> None:
    page = render_issue(sample.far_issue(), public_url=sample.PUBLIC_URL).html
    assert re.search(r'<h2 [^>]*dir="rtl"[^>]*>العالم</h2>', page)
    assert re.search(r'<div [^>]*dir="rtl"', page)
    assert re.search(r'<html lang="nl" dir="ltr">', page)


def test_links_are_numbered_in_the_order_of_the_mail_with_their_items() -> None:
    rendered = render_issue(sample.issue(), public_url=sample.PUBLIC_URL)
    assert [(link.number, link.item_id) for link in rendered.links] == [(1, None), (2, 1), (3, 2), (4, 3), (5, 4)]
    assert rendered.links[1].label == "Een datacenter in Essonne"
    assert rendered.links[1].address == "https://nieuws.example.org/artikel/1?a=1&b=2"


def test_only_known_slots_and_no_trace_of_our_own_attributes() -> None:
    rendered = render_issue(sample.issue(), public_url=sample.PUBLIC_URL)
    assert rendered.slots == {"day", "leave", "link", "name_html", "name_text", "preferences", "view"}
    assert "data-item" not in rendered.html and "data-premailer" not in rendered.html


def test_a_picture_is_never_shown_larger_than_it_is() -> None:
    small = sample.picture("s", 120, 90, "klein")
    content = sample.issue(sections=(sample.section("A", sample.item(1, "x", picture=small)),))
    assert 'width="120" height="90" alt="klein"' in render_issue(content, public_url=sample.PUBLIC_URL).html


def test_a_tower_beside_its_text_stays_a_thumbnail() -> None:
    tower = sample.item(1, "Toren", picture=sample.picture("t", 300, 1600, "Toren"))
    content = sample.issue(sections=(sample.section("A", tower),))
    assert 'width="45" height="240" alt="Toren"' in render_issue(content, public_url=sample.PUBLIC_URL).html


@pytest.mark.parametrize("design", DESIGNS)
def test_words_that_run_the_other_way_begin_on_their_own_side(design: str) -> None:
    items = (sample.item(1, "English in an Arabic mail"), sample.item(2, "عنوان", blurb_html="<p>Words</p>"))
    content = sample.issue({"language": "ar", "design": design}, sections=(sample.section("أخبار", *items),))
    page = etree.HTML(render_issue(content, public_url=sample.PUBLIC_URL).html)
    for words, side in (("English in an Arabic mail", "left"), ("Words", "left")):
        place = next(one for one in page.iter("a", "p") if (one.text or "") == words)
        styles = [
            one.get("style", "") for one in (place, *place.iterancestors()) if "text-align" in one.get("style", "")
        ]
        assert f"text-align:{side}" in styles[0]


def test_a_narrow_place_gets_the_smaller_file() -> None:
    small = sample.picture("small", 600, 338, "klein")
    both = dataclasses.replace(sample.picture("large", 1200, 675, "groot"), small=small)
    content = sample.issue(
        sections=(sample.section("A", sample.item(1, "x", picture=both), sample.item(2, "y", picture=both)),)
    )
    html = render_issue(content, public_url=sample.PUBLIC_URL).html
    assert f'/pictures/{both.sha256}.jpg" width="536" height="302"' in html
    assert f'/pictures/{small.sha256}.jpg" width="160" height="90"' in html


def test_a_picture_without_description_is_named_by_its_title() -> None:
    content = sample.issue(
        sections=(sample.section("A", sample.item(1, "Titel", picture=sample.picture("s", 9, 9, ""))),)
    )
    assert 'alt="Titel"' in render_issue(content, public_url=sample.PUBLIC_URL).html


def test_the_same_issue_renders_the_same() -> None:
    assert render_issue(sample.issue(), public_url="http://a.test") == render_issue(
        sample.issue(), public_url="http://a.test"
    )


def test_controls_and_lone_surrogates_do_not_stop_an_issue() -> None:
    content = sample.issue(sections=(sample.section("A", sample.item(1, "a\x00b\x0bc\x1f \ud800 d")),))
    assert "abc ? d" in render_issue(content, public_url=sample.PUBLIC_URL).html


def test_a_design_of_people_is_rendered_with_the_same_data() -> None:
    content = sample.issue(sample.written(DESIGN))
    rendered = render_issue(content, public_url=sample.PUBLIC_URL)
    assert '<h1 style="color:#123456">De Week in Techniek</h1>' in rendered.html
    assert len(rendered.links) == 5
    assert "leave" in rendered.slots


def test_our_own_design_is_a_start_for_theirs() -> None:
    ours = design_files("classic")[MAIN_FILE]
    theirs = render_issue(sample.issue(sample.written(ours)), public_url=sample.PUBLIC_URL)
    marks = re.compile(r"Slot[0-9a-f]{12}")
    built_in = render_issue(sample.issue(), public_url=sample.PUBLIC_URL)
    assert marks.sub("", theirs.html) == marks.sub("", built_in.html)


@pytest.mark.parametrize("source", ["{% if %}", "{{ nothing.at.all }}"])
def test_a_broken_design_is_an_error_that_says_so(source: str) -> None:
    with pytest.raises(TemplateFailed) as raised:
        render_issue(sample.issue(sample.written(source)), public_url=sample.PUBLIC_URL)
    assert "design" in raised.value.message


@pytest.mark.parametrize("language", ["it", "xx"])
def test_languages_without_wording_fall_back_to_english(language: str) -> None:
    page = render_issue(sample.issue({"language": language}), public_url=sample.PUBLIC_URL).html
    assert "Unsubscribe" in page and f'<html lang="{language}"' in page


def test_every_image_and_table_is_fit_for_a_screen_reader() -> None:
    page = etree.HTML(render_issue(sample.issue(), public_url=sample.PUBLIC_URL).html)
    assert all(table.get("role") == "presentation" for table in page.iter("table"))
    for image in page.iter("img"):
        assert image.get("alt") and image.get("width") and image.get("height")
        assert "display:block" in image.get("style", "").replace(" ", "")
    assert [h.tag for h in page.iter("h1", "h2", "h3")][:3] == ["h1", "h2", "h3"]
