from datetime import date
from typing import Any

import pytest

from curator.editions.checks import Checks, check_content
from curator.editions.compile import compile_message
from curator.editions.render import render_issue
from curator.issues.content import IssueContent
from curator.issues.fixes import Change, Fix
from tests.editions import sample

TODAY = date(2026, 11, 25)


def check(content: IssueContent, public_url: str = sample.PUBLIC_URL) -> Checks:
    rendered = render_issue(content, public_url=public_url)
    segments = compile_message(content, rendered, public_url=public_url, inbound_domain="")
    return check_content(content, rendered, segments, TODAY)


def codes(content: IssueContent, public_url: str = sample.PUBLIC_URL) -> tuple[set[str], set[str]]:
    found = check(content, public_url)
    return {finding.code for finding in found.errors}, {finding.code for finding in found.warnings}


def one_item(**changes: Any) -> IssueContent:
    return sample.issue(sections=(sample.section("Nieuws", sample.item(1, "Titel", **changes)),))


def test_a_good_issue_has_nothing_to_say_against_it() -> None:
    content = sample.issue(
        sections=(
            sample.section("A", sample.item(1, "x"), sample.item(2, "y", site="a.example.org"), minimum=1, maximum=2),
        )
    )
    found = check(content)
    assert (found.errors, found.warnings) == ((), ())
    assert found.html_bytes > 5_000


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (sample.issue(sections=()), "empty_issue"),
        (sample.issue(subject=" "), "no_subject"),
        (sample.issue(subject="x" * 151), "subject_too_long"),
        (sample.issue(subject="RE: onze afspraak"), "subject_like_reply"),
        (one_item(blurb_html='<a href="/about">over</a>'), "unusable_link"),
        (one_item(address="artikel.html"), "unusable_link"),
        (one_item(blurb_html="<p>" + "x " * 52_000 + "</p>"), "too_large"),
        (sample.issue(sample.written("<html><body>{{ subject }}</body></html>")), "no_unsubscribe"),
    ],
)
def test_what_readers_would_get_broken_is_an_error(content: IssueContent, code: str) -> None:
    assert codes(content)[0] == {code}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (sample.issue(subject="x" * 80), "subject_long"),
        (sample.issue(preheader=""), "no_preheader"),
        (sample.issue(preheader="x" * 141), "preheader_long"),
        (sample.issue(sections=(*sample.issue().sections, sample.section("Leeg", minimum=1))), "empty_section"),
        (sample.issue(sections=(sample.section("A", sample.item(1, "x"), minimum=2),)), "below_minimum"),
        (
            sample.issue(sections=(sample.section("A", sample.item(1, "x"), sample.item(2, "y"), maximum=1),)),
            "above_maximum",
        ),
        (sample.issue(sections=(sample.section("Partner", sample.item(1, "x")),)), "no_sponsored_label"),
        (sample.issue(sections=(sample.section("Werbung", sample.item(1, "x")),)), "no_sponsored_label"),
        (sample.issue(sections=(sample.section("Publicité", sample.item(1, "x")),)), "no_sponsored_label"),
        (sample.issue(sections=(sample.section("Nieuws", sample.item(1, " ")),)), "no_title"),
        (one_item(picture=sample.picture("p", 600, 400, "")), "no_alt"),
        (one_item(blurb_html="", blurb_text=""), "no_blurb"),
        (one_item(address=None), "no_address"),
        (one_item(blurb_text="Nog TK: cijfers"), "unfinished"),
        (one_item(blurb_text="Dag {name}", blurb_html="<p>Dag {name}</p>"), "name_without_fallback"),
        (one_item(blurb_html='<a href="https://example.org/">Klik hier</a>'), "generic_link_text"),
        (one_item(blurb_html="<p>" + "x " * 43_000 + "</p>"), "large"),
        (sample.issue({"postal_address": ""}), "no_postal_address"),
        (sample.issue({"language": "it"}), "wording_missing"),
        (
            sample.issue(
                sections=(sample.section("A", *(sample.item(n, "x", address="https://a.test/") for n in (1, 2))),)
            ),
            "same_address_twice",
        ),
        (
            sample.issue(
                sections=(
                    sample.section("A", *(sample.item(n, "x") for n in (1, 2, 3)), sample.item(4, "y", site="a.test")),
                )
            ),
            "one_site",
        ),
    ],
)
def test_what_an_editor_should_weigh_is_a_warning(content: IssueContent, code: str) -> None:
    errors, warnings = codes(content)
    assert not errors
    assert code in warnings
    assert code not in codes(one_item())[1]


def test_a_section_about_partnerships_is_not_sponsored() -> None:
    section = sample.section("Partnerschappen", sample.item(1, "x"))
    assert "no_sponsored_label" not in codes(sample.issue(sections=(section,)))[1]


def test_an_address_without_tls_is_a_warning() -> None:
    assert "insecure_address" in codes(sample.issue(), "http://127.0.0.1:8420")[1]


def test_findings_say_where_and_what_mends_them() -> None:
    finding = check(one_item(picture=sample.picture("p", 600, 400, ""))).warnings[0]
    assert finding.facts() == {
        "code": "no_alt",
        "message": finding.message,
        "where": "Titel",
        "item": 1,
        "field": "picture_alt",
        "fix": "Use the title",
    }


def fix_of(content: IssueContent, code: str) -> Fix | None:
    found = check(content)
    return next(finding for finding in (*found.errors, *found.warnings) if finding.code == code).fix


@pytest.mark.parametrize(
    ("content", "code", "fix"),
    [
        (sample.issue(subject="Re: Fwd: Nieuws"), "subject_like_reply", ("subject", "Re: Fwd: Nieuws", "Nieuws")),
        (
            sample.issue(preheader="", intro_text="Goedemorgen, dit is een week. En dan."),
            "no_preheader",
            ("preheader", "", "Goedemorgen, dit is een week."),
        ),
        (
            sample.issue(preheader="", intro_text="Goedemorgen,\n\nTwee manieren om te sparen. Meer."),
            "no_preheader",
            ("preheader", "", "Twee manieren om te sparen."),
        ),
        (one_item(blurb_text="Dag {name}"), "name_without_fallback", ("blurb", "{name}", "{name|lezer}")),
        (sample.issue(outro_text="© 2019-2024 Wij"), "stale_year", ("outro", "© 2019-2024", "© 2019-2026")),
        (sample.issue(outro_text="© 2024, zie https://a.test/2024/x"), "stale_year", ("outro", "© 2024", "© 2026")),
        (sample.issue(subject="Het beste van 2025"), "stale_year", ("subject", "2025", "2026")),
        (
            one_item(blurb_text="Dag { naam | vriend }"),
            "unknown_merge_field",
            ("blurb", "{ naam | vriend }", "{name|vriend}"),
        ),
    ],
)
def test_a_fix_says_what_becomes_of_which_words(content: IssueContent, code: str, fix: tuple[str, str, str]) -> None:
    made = fix_of(content, code)
    assert made is not None
    assert (made.field, made.old, made.new) == fix


@pytest.mark.parametrize(
    "content",
    [
        sample.issue(outro_text="© 2026 Wij", subject="Vooruit naar 2027"),
        sample.issue(subject="Van 2025 naar 2026"),
        one_item(blurb_text="In 2019 begon het."),
    ],
)
def test_a_year_that_is_meant_is_left_alone(content: IssueContent) -> None:
    assert "stale_year" not in codes(content)[1]


def test_nothing_is_offered_where_only_a_person_knows() -> None:
    assert fix_of(sample.issue(subject="Re:"), "subject_like_reply") is None
    assert fix_of(sample.issue(preheader="", intro_text=""), "no_preheader") is None


A_LINK = "https://nieuws.example.org/artikel/1?a=1&b=2"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (f'<p><a href="{A_LINK.replace("&", "&amp;")}">klik hier</a></p>', "generic_link_text"),
        ('<p><a href="https://a.test/x">Over X</a> en <a href="https://a.test/x">hier</a></p>', "generic_link_text"),
        ('<p>Over <a href="https://a.test/x"></a></p>', "link_without_text"),
    ],
)
def test_every_place_a_link_stands_in_is_looked_at(words: str, code: str) -> None:
    finding = next(finding for finding in check(one_item(blurb_html=words)).warnings if finding.code == code)
    assert (finding.item_id, finding.field) == (1, "blurb")
    assert code in codes(sample.issue(intro_html=words))[1]


def test_an_address_without_a_scheme_is_mended_where_it_stands() -> None:
    content = one_item(blurb_html='<p><a href="www.a.test/b">over</a> <a href="/about">ons</a></p>')
    domain, path = check(content).errors
    assert (domain.item_id, domain.field, domain.fix and domain.fix.new) == (1, "blurb", "](https://www.a.test/b")
    assert (path.item_id, path.field, path.fix) == (1, "blurb", None)
    assert fix_of(one_item(address="www.a.test"), "unusable_link") == Fix(
        Change.WRITE, "Write https://www.a.test", "address", 1, old="www.a.test", new="https://www.a.test"
    )


def test_merge_fields_of_other_programs_are_named() -> None:
    assert "unknown_merge_field" in codes(one_item(blurb_text="Dag {{ voornaam }}"))[1]
    assert "unknown_merge_field" not in codes(one_item(blurb_text="Dag {name|lezer}, {dit} is gewoon tekst"))[1]


@pytest.mark.parametrize(
    "field", ["*|FNAME|*", "|FNAME|", "%FIRSTNAME%", "[[name]]", "${name}", "{name|%s}" % ("x" * 41)]
)
def test_a_field_that_would_be_read_as_it_stands_is_named(field: str) -> None:
    assert "unknown_merge_field" in codes(one_item(blurb_text=f"Dag {field}"))[1]


@pytest.mark.parametrize("content", [sample.issue(subject="Dag {name|lezer}"), sample.issue(preheader="Dag {name}")])
def test_a_name_is_offered_only_where_it_is_filled_in(content: IssueContent) -> None:
    warnings = {finding.code: finding for finding in check(content).warnings}
    assert "name_without_fallback" not in warnings
    assert "not filled in here" in warnings["unknown_merge_field"].message


def test_every_word_that_readers_get_is_looked_at() -> None:
    item = sample.item(1, "x", author="TK", credit="TK", picture=sample.picture("p", 600, 400, "TK"))
    brand = {"header_text": "TK", "footer_text": "© 2024 TK"}
    found = check(sample.issue(brand, sections=(sample.section("TK", item, label="TK"),))).warnings
    assert [finding.field for finding in found if finding.code == "unfinished"] == [
        *("", "", "author", "picture_alt", "credit", "")
    ]
    stale = next(finding for finding in found if finding.code == "stale_year")
    assert (stale.where, stale.fix) == ("the footer, in Settings", None)


PAGE = """<html><head><style data-premailer="ignore">{dark}</style></head><body>
<p style="color:{ink};background-color:#ffffff" class="words">{{{{ subject }}}}
<a href="https://a.test/x"{link}>Meer over X</a></p>
<a href="{{{{ addresses.leave }}}}">Afmelden</a></body></html>"""


def designed(ink: str = "#222222", dark: str = "", link: str = "") -> IssueContent:
    return sample.issue(sample.written(PAGE.format(ink=ink, dark=dark, link=link)))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (designed(ink="#aaa"), "contrast_light"),
        (designed(ink="rgb(170, 170, 170)"), "contrast_light"),
        (
            designed(dark="@media (prefers-color-scheme: dark) { .words { background-color: #111 !important; } }"),
            "contrast_dark",
        ),
        (designed(link=' style="color:#0b5cad;text-decoration:none"'), "colour_alone"),
        (designed(), "link_not_in_text"),
    ],
)
def test_what_a_design_paints_is_judged_as_readers_see_it(content: IssueContent, code: str) -> None:
    assert code in codes(content)[1]


def test_a_design_that_can_be_read_is_let_be() -> None:
    dark = (
        "@media (prefers-color-scheme: dark) { .words { color: #eee !important; background-color: #111 !important; } }"
    )
    found = codes(designed(dark=dark, link=' style="text-decoration:none;font-weight:700"'))[1]
    assert not {"contrast_light", "contrast_dark", "colour_alone"} & found
