"""Checks of what the links answered when they were last asked: dead, moved, shortened, silent, not asked yet. Pure."""

from collections.abc import Iterator, Mapping

from curator.editions.checks.findings import Finding
from curator.editions.links import RenderedLink
from curator.issues.fixes import Change, Fix
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
        if is_shortened(link.address) and not (answer and answer.target):
            yield _about(link, "shortened_link", "A shortened address hides where it leads. Write it in full.")
        if answer is not None:
            yield from _finding(link, answer, raw)


def _finding(link: RenderedLink, answer: Answer, raw: Raw) -> Iterator[Finding]:
    target = answer.target
    if answer.verdict is Verdict.DEAD:
        message = f"The page is gone: the site answers {answer.status}. Give another address."
        yield _about(link, "dead_link", message)
    elif answer.verdict is Verdict.SILENT:
        yield _about(link, "silent_link", "The site cannot be reached. Open the link yourself, or give another one.")
    elif answer.verdict is Verdict.UNSURE:
        message = f"The site answers a machine with {answer.status}. Open the link yourself to see that it works."
        yield _about(link, "unsure_link", message)
    elif target and is_shortened(link.address):
        message = f"A shortened address; it leads to {target[:200]}."
        yield _about(link, "shortened_link", message, _replacement(link, target, raw))
    elif answer.verdict is Verdict.MOVED:
        message = f"The page has moved for good, to {target[:200]}."
        yield _about(link, "redirected_link", message, _replacement(link, target, raw))
    elif answer.verdict is Verdict.ELSEWHERE:
        message = f"It leads to another site for now: {target[:200]}. Is that meant?"
        yield _about(link, "leads_elsewhere", message)


def _replacement(link: RenderedLink, target: str, raw: Raw) -> Fix | None:
    """Where the address stands in words an editor can change; None for a link of the design."""
    for (item_id, field), text in raw.items():
        if item_id == link.item_id and link.address in text:
            change = Change.WRITE if text == link.address else Change.REPLACE
            return Fix(change, "Use the new address", field, item_id, old=link.address, new=target)
    return None


def _about(link: RenderedLink, code: str, message: str, fix: Fix | None = None) -> Finding:
    return Finding(code, message, link.address, link.item_id, "address" if link.item_id else "", fix)
