"""Which fields of an issue still have the words of a model, exactly as it wrote them. Any edit by a person ends that.

Nothing has to be cleared: the hash of what was put in is compared with what stands there now. Reads only.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.issues.models import Issue
from curator.issues.proposals import Proposal, Stage, hash_of


@dataclass(frozen=True)
class ModelWords:
    """A field no person has edited since, and the numbered sentences its words came from."""

    item_id: int | None
    where: str
    field: str
    sources: tuple[tuple[int, str], ...]
    doubtful: tuple[str, ...]


def model_words(session: Session, issue: Issue) -> list[ModelWords]:
    """Every such field, in the order of the mail."""
    texts = list(_texts(issue))
    now = {(item_id, field): hash_of(words) for item_id, _, field, words in texts}
    used: dict[tuple[int | None, str], Proposal] = {}
    statement = select(Proposal).where(Proposal.issue_id == issue.id, Proposal.stage == Stage.USED)
    for proposal in session.scalars(statement.order_by(Proposal.settled_at, Proposal.id)):
        for field, digest in proposal.used.get("fields", {}).items():
            if now.get((proposal.item_id, field)) == digest:
                used[proposal.item_id, field] = proposal
    return [
        _found(used[item_id, field], item_id, where, field)
        for item_id, where, field, _ in texts
        if (item_id, field) in used
    ]


def _found(proposal: Proposal, item_id: int | None, where: str, field: str) -> ModelWords:
    offer = proposal.offers[proposal.used["offer"]]
    sources = tuple((number, proposal.lines[number - 1]) for number in offer["sources"])
    return ModelWords(item_id, where, field, sources, tuple(offer.get("doubtful", ())))


def _texts(issue: Issue) -> Iterator[tuple[int | None, str, str, str]]:
    """(item id, a name of it for a person, field, text) of every field a model may fill."""
    yield None, "subject", "subject", issue.subject
    for section in issue.sections:
        for item in section.items:
            yield item.id, item.title, "title", item.title
            yield item.id, item.title, "blurb", item.blurb
