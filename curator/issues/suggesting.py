"""From a suggestion that was asked for to a model's offers: what is sent is loaded, then no row is touched."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from curator.errors import NotFound
from curator.issues.compose import get_issue
from curator.issues.language_model import ask_model
from curator.issues.models import Item
from curator.issues.suggestion_answers import Offer, read_offers
from curator.issues.suggestion_prompts import Kind, question_for
from curator.issues.suggestions import Suggestion
from curator.settings import Settings


@dataclass(frozen=True)
class Asked:
    """What is sent: numbered lines, the language of the answer, and the one address the answer may name."""

    kind: Kind
    lines: tuple[str, ...]
    language: str
    own_address: str | None


def load_question(session: Session, suggestion_id: int) -> Asked:
    """What a suggestion asks; `NotFound` when its issue was deleted meanwhile."""
    suggestion = session.get(Suggestion, suggestion_id)
    if suggestion is None:
        raise NotFound("There is no such suggestion.", suggestion=suggestion_id)
    item = session.get(Item, suggestion.item_id) if suggestion.item_id else None
    language = get_issue(session, suggestion.issue_id).newsletter.language
    return Asked(suggestion.kind, tuple(suggestion.lines), language, item.address if item else None)


def answer_of(asked: Asked, settings: Settings) -> list[Offer]:
    """Ask the model; `ModelFailed` when nothing came that an editor could use."""
    said = ask_model(question_for(asked.kind, asked.lines, asked.language), settings)
    return read_offers(asked.kind, said, asked.lines, asked.own_address)
