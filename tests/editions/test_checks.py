import dataclasses
from typing import Any

import pytest

from curator.editions.checks import Checks, check_content
from curator.editions.compile import compile_message
from curator.editions.render import render_issue
from curator.issues.content import IssueContent
from tests.editions import sample


def check(content: IssueContent, public_url: str = sample.PUBLIC_URL) -> Checks:
    rendered = render_issue(content, public_url=public_url)
    segments = compile_message(content, rendered, public_url=public_url, inbound_domain="")
    return check_content(content, rendered, segments.facts)


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
    assert check(content) == Checks((), ())


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


def test_an_address_without_tls_is_a_warning() -> None:
    assert "insecure_address" in codes(sample.issue(), "http://127.0.0.1:8420")[1]


def test_findings_say_where() -> None:
    finding = check(one_item(picture=sample.picture("p", 600, 400, ""))).warnings[0]
    assert finding.where == "Titel"
    assert dataclasses.asdict(finding).keys() == {"code", "message", "where"}
