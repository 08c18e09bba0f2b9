"""What links answered becomes findings a person can act on, with the new address where it can be put in."""

import pytest

from curator.editions.checks.answers import answer_warnings
from curator.editions.checks.findings import Finding
from curator.editions.links import RenderedLink
from curator.issues.fixes import Change, Fix
from curator.issues.link_checks import Answer, Verdict

OLD, NEW = "http://krant.nl/oud", "https://krant.nl/nieuw"


def found(address: str, answer: Answer | None, raw: dict[tuple[int | None, str], str] | None = None) -> list[Finding]:
    answers = {} if answer is None else {address: answer}
    return list(answer_warnings((RenderedLink(1, address, "x", 7),), answers, raw or {}))


@pytest.mark.parametrize(
    ("address", "answer", "code"),
    [
        (OLD, Answer(Verdict.DEAD, 404), "dead_link"),
        (OLD, Answer(Verdict.SILENT), "silent_link"),
        (OLD, Answer(Verdict.UNSURE, 403), "unsure_link"),
        (OLD, Answer(Verdict.MOVED, 200, NEW), "redirected_link"),
        (OLD, Answer(Verdict.ELSEWHERE, 200, "https://inlog.nl/"), "leads_elsewhere"),
        ("https://bit.ly/x", Answer(Verdict.ELSEWHERE, 200, NEW), "shortened_link"),
        ("https://bit.ly/x", None, "shortened_link"),
        ("https://krant.example/x", None, "example_address"),
    ],
)
def test_each_answer_is_named(address: str, answer: Answer | None, code: str) -> None:
    assert [finding.code for finding in found(address, answer)] == [code]


def test_a_shortener_that_does_not_answer_is_both() -> None:
    codes = [finding.code for finding in found("https://bit.ly/x", Answer(Verdict.SILENT))]
    assert codes == ["shortened_link", "silent_link"]


def test_a_link_that_answers_or_was_not_asked_is_no_finding() -> None:
    assert found(OLD, Answer(Verdict.FINE, 200)) == found(OLD, None) == []


def test_the_new_address_goes_where_the_old_one_stands() -> None:
    moved = Answer(Verdict.MOVED, 200, NEW)
    assert found(OLD, moved, {(7, "address"): OLD})[0].fix == Fix(
        Change.WRITE, "Use the new address", "address", 7, old=OLD, new=NEW
    )
    in_words = found(OLD, moved, {(7, "address"): "", (7, "blurb"): f"Zie [x]({OLD})."})[0].fix
    assert in_words == Fix(Change.REPLACE, "Use the new address", "blurb", 7, old=OLD, new=NEW)
    assert found(OLD, moved, {(8, "address"): OLD})[0].fix is None, "a link of the design is not an editor's to change"


def test_an_address_that_begins_alike_is_not_taken_for_it() -> None:
    raw = {(7, "address"): f"{OLD}er", (7, "blurb"): f"Zie [x]({OLD})."}
    finding = found(OLD, Answer(Verdict.DEAD, 404), raw)[0]
    assert (finding.field, finding.fix) == ("blurb", None)
    fix = found(OLD, Answer(Verdict.MOVED, 200, NEW), raw)[0].fix
    assert fix is not None and fix.field == "blurb"


def test_example_names_are_told_once() -> None:
    links = tuple(RenderedLink(n, f"https://krant.example/{n}", "x", n) for n in range(1, 5))
    assert [finding.code for finding in answer_warnings(links, {}, {})] == ["example_address"]
