"""Reports: what came back from an issue, people and machines apart."""

import typer

from curator.cli.lookup import IssueName, find_issue
from curator.cli.output import AsJson, say, say_json, say_table
from curator.db.session import transaction
from curator.reports.issue_report import issue_report

app = typer.Typer(no_args_is_help=True)


@app.callback()
def reports() -> None:
    """Keeps `show` a command of its own, however few there are."""


@app.command()
def show(issue: IssueName, as_json: AsJson = False) -> None:
    """Delivered, opened, clicked, left; per link."""
    with transaction() as session:
        report = issue_report(session, find_issue(session, issue).id)
    if as_json:
        say_json(report)
        return
    say(f"#{report['number']} {report['subject']}")
    say_table(
        ("", "people", "machines", "aggregate"),
        [
            (kind, *(report[kind][actor] for actor in ("people", "machines", "aggregate")))
            for kind in ("opens", "clicks")
        ],
    )
    for name in ("delivered", "unsubscribes", "bounces", "complaints"):
        say(f"{name}: {report[name]}")
    columns = ("number", "people", "machines", "aggregate", "label", "address")
    say_table(columns, [[link[column] for column in columns] for link in report["links"]], "Links")
