"""Deliveries: how far an issue is, everything about every message, the brakes, and sending again."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.accounts.audit import record
from curator.cli.lookup import ACTOR, IssueName, find_issue
from curator.cli.output import AsJson, say, say_csv, say_facts, say_json
from curator.db.session import transaction
from curator.delivery import ledger, plan
from curator.delivery.models import Delivery, Requeue
from curator.delivery.requeue import resend as resend_unknown
from curator.delivery.requeue import retry as retry_failed
from curator.errors import NotFound

app = typer.Typer(no_args_is_help=True)

FINAL = ("sent", "cancelled")

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command()
def show(
    issue: IssueName,
    watch: Annotated[bool, typer.Option("--watch", help="Stay and show the progress until it is over.")] = False,
    as_json: AsJson = False,
) -> None:
    """Candidates by state and reason, rate, relays, started, finished, and what keeps it from getting on."""
    status = _watch(issue) if watch and not as_json else _status(issue)
    if as_json:
        say_json(status)
    else:
        say_status(status)


@app.command()
def export(
    issue: IssueName,
    out: Annotated[Path | None, typer.Option(help="Write here instead of stdout.")] = None,
    as_json: AsJson = False,
) -> None:
    """Every message as CSV: address, state, reason, message-id, attempts, last reply, times."""
    with transaction() as session:
        delivery = _delivery(session, issue)
        say_csv(ledger.export_csv(session, delivery.issue_id), out, as_json)


@app.command()
def pause(issue: IssueName, as_json: AsJson = False) -> None:
    """Stop handing over messages; what is in flight is finished."""
    _brake(issue, "pause", as_json)


@app.command()
def resume(issue: IssueName, as_json: AsJson = False) -> None:
    """Go on with a paused delivery."""
    _brake(issue, "resume", as_json)


@app.command()
def release(issue: IssueName, as_json: AsJson = False) -> None:
    """Mail everybody after the pilot, without waiting for what comes back of it."""
    _brake(issue, "release", as_json)


@app.command()
def resend(issue: IssueName, yes: Yes = False, as_json: AsJson = False) -> None:
    """Send again to everybody in doubt; who got the first copy gets a second one."""
    if not (yes or as_json):
        number = _status(issue)["unknown"]
        typer.confirm(f"Send again to {number} in doubt? Who got the first copy gets a second one.", abort=True)
    _requeue(issue, "delivery.resend", resend_unknown, as_json)


@app.command()
def retry(
    issue: IssueName,
    reason: Annotated[str | None, typer.Option(help="Only those who failed for this reason, as `show` has it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Try again everybody who failed, except addresses that are suppressed by now."""

    def act(session: Session, delivery_id: int, by: str) -> Requeue | None:
        return retry_failed(session, delivery_id, by, reason=reason)

    _requeue(issue, "delivery.retry", act, as_json)


@app.command()
def cancel(issue: IssueName, yes: Yes = False, as_json: AsJson = False) -> None:
    """End a delivery for good; whoever has not been mailed will not be."""
    if not (yes or as_json):
        typer.confirm("Whoever has not been mailed yet will not get this issue. Cancel it?", abort=True)
    _brake(issue, "cancel", as_json)


def say_status(status: dict[str, Any]) -> None:
    """A delivery for a person: the sum first, then what else there is to tell."""
    if status["expected"] is None and not status["candidates"]:
        say("Nothing is sent yet; the candidates are counted when it starts.")
    else:
        parts = {"accepted": status["accepted"], "excluded": status["excluded_total"], "failed": status["failed"]}
        parts |= {"unknown": status["unknown"], "waiting": status["waiting"]}
        say(f"{status['candidates']} candidates = " + " + ".join(f"{n} {name}" for name, n in parts.items()))
    for sentence in status["trouble"]:
        say(f"! {sentence}")
    say_facts({name: value for name, value in _told(status).items() if value})


def _told(status: dict[str, Any]) -> dict[str, Any]:
    """What a person reads below the sum, without what is nothing."""
    told = {name: status.get(name) for name in ("state", "reason", "excluded", "failed_reasons")}
    told["counts"] = {name: number for name, number in status["counts"].items() if number}
    for name in ("rate", "average_rate"):
        told[name] = f"{status[name]} a second" if status[name] else None
    for name in ("scheduled_at", "started_at", "finished_at"):
        told[name] = datetime.fromisoformat(status[name]) if status.get(name) else None
    relays = [f"{relay['name']} {relay['state']}".removesuffix(" unknown") for relay in status["relays"]]
    return told | {
        "relays": ", ".join(relays),
        "pilot": status.get("pilot"),
        "requeued": _acts(status.get("requeues", [])),
    }


def _acts(requeues: list[dict[str, Any]]) -> str:
    return ", ".join(f"{act['messages']} {act['was']} by {act['by']}" for act in requeues)


def _status(issue: str) -> dict[str, Any]:
    with transaction() as session:
        status: dict[str, Any] = ledger.delivery_status(session, _delivery(session, issue).issue_id)
        return status


def _delivery(session: Session, issue: str) -> Delivery:
    found = find_issue(session, issue)
    delivery = session.scalar(select(Delivery).where(Delivery.issue_id == found.id))
    if delivery is None:
        raise NotFound(f"Issue {issue} has not been sent. Send it with `curator issues send {issue}`.", issue=found.id)
    return delivery


def _brake(issue: str, verb: str, as_json: bool) -> None:
    with transaction() as session:
        delivery = _delivery(session, issue)
        issue_id = delivery.issue_id
        getattr(plan, verb)(session, delivery.id, by=ACTOR)
        session.flush()
        record(session, ACTOR, f"delivery.{verb}", "issue", issue_id)
        status = ledger.delivery_status(session, issue_id)
    if as_json:
        say_json(status)
    else:
        say(f"The delivery is {status['state']}.")


def _requeue(issue: str, action: str, verb: Callable[[Session, int, str], Requeue | None], as_json: bool) -> None:
    with transaction() as session:
        delivery = _delivery(session, issue)
        issue_id = delivery.issue_id
        act = verb(session, delivery.id, ACTOR)
        number = act.messages if act else 0
        record(session, ACTOR, action, "issue", issue_id, messages=number, reason=act.reason if act else None)
        status = ledger.delivery_status(session, issue_id)
    if as_json:
        say_json({"requeued": number} | status)
    else:
        say(f"{number} messages are to be sent again. The delivery is {status['state']}.")


def _watch(issue: str) -> dict[str, Any]:
    """A progress bar until the delivery is over, or Ctrl-C."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("waiting", total=None)
        while True:
            status = _status(issue)
            done = status["accepted"] + status["failed"] + status["unknown"]
            progress.update(bar, description=status["state"], completed=done, total=status["expected"])
            if status["state"] in FINAL:
                return status
            time.sleep(0.5)
