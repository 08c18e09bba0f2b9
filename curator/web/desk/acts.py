"""Acts a page sends: several at once, in their order, each done once however often it comes.

A page that lost its connection keeps them and sends them again; see `curator.issues.acts`.
"""

from dataclasses import asdict
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from curator.accounts.models import User
from curator.errors import Conflict, Invalid
from curator.issues.acts import ActKind, Answer, Outcome, Wanted, perform
from curator.issues.compose import current_draft
from curator.sources.triage import get_article
from curator.web.access import Db, Desk, Editor
from curator.web.desk.finds import count_by_triage
from curator.web.pages import fragment

router = APIRouter()

Number = Annotated[int, Field(ge=1, lt=2**63)]


class Sent(BaseModel):
    """One act as a page writes it: see `curator.issues.acts.Wanted`."""

    model_config = ConfigDict(extra="forbid")

    key: Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[\w-]+$")]
    kind: ActKind
    article: Number
    value: Annotated[str, Field(max_length=64)] = ""
    seen: Annotated[str, Field(max_length=500)] | None = None
    others: Annotated[list[Number], Field(max_length=100)] = []


class Batch(BaseModel):
    """What a page sends at once."""

    model_config = ConfigDict(extra="forbid")

    acts: Annotated[list[Sent], Field(min_length=1, max_length=50)]


@router.post("/n/{slug}/acts")
def take(request: Request, desk: Editor, db: Db, batch: Batch) -> Response:
    """Do them one after another; the answers in the same order, with the counts and the draft as they are then."""
    answers = [
        perform(
            db,
            desk.newsletter.id,
            Wanted(act.key, act.kind, act.article, act.value, act.seen, tuple(act.others)),
            desk.by,
        )
        for act in batch.acts
    ]
    told = [asdict(answer) | {"by": _name(db, answer)} for answer in answers]
    values = {"answers": told, "counts": count_by_triage(db, desk.newsletter.id)}
    if any(act.kind in (ActKind.PLACE, ActKind.UNDO) for act in batch.acts):
        values["draft"] = draft_summary(request, desk, db)
    return JSONResponse(values)


@router.post("/n/{slug}/articles/{article_id}/triage")
def triage(desk: Editor, db: Db, article_id: int, triage: Annotated[str, Form()]) -> Response:
    """Star, dismiss, keep for later, or put back among the candidates: the same by a form."""
    return _by_form(desk, db, ActKind.TRIAGE, article_id, triage)


@router.post("/n/{slug}/articles/{article_id}/place")
def place(desk: Editor, db: Db, article_id: int, section_id: Annotated[str, Form(max_length=20)] = "") -> Response:
    """Put the article in a section of the draft, or in the first with room; placing it again moves it."""
    return _by_form(desk, db, ActKind.PLACE, article_id, section_id)


@router.post("/n/{slug}/articles/{article_id}/mute")
def mute(desk: Editor, db: Db, article_id: int) -> Response:
    """Silence the source of an article."""
    return _by_form(desk, db, ActKind.MUTE, article_id)


@router.post("/n/{slug}/articles/{article_id}/choose")
def choose(desk: Editor, db: Db, article_id: int) -> Response:
    """Let an article stand for its story."""
    return _by_form(desk, db, ActKind.CHOOSE, article_id)


@router.post("/n/{slug}/articles/{article_id}/apart/{other_id}")
def apart(desk: Editor, db: Db, article_id: int, other_id: int) -> Response:
    """Say that an article tells another story than the one it stands behind."""
    return _by_form(desk, db, ActKind.APART, article_id, others=(other_id,))


def draft_summary(request: Request, desk: Desk, db: Db) -> str:
    """HTML of the draft's sections with their meters."""
    response = fragment(request, "web/desk/draft.html", desk=desk, draft=current_draft(db, desk.newsletter.id))
    return bytes(response.body).decode()


def _by_form(
    desk: Desk, db: Db, kind: ActKind, article_id: int, value: str = "", others: tuple[int, ...] = ()
) -> Response:
    """A form is sent by somebody who waits for the answer: what is wrong is a page, not a note."""
    get_article(db, desk.newsletter.id, article_id)
    answer = perform(db, desk.newsletter.id, Wanted(uuid4().hex, kind, article_id, value, None, others), desk.by)
    if answer.outcome == Outcome.CONFLICT:
        raise Conflict(answer.message)
    if answer.outcome == Outcome.REFUSED:
        raise Invalid(answer.message)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/#article-{article_id}", status_code=303)


def _name(db: Db, answer: Answer) -> str:
    """What people call the editor who was first."""
    if not answer.by:
        return ""
    name = db.scalar(select(User.name).where(User.address_key == answer.by))
    return name or answer.by
