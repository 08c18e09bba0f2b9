"""What the issue page shows of a model's words: what may be asked for, what was, and which fields nobody has edited."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.issues.model_words import ModelWords, model_words
from curator.issues.models import Issue
from curator.issues.proposal_prompts import Kind, language_named
from curator.issues.proposal_sources import may_translate
from curator.issues.proposals import Proposal, Stage, shown_proposals
from curator.settings import get_settings
from curator.sources.models import Article

_LATE = timedelta(seconds=20)


@dataclass(frozen=True)
class Proposed:
    """Per item id, None for the issue itself. With no model set and nothing of one left, nothing is shown."""

    is_on: bool
    language: str
    shown: dict[int | None, list[Proposal]] = field(default_factory=dict)
    marks: dict[int | None, list[ModelWords]] = field(default_factory=dict)
    translatable: frozenset[int] = frozenset()

    def is_shown(self, item_id: int | None) -> bool:
        """Whether there is anything to show beside this item, or the issue."""
        return self.is_on or item_id in self.marks

    def kinds(self, item_id: int | None) -> list[Kind]:
        """What may be asked for now: what nobody waits for, and what is not there to be judged."""
        if not self.is_on:
            return []
        busy = {one.kind for one in self.shown.get(item_id, ()) if one.stage is not Stage.FAILED}
        wanted = [Kind.SUBJECT] if item_id is None else [Kind.BLURB]
        return [kind for kind in [*wanted, *self._translation(item_id)] if kind not in busy]

    def sources(self, proposal: Proposal, offer: dict[str, Any]) -> list[tuple[int, str]]:
        """The numbered sentences an offer came from."""
        return [(number, proposal.lines[number - 1]) for number in offer["sources"]]

    def is_late(self, proposal: Proposal) -> bool:
        """Whether no worker has taken it, though it should have."""
        return proposal.stage is Stage.ASKED and datetime.now(UTC) - proposal.asked_at > _LATE

    def _translation(self, item_id: int | None) -> list[Kind]:
        return [Kind.TRANSLATION] if item_id in self.translatable else []


def proposed_in(session: Session, issue: Issue) -> Proposed:
    """Everything of it in this issue, which is loaded with its sections and items."""
    language = issue.newsletter.language
    is_on = bool(get_settings().model_address)
    found = Proposed(
        is_on, language_named(language), translatable=_translatable(session, issue) if is_on else frozenset()
    )
    for words in model_words(session, issue):
        found.marks.setdefault(words.item_id, []).append(words)
    for one in shown_proposals(session, issue.id) if is_on else ():
        found.shown.setdefault(one.item_id, []).append(one)
    return found


def _translatable(session: Session, issue: Issue) -> frozenset[int]:
    items = {item.article_id: item for section in issue.sections for item in section.items if item.article_id}
    spoken = session.execute(select(Article.id, Article.language).where(Article.id.in_(items)))
    wanted = issue.newsletter.language
    return frozenset(items[number].id for number, language in spoken if may_translate(language, wanted))
