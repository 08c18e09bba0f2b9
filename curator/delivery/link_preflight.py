"""The links of an issue as they were last found: what is wrong with them, and how far the asking is. Reads only."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from curator.editions.checks.answers import Raw, answer_warnings
from curator.editions.checks.findings import Finding, LinkProgress
from curator.editions.render import Rendered
from curator.issues.link_answer import is_reserved
from curator.issues.link_checks import Answer, answers_of
from curator.issues.models import Issue
from curator.issues.seen import published_before
from curator.settings import Settings
from curator.sources.identity import address_key


def check_links(
    session: Session, issue: Issue, rendered: Rendered, settings: Settings
) -> tuple[list[Finding], LinkProgress | None]:
    """What is found about the links, and the progress; neither asks anything now."""
    followed = [link for link in rendered.links if not link.address.startswith(f"{settings.public_url}/")]
    rows = answers_of(session, [link.address for link in followed]) if settings.check_links else {}
    answers = {
        address: Answer(row.verdict, row.status, row.target) for address, row in rows.items() if row.verdict is not None
    }
    found = [*answer_warnings(tuple(followed), answers, _raw(issue)), *_seen_behind(session, issue, answers)]
    if not settings.check_links:
        return found, None
    real = {link.address for link in followed if not is_reserved(link.address)}
    ages = [row.checked_at for address, row in rows.items() if address in answers and row.checked_at is not None]
    progress = LinkProgress(len(real), len(real & set(answers)), min(ages, default=None))
    return [*found, *_unasked(progress)], progress


def _unasked(progress: LinkProgress) -> Iterator[Finding]:
    left = progress.total - progress.asked
    if left:
        message = f"{left} of {progress.total} links were not looked at yet. Wait a moment; a worker does it."
        yield Finding("links_unchecked", message, "links")


def _seen_behind(session: Session, issue: Issue, answers: dict[str, Answer]) -> Iterator[Finding]:
    """Items whose address leads to what was published before under another address."""
    items = [item for section in issue.sections for item in section.items]
    targets = {item.id: answers[item.address].target for item in items if item.address and item.address in answers}
    keys = {item_id: address_key(target) for item_id, target in targets.items() if target}
    seen = published_before(session, issue.newsletter_id, set(keys.values()), issue.id)
    for item in items:
        before = seen.get(keys.get(item.id, ""))
        if before and keys[item.id] != item.address_key:
            message = f"It leads to what was already published in issue {before.issue_number}."
            yield Finding("seen_before", message, item.title, item.id, "address")


def _raw(issue: Issue) -> Raw:
    raw: dict[tuple[int | None, str], str] = {(None, "intro"): issue.intro, (None, "outro"): issue.outro}
    for section in issue.sections:
        for item in section.items:
            raw |= {(item.id, "address"): item.address or "", (item.id, "blurb"): item.blurb}
    return raw
