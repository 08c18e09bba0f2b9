"""The checks before Send, on what would really be sent: content, earlier issues, relay, audience, workers.

Errors stop a Send, warnings are for a person to weigh. A missing relay or audience is a warning while an issue is
written, and an error where it is sent. Changes nothing.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, load_only

from curator.audience.eligible import candidates
from curator.db.heartbeats import Process, alive
from curator.delivery.link_preflight import check_links
from curator.delivery.relay_state import relays_of
from curator.delivery.relays import relay_for
from curator.delivery.sending_checks import dns_warnings
from curator.editions.checks import Checks, Finding, check_content
from curator.editions.checks.findings import items_of
from curator.editions.compile import compile_message
from curator.editions.render import render_issue
from curator.errors import TemplateFailed, Unavailable
from curator.issues.approval import standing
from curator.issues.compose import get_issue
from curator.issues.content import IssueContent, load_content
from curator.issues.fixes import Change, Fix
from curator.issues.model_words import model_words
from curator.issues.models import Issue, Item
from curator.issues.revisions import FIELD_NAMES
from curator.issues.seen import SeenBefore, published_before, seen_before
from curator.settings import Settings
from curator.sources.models import Article, Picture

HEAVY_PICTURE = 300 * 1024
HEAVY_ALTOGETHER = 1536 * 1024

NEEDED_TO_SEND = frozenset({"no_relay", "no_audience", "not_approved"})
"""Warnings no acknowledgement lifts: they may be missing until Send, not at Send."""

ClicksOf = Callable[[Session, Collection[int]], Mapping[int, int]]
"""Clicks of people per item. Whoever shows the findings gives it: what came back of issues is counted behind us."""


def check_issue(session: Session, issue_id: int, *, settings: Settings, clicks_of: ClicksOf | None = None) -> Checks:
    """Everything found about sending this issue now; `NotFound` when there is none."""
    content = load_content(session, issue_id)
    issue = get_issue(session, issue_id)
    built = _built(session, issue, content, settings)
    return replace(
        built,
        warnings=(
            *built.warnings,
            *_not_approved(session, issue),
            *_cannot_go(session, issue),
            *_words_by_a_model(session, issue),
            *_seen_before(session, issue, clicks_of),
            *_heavy_pictures(session, content),
            *_ill_relays(session, issue),
            *dns_warnings(session, issue.newsletter),
            *_nobody_works(session),
        ),
    )


def _built(session: Session, issue: Issue, content: IssueContent, settings: Settings) -> Checks:
    """What is found in the message that would be sent, and about its links."""
    try:
        rendered = render_issue(content, public_url=settings.public_url)
        segments = compile_message(
            content, rendered, public_url=settings.public_url, inbound_domain=settings.inbound_domain
        )
    except (TemplateFailed, Unavailable) as error:
        return Checks(errors=(Finding("template_failed", error.message, "design"),), warnings=())
    today = datetime.now(UTC).astimezone(ZoneInfo(content.newsletter.timezone)).date()
    found = check_content(content, rendered, segments, today)
    about_links, progress = check_links(session, issue, rendered, settings)
    return replace(found, warnings=(*found.warnings, *about_links), links=progress)


def weigh_for_send(checks: Checks) -> Checks:
    """The same findings as they count when Send is pressed: what is needed to send is an error now."""
    needed = tuple(finding for finding in checks.warnings if finding.code in NEEDED_TO_SEND)
    return replace(
        checks,
        errors=(*checks.errors, *needed),
        warnings=tuple(finding for finding in checks.warnings if finding not in needed),
    )


def _not_approved(session: Session, issue: Issue) -> Iterator[Finding]:
    now = standing(session, issue.id)
    if now.is_needed and not now.is_approved:
        yield Finding("not_approved", now.in_words, "approval")


def _cannot_go(session: Session, issue: Issue) -> Iterator[Finding]:
    try:
        relay_for(session, issue.newsletter_id)
    except Unavailable as error:
        yield Finding("no_relay", error.message, "relay")
    people = candidates(issue.newsletter_id).subquery()
    if not session.scalar(select(func.count()).select_from(people).where(people.c.reason.is_(None))):
        message = "Nobody would receive it: the newsletter has no active subscribers yet. Add or import some."
        yield Finding("no_audience", message, "audience")


def _seen_before(session: Session, issue: Issue, clicks_of: ClicksOf | None) -> Iterator[Finding]:
    """Items whose address, or most of whose words, an earlier issue had. The same few questions however many items."""
    items = session.scalars(select(Item).where(Item.issue_id == issue.id)).all()
    found = _seen_items(session, issue, items)
    clicks = clicks_of(session, {seen.item_id for seen in found.values()}) if clicks_of else None
    for item in items:
        if seen := found.get(item.id):
            fix = Fix(Change.DROP_ITEM, "Remove the item", item_id=item.id)
            where = _issue_in_words(seen, issue.newsletter.timezone, clicks)
            told = "Most of its words were already published in" if seen.by_words else "Already published in"
            field = "" if seen.by_words else "address"
            yield Finding("seen_before", f"{told} {where}.", item.title, item.id, field, fix)


def _seen_items(session: Session, issue: Issue, items: Sequence[Item]) -> dict[int, SeenBefore]:
    """Per item that was published: by its own address, which an editor may have changed, or as its article is known."""
    keys = {item.address_key for item in items if item.address_key}
    by_key = published_before(session, issue.newsletter_id, keys, issue.id)
    ids = {item.article_id for item in items if item.article_id and item.address_key not in by_key}
    known = load_only(Article.address_key, Article.other_keys)  # not their bodies, at every change of a word
    articles = session.scalars(select(Article).where(Article.id.in_(ids)).options(known)).all()
    by_article = seen_before(session, issue.newsletter_id, articles, issue.id)
    found = {item.id: by_key.get(item.address_key or "") or by_article.get(item.article_id or 0) for item in items}
    return {number: seen for number, seen in found.items() if seen is not None}


def _issue_in_words(seen: SeenBefore, zone: str, clicks: Mapping[int, int] | None) -> str:
    facts = [f"{seen.sent_at.astimezone(ZoneInfo(zone)):%-d %B %Y}" if seen.sent_at else "on its way"]
    if clicks is not None:
        count = clicks.get(seen.item_id, 0)
        facts.append(f"{count:,} click{'' if count == 1 else 's'}")
    return f"issue {seen.issue_number} ({', '.join(facts)})"


def _words_by_a_model(session: Session, issue: Issue) -> Iterator[Finding]:
    """Fields that still read exactly as a model wrote them."""
    for words in model_words(session, issue):
        message = (
            f"The {FIELD_NAMES[words.field]} is a model's, and nobody has changed a word of it. Read it against its "
            "sentences, then make it yours."
        )
        # A code for each field: title and blurb of one item are two warnings to acknowledge.
        yield Finding(f"model_{words.field}", message, words.where, words.item_id, words.field)


def _heavy_pictures(session: Session, content: IssueContent) -> Iterator[Finding]:
    """Phones load every picture: one that is heavy, and all of them together."""
    titles = {bytes.fromhex(item.picture.sha256): item for item in items_of(content) if item.picture}
    weights = select(Picture.sha256, func.length(Picture.data)).where(Picture.sha256.in_(titles))
    total = 0
    for sha256, weight in session.execute(weights):
        total += weight
        if weight > HEAVY_PICTURE:
            item = titles[sha256]
            message = f"The picture is {weight // 1024} KB; phones load it slowly. Take one below 300 KB."
            yield Finding("heavy_picture", message, item.title, item.id)
    if total > HEAVY_ALTOGETHER:
        message = f"The pictures weigh {total / 1_048_576:.1f} MB together. Leave some out."
        yield Finding("heavy_pictures", message, "issue")


def _ill_relays(session: Session, issue: Issue) -> Iterator[Finding]:
    relays = relays_of(session, issue.newsletter_id)
    for relay in relays:
        if relay.state not in ("down", "refusing"):
            continue
        others = any(other.state not in ("down", "refusing") for other in relays)
        rest = "The others of its pool go on without it." if others else "Nothing can be sent until it answers."
        message = f"The relay {relay.name} is {relay.state}: {relay.reason or 'no reason known'}. {rest}"
        yield Finding("relay_ill", message, relay.name)


def _nobody_works(session: Session) -> Iterator[Finding]:
    running = alive(session)
    if not running[Process.WORKER]:
        yield Finding("no_worker", "No worker is running, so nothing will be sent until one is: curator worker.", "")
    if not running[Process.BEAT]:
        yield Finding("no_beat", "The scheduler is not running: what fails is not tried again. curator beat.", "")
