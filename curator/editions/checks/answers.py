"""Checks of what the links answered when they were last asked: dead, moved, shortened, silent, not asked yet. Pure."""

from collections.abc import Iterator, Mapping

from curator.editions.checks.findings import Finding
from curator.editions.links import RenderedLink
from curator.issues.fixes import Change, Fix, part
from curator.issues.link_answer import is_reserved, is_shortened
from curator.issues.link_checks import Answer, Verdict

Raw = Mapping[tuple[int | None, str], str]
"""The words of the issue as they are stored, Markdown and all: (item id or None, field) to text."""


def answer_warnings(links: tuple[RenderedLink, ...], answers: Mapping[str, Answer], raw: Raw) -> Iterator[Finding]:
    """One finding per link that is not fine; `answers` lacks the addresses that were not asked yet."""
    made_up = [link for link in links if is_reserved(link.address)]
    if made_up:
        count = "A link leads" if len(made_up) == 1 else f"{len(made_up)} links lead"
        message = f"{count} to a name that is reserved for examples. Give the real address."
        yield Finding("example_address", message, made_up[0].address, made_up[0].item_id, "")
    for link in links:
        answer = answers.get(link.address)
        field = _field_of(link, raw)
        if is_shortened(link.address) and not (answer and answer.target):
            message = "A shortened address hides where it leads. Write it in full."
            yield _about(link, field, "shortened_link", message)
        if answer is not None and (found := _judged(link, answer)):
            code, message, is_for_good = found
            fix = _replacement(link, field, answer.target, raw) if is_for_good else None
            yield _about(link, field, code, message, fix)


def _judged(link: RenderedLink, answer: Answer) -> tuple[str, str, bool] | None:
    """The code, what to do, and whether the address it leads to can take its place; None for a link that is fine."""
    target = answer.target
    if answer.verdict is Verdict.DEAD:
        return "dead_link", f"The page is gone: the site answers {answer.status}. Give another address.", False
    if answer.verdict is Verdict.SILENT:
        return "silent_link", "The site cannot be reached. Open the link yourself, or give another one.", False
    if answer.verdict is Verdict.UNSURE:
        message = f"The site answers a machine with {answer.status}. Open the link yourself to see that it works."
        return "unsure_link", message, False
    if target and is_shortened(link.address):
        return "shortened_link", f"A shortened address; it leads to {target[:200]}.", True
    if answer.verdict is Verdict.MOVED:
        return "redirected_link", f"The page has moved for good, to {target[:200]}.", True
    if answer.verdict is Verdict.ELSEWHERE:
        return "leads_elsewhere", f"It leads to another site for now: {target[:200]}. Is that meant?", False
    return None


def _field_of(link: RenderedLink, raw: Raw) -> str:
    """Where the address stands in words an editor can change; empty for a link of the design."""
    fields = (field for (item_id, field), text in raw.items() if item_id == link.item_id)
    return next((field for field in fields if part(link.address).search(raw[link.item_id, field])), "")


def _replacement(link: RenderedLink, field: str, target: str, raw: Raw) -> Fix | None:
    if not field:
        return None
    change = Change.WRITE if raw[link.item_id, field] == link.address else Change.REPLACE
    return Fix(change, "Use the new address", field, link.item_id, old=link.address, new=target)


def _about(link: RenderedLink, field: str, code: str, message: str, fix: Fix | None = None) -> Finding:
    return Finding(code, message, link.address, link.item_id, field or ("address" if link.item_id else ""), fix)
