"""Articles over the API: bring one in, and see what became of it."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, ValidationError

from curator.errors import Conflict, Invalid
from curator.issues.compose import add_item, current_draft
from curator.reports.item_clicks import seen_facts
from curator.settings import get_settings
from curator.sources.intake import Intake, Way, add_address, add_html, add_text
from curator.sources.models import Article, CapturedBy
from curator.sources.triage import get_article
from curator.web.access import Db
from curator.web.api.access import Caller, Calling, JsonBody
from curator.web.desk.capture import MOST_CHARACTERS

router = APIRouter(prefix="/api/n/{slug}/articles")


class Brought(BaseModel):
    """An address, or a text, or HTML with the address it was found at. Anything else is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", strict=True)

    address: str = ""
    title: str = ""
    quote: str = ""
    text: str = ""
    html: str = ""
    section: str = ""


@router.post("")
def bring(calling: Calling, db: Db, body: JsonBody) -> JSONResponse:
    """Take an article in, and put it in the section of the draft that is named. 201, or 200 for one we had."""
    brought = _read(body)
    taken = _take(db, calling, brought)
    if brought.section:
        draft = current_draft(db, calling.newsletter.id)
        if draft is None:
            raise Conflict("There is no draft to put it in. Make a new issue first.")
        add_item(db, draft.id, taken.article.id, brought.section, by=calling.by)
    facts = _facts(db, taken.article) | {"outcome": taken.outcome, "duplicate_of": taken.duplicate_of}
    return JSONResponse(facts, status_code=201 if taken.outcome == "new" else 200)


@router.get("/{article_id}")
def show(calling: Calling, db: Db, article_id: int) -> JSONResponse:
    """What is known of an article by now: its page is read after it was brought."""
    return JSONResponse(_facts(db, get_article(db, calling.newsletter.id, article_id)))


def _read(body: bytes) -> Brought:
    try:
        return Brought.model_validate_json(body)
    except ValidationError as error:
        places = sorted({".".join(map(str, one["loc"])) or "the body" for one in error.errors()})
        raise Invalid(f"This cannot be used: {', '.join(places)[:300]}. See the API in docs/running.md.") from error


def _take(db: Db, calling: Caller, brought: Brought) -> Intake:
    newsletter, way = calling.newsletter, Way(CapturedBy.API, calling.by)
    if bool(brought.text) + bool(brought.html) + bool(brought.address and not brought.html) != 1:
        raise Invalid("Give one of: address, text, html (with the address it was found at).")
    if len(brought.text) > MOST_CHARACTERS:
        raise Invalid(f"An article has at most {MOST_CHARACTERS:,} characters.")
    if brought.html:
        address = brought.address or None
        return add_html(db, newsletter.id, brought.html, address=address, timezone=newsletter.timezone, way=way)
    if brought.text:
        text = f"{brought.title}\n\n{brought.text}" if brought.title else brought.text
        return add_text(db, newsletter.id, text, timezone=newsletter.timezone, settings=get_settings(), way=way)
    return add_address(db, newsletter.id, brought.address, title=brought.title, quote=brought.quote, way=way)


def _facts(db: Db, article: Article) -> dict[str, Any]:
    seen = seen_facts(db, article)
    if seen and seen["sent_at"]:
        seen["sent_at"] = seen["sent_at"].isoformat()
    return {
        "id": article.id,
        "title": article.title,
        "address": article.address,
        "site": article.site,
        "author": article.author,
        "language": article.language,
        "published_at": article.published_at.isoformat() if article.published_at else None,
        "words": article.words,
        "triage": article.triage.value,
        "fetch_state": article.fetch_state.value,
        "fetch_error": article.fetch_error,
        "published_in_issue": seen["issue"] if seen else None,
        "seen_before": seen,
    }
