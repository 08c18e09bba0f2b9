"""Issues: create, fill, check, render, test and send them."""

import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from curator.accounts.audit import record
from curator.cli.deliveries import say_status
from curator.cli.lookup import ACTOR, IssueName, Slug, find_issue
from curator.cli.output import AsJson, say, say_json, say_step, say_table
from curator.db.session import transaction
from curator.delivery import ledger, plan
from curator.delivery.preflight import check_issue, weigh_for_send
from curator.editions.checks import Checks
from curator.errors import CheckFailed, Conflict, Invalid, ModelFailed, Unavailable
from curator.issues.assemble import assemble
from curator.issues.comments import comments_of
from curator.issues.compose import add_item, create_issue, get_issue, list_issues
from curator.issues.newsletters import get_newsletter
from curator.issues.pieces import gaps_of, hints_of
from curator.issues.proposal_prompts import Kind
from curator.issues.proposals import Proposal, Stage, ask_for
from curator.reports.item_clicks import clicks_of_items
from curator.settings import get_settings

WAIT_FOR_WORKER = 20.0
"""Seconds a worker may need before it asks the model."""

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    slug: Slug,
    subject: Annotated[str, typer.Option(help="The subject of the mail.")],
    as_json: AsJson = False,
) -> None:
    """Start the next issue of a newsletter."""
    with transaction() as session:
        issue = create_issue(session, get_newsletter(session, slug).id, subject, ACTOR)
        record(session, ACTOR, "issue.created", "issue", issue.id, number=issue.number)
        sections = [section.name for section in issue.sections]
        facts = {"id": issue.id, "number": issue.number, "subject": issue.subject, "sections": sections}
    if as_json:
        say_json(facts)
    else:
        say(f"Issue {facts['id']} ({slug}#{facts['number']}) with the sections {', '.join(sections)}.")


@app.command()
def add(
    issue: IssueName,
    article: Annotated[int, typer.Argument(metavar="ARTICLE", help="The id of the article.")],
    section: Annotated[str, typer.Option(help="The name of a section of this issue.")],
    blurb: Annotated[str | None, typer.Option(help="Your words, in Markdown; else the article's summary.")] = None,
    as_json: AsJson = False,
) -> None:
    """Place an article in a section; one that is there already moves."""
    with transaction() as session:
        item = add_item(session, find_issue(session, issue).id, article, section, blurb, ACTOR)
        facts = {"id": item.id, "issue": item.issue_id, "article": item.article_id, "title": item.title}
    if as_json:
        say_json(facts | {"section": section})
    else:
        say(f"{facts['title']} is in {section}.")


@app.command()
def check(issue: IssueName, as_json: AsJson = False) -> None:
    """Everything that can be checked before sending. Errors stop a send; warnings want to be read."""
    found = _check(issue)
    findings = _as_lists(found)
    if as_json:
        links = found.links
        say_json(findings | {"links": {"total": links.total, "asked": links.asked} if links else None})
    else:
        _say_findings(findings)
        if links := found.links:
            say(f"{links.asked} of {links.total} links were looked at.")
    if findings["errors"]:
        raise typer.Exit(1)


@app.command()
def balance(issue: IssueName, as_json: AsJson = False) -> None:
    """Which sections still want items, and what is one-sided about the rest. Stops nothing."""
    with transaction() as session:
        found = get_issue(session, find_issue(session, issue).id)
        facts = {
            "gaps": [asdict(gap) for gap in gaps_of(found)],
            "hints": [asdict(hint) for hint in hints_of(session, found)],
        }
    if as_json:
        say_json(facts)
        return
    for gap in facts["gaps"]:
        say(f"To fill: {gap['section']}, {gap['count']} of {gap['minimum']}.")
    for hint in facts["hints"]:
        say(hint["message"])
    if not any(facts.values()):
        say("Every section is filled, and nothing is one-sided.")


@app.command()
def comments(
    issue: IssueName,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are resolved.")] = False,
    as_json: AsJson = False,
) -> None:
    """What editors said about the items, open comments first to last."""
    with transaction() as session:
        found = get_issue(session, find_issue(session, issue).id)
        said = comments_of(session, found.id)
        rows = [
            {"id": c.id, "item": item.title, "text": c.text, "by": c.by, "at": c.at, "resolved_by": c.resolved_by}
            for section in found.sections
            for item in section.items
            for c in said.get(item.id, ())
            if everything or c.resolved_at is None
        ]
    if as_json:
        say_json(rows)
    else:
        columns = ("id", "item", "text", "by", "at", "resolved_by")
        say_table(columns, [[row[column] for column in columns] for row in rows])


@app.command()
def propose(
    issue: IssueName,
    item: Annotated[int | None, typer.Option(help="The id of an item; without one, subjects are proposed.")] = None,
    translate: Annotated[bool, typer.Option("--translate", help="The item's title and opening, not a blurb.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have the language model propose words, with the sentences they came from. They are used in the desk."""
    kind = Kind.SUBJECT if item is None else Kind.TRANSLATION if translate else Kind.BLURB
    if translate and item is None:
        raise Invalid("Name the item to translate: --item ID.")
    settings = get_settings()
    with transaction() as session:
        asked = ask_for(session, find_issue(session, issue).id, item, kind, ACTOR, settings).id
    found = _wait_for(asked, settings.model_seconds + WAIT_FOR_WORKER)
    if as_json:
        say_json(found)
    else:
        rows = [(field, words) for offer in found["offers"] for field, words in offer["words"].items()]
        say_table(("field", "words by a model"), rows)


@app.command("assemble")
def assemble_draft(issue: IssueName, as_json: AsJson = False) -> None:
    """Place the starred articles in the sections of a draft; names what is still wanted. Twice adds nothing."""
    with transaction() as session:
        done = assemble(session, find_issue(session, issue).id, ACTOR)
    if as_json:
        placed = [{"title": title, "section": section} for title, section in done.placed]
        say_json({"placed": placed, "left_over": done.left_over, "gaps": [asdict(gap) for gap in done.gaps]})
        return
    for title, section in done.placed:
        say(f"{section}: {title}")
    for gap in done.gaps:
        say(f"To fill: {gap.section}, {gap.count} of {gap.minimum}.")
    for title in done.left_over:
        say(f"No room for: {title}")
    if not (done.placed or done.left_over):
        say("No starred article is waiting.")


@app.command()
def render(
    issue: IssueName,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write to.")],
    as_json: AsJson = False,
) -> None:
    """Write issue.html, issue.txt and message.eml as a sample reader would get them."""
    from curator.cli.sample_reader import render_for_sample

    settings = get_settings()
    with transaction() as session:
        files = render_for_sample(session, find_issue(session, issue).id, settings)
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (out / name).write_bytes(content)
    if as_json:
        say_json({name: str(out / name) for name in files})
    else:
        say(f"Written to {out}: {', '.join(files)}.")


@app.command()
def test(issue: IssueName, email: Annotated[str, typer.Argument(metavar="EMAIL")], as_json: AsJson = False) -> None:
    """Send the issue as a test to one address."""
    from curator.delivery.notices import send_test

    with transaction() as session:
        notice = send_test(session, find_issue(session, issue).id, email, settings=get_settings())
        facts = {"id": notice.id, "address": notice.address, "state": "waiting"}
    if as_json:
        say_json(facts)
    else:
        say(f"A worker sends the test to {email} now.")


@app.command()
def send(
    issue: IssueName,
    at: Annotated[str, typer.Option(metavar="TIME", help="Later: 2026-11-27 09:00, in the newsletter's zone.")] = "",
    now: Annotated[bool, typer.Option("--now", help="At once, without time to undo and without a pilot.")] = False,
    no_pilot: Annotated[
        bool, typer.Option("--no-pilot", help="To everybody, without a pause after the first.")
    ] = False,
    over: Annotated[int | None, typer.Option(metavar="MINUTES", help="Spread it evenly over this time.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; the warnings have been read.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send an issue to its subscribers. It goes out after the time to undo, at TIME, or --now."""
    if at and now:
        raise Invalid("--at and --now contradict each other. Give one.")
    findings = _as_lists(weigh_for_send(_check(issue)))
    _refuse_errors(findings)
    if not yes:
        _ask(issue, findings, as_json)
    with transaction() as session:
        found = find_issue(session, issue)
        newsletter_zone = ZoneInfo(found.newsletter.timezone)
        when = read_time(at, newsletter_zone) if at else None
        delivery = plan.send_issue(
            session, found.id, by=ACTOR, at=when, now=now, over=over, pilot=not no_pilot, settings=get_settings()
        )
        session.flush()
        record(session, ACTOR, "issue.sent", "issue", found.id, delivery=delivery.id)
        status = ledger.delivery_status(session, found.id)
    if as_json:
        say_json(status)
        return
    say_status(status)
    if not now:
        say(f"Until it starts it can be taken back: curator deliveries cancel {issue}")
    say(f"Follow it with curator deliveries show {issue} --watch")


@app.command("list")
def list_all(slug: Slug, as_json: AsJson = False) -> None:
    """The issues of a newsletter, newest first."""
    with transaction() as session:
        issues = list_issues(session, get_newsletter(session, slug).id)
        rows = [
            {"id": i.id, "number": i.number, "subject": i.subject, "state": str(i.state.value), "sent_at": i.sent_at}
            for i in issues
        ]
    if as_json:
        say_json(rows)
    else:
        columns = ("id", "number", "subject", "state", "sent_at")
        say_table(columns, [[row[column] for column in columns] for row in rows])


def _wait_for(proposal_id: int, seconds: float) -> dict[str, Any]:
    """What the model offers, once a worker has asked it; our own errors when there is nothing, or nothing yet."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with transaction() as session:
            found = session.get(Proposal, proposal_id)
            if found is None or found.stage is Stage.PUT_AWAY:
                raise Conflict("Somebody cancelled it, or asked for another.")
            if found.stage is Stage.FAILED:
                raise ModelFailed(found.reason)
            if not found.is_open:
                lines = dict(enumerate(found.lines, 1))
                offers = [{**o, "sources": {n: lines[n] for n in o["sources"]}} for o in found.offers]
                return {"id": found.id, "kind": str(found.kind), "offers": offers}
        time.sleep(0.25)
    raise Unavailable("No answer yet. Is a worker running? When it comes, the issue's page shows it.")


def read_time(text: str, zone: ZoneInfo) -> datetime:
    """An ISO 8601 time; without an offset it is meant in the newsletter's zone. `Invalid` when it has passed."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"{text!r} is no time. Write it as 2026-11-27 09:00 or 2026-11-27T09:00+01:00.") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    if moment <= datetime.now(UTC):
        raise Invalid(f"{text} has passed. Give a later time, or --now.")
    return moment


def _check(issue: str) -> Checks:
    say_step("Checking the message …")
    with transaction() as session:
        return check_issue(session, find_issue(session, issue).id, settings=get_settings(), clicks_of=clicks_of_items)


def _as_lists(checks: Checks) -> dict[str, list[dict[str, Any]]]:
    return {kind: [finding.facts() for finding in getattr(checks, kind)] for kind in ("errors", "warnings")}


def _refuse_errors(findings: dict[str, list[dict[str, Any]]]) -> None:
    errors = findings["errors"]
    if errors:
        reasons = " ".join(finding["message"] for finding in errors)
        raise CheckFailed(f"Not sent: {reasons}", **findings)


def _ask(issue: str, findings: dict[str, list[dict[str, Any]]], as_json: bool) -> None:
    """The warnings, acknowledged by a person; a script acknowledges them with --yes."""
    if as_json:
        if findings["warnings"]:
            raise CheckFailed("There are warnings. Read them, then send with --yes.", **findings)
        return
    _say_findings(findings)
    typer.confirm(f"Send issue {issue}?", abort=True)


def _say_findings(findings: dict[str, list[dict[str, Any]]]) -> None:
    rows = [
        (kind.removesuffix("s"), finding["code"], finding["message"], finding["where"])
        for kind in ("errors", "warnings")
        for finding in findings[kind]
    ]
    if rows:
        say_table(("", "code", "message", "where"), rows)
    else:
        say("Nothing to complain about.")
