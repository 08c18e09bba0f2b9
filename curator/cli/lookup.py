"""How people name things on the command line: a newsletter by its slug, an issue by its id or SLUG#NUMBER."""

from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.errors import Invalid, NotFound
from curator.issues.models import Issue
from curator.issues.newsletters import get_newsletter

ACTOR = "command line"
"""Who did it, for the audit."""

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The newsletter.")]
IssueName = Annotated[str, typer.Argument(metavar="ISSUE", help="The issue: its id, or SLUG#NUMBER.")]


def find_issue(session: Session, name: str) -> Issue:
    """The issue with this id, or this number of this newsletter; `NotFound` otherwise."""
    slug, separator, number = name.partition("#")
    wanted = number if separator else slug
    if not wanted.isdecimal():
        raise Invalid(f"{name} is no issue. Give its id, or SLUG#NUMBER; `curator issues list SLUG` shows both.")
    if separator:
        newsletter = get_newsletter(session, slug)
        issue = session.scalar(select(Issue).filter_by(newsletter_id=newsletter.id, number=int(number)))
    else:
        issue = session.get(Issue, int(wanted))
    if issue is None:
        raise NotFound(f"There is no issue {name}. `curator issues list SLUG` shows them.", issue=name)
    return issue
