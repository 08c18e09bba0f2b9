"""From a proposal that was asked for to a model's offers: what is sent is loaded, then no row is touched."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from curator.errors import NotFound
from curator.issues.compose import get_issue
from curator.issues.language_model import ask_model
from curator.issues.models import Item
from curator.issues.proposal_answers import Offer, read_offers
from curator.issues.proposal_prompts import Kind, question_for
from curator.issues.proposals import Proposal
from curator.settings import Settings


@dataclass(frozen=True)
class Asked:
    """What is sent: numbered lines, the language of the answer, and the one address the answer may name."""

    kind: Kind
    lines: tuple[str, ...]
    language: str
    own_address: str | None


def load_question(session: Session, proposal_id: int) -> Asked:
    """What a proposal asks; `NotFound` when its issue was deleted meanwhile."""
    proposal = session.get(Proposal, proposal_id)
    if proposal is None:
        raise NotFound("There is no such proposal.", proposal=proposal_id)
    item = session.get(Item, proposal.item_id) if proposal.item_id else None
    language = get_issue(session, proposal.issue_id).newsletter.language
    return Asked(proposal.kind, tuple(proposal.lines), language, item.address if item else None)


def answer_of(asked: Asked, settings: Settings) -> list[Offer]:
    """Ask the model; `ModelFailed` when nothing came that an editor could use."""
    said = ask_model(question_for(asked.kind, asked.lines, asked.language), settings)
    return read_offers(asked.kind, said, asked.lines, asked.own_address)
