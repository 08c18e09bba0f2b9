"""The composing half of the issue page: finding the issue for this user, and everything its template needs."""

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.accounts.roles import may
from curator.errors import NotFound
from curator.issues.assemble import free_stars
from curator.issues.comments import comments_of, last_said
from curator.issues.compose import find_issue, get_item
from curator.issues.models import Issue, IssueState, Item, Section
from curator.issues.pieces import gaps_of, hints_of
from curator.issues.proposals import last_proposed
from curator.issues.seen import SeenBefore, published_before
from curator.sources.models import Article, Picture
from curator.web.access import Desk
from curator.web.desk.finds import picture_path
from curator.web.desk.proposed import proposed_in
from curator.web.pages import fragment


@dataclass(frozen=True)
class Beside:
    """What stands beside an item while its blurb is written: the article's own sentences and what is known of it."""

    sentences: str
    quote: str
    picture: str | None
    seen: SeenBefore | None


def issue_of(session: Session, desk: Desk, number: int) -> Issue:
    """The issue of this newsletter with this number, loaded whole; `NotFound` for any other."""
    return find_issue(session, desk.newsletter.id, number)


def item_of(session: Session, issue: Issue, item_id: int) -> Item:
    """The item if it stands in this issue; `NotFound` for any other, as if it did not exist."""
    item = get_item(session, item_id)
    if item.issue_id != issue.id:
        raise NotFound("That item is not in the issue any more. The history can put it back.")
    return item


def section_of(issue: Issue, section_id: int) -> Section:
    """The section if it is in this issue; `NotFound` for any other."""
    for section in issue.sections:
        if section.id == section_id:
            return section
    raise NotFound("That section is not in this issue (any more).")


def is_editable(desk: Desk, issue: Issue) -> bool:
    """Whether this user may change this issue now."""
    return issue.state == IssueState.DRAFT and may(desk.role, "edit")


def composer_part(request: Request, desk: Desk, session: Session, number: int) -> HTMLResponse:
    """The sections and items as they are now, as a part of the page."""
    issue = issue_of(session, desk, number)
    return fragment(request, "web/desk/composer.html", desk=desk, **values_of(session, issue))


def values_of(session: Session, issue: Issue) -> dict[str, Any]:
    """What the template of the composer shows of an issue."""
    return {
        "issue": issue,
        "beside": beside_items(session, issue),
        "comments": comments_of(session, issue.id),
        "talk": talk_of(session, issue),
        "proposed": proposed_in(session, issue),
        "gaps": gaps_of(issue),
        "hints": hints_of(session, issue),
        "stars": len(free_stars(session, issue)),
    }


def talk_of(session: Session, issue: Issue) -> str:
    """A stamp of what happens beside the words: comments, and a model's proposals."""
    return f"{last_said(session, issue.id)} {last_proposed(session, issue.id)}".strip()


def beside_items(session: Session, issue: Issue) -> dict[int, Beside]:
    """Per item id, what stands beside it."""
    items = [item for section in issue.sections for item in section.items]
    articles = _articles(session, items)
    pictures = _pictures(session, items)
    keys = {item.address_key for item in items if item.address_key}
    seen = published_before(session, issue.newsletter_id, keys, except_issue_id=issue.id)
    beside = {}
    for item in items:
        article = articles.get(item.article_id) if item.article_id else None
        beside[item.id] = Beside(
            sentences=article.summary if article else "",
            quote=article.quote if article else "",
            picture=pictures.get(item.picture_id) if item.picture_id else None,
            seen=seen.get(item.address_key) if item.address_key else None,
        )
    return beside


def _articles(session: Session, items: list[Item]) -> dict[int, Article]:
    ids = {item.article_id for item in items if item.article_id}
    found = session.scalars(select(Article).where(Article.id.in_(ids))) if ids else ()
    return {article.id: article for article in found}


def _pictures(session: Session, items: list[Item]) -> dict[int, str]:
    ids = {item.picture_id for item in items if item.picture_id}
    found = session.scalars(select(Picture).where(Picture.id.in_(ids))) if ids else ()
    return {picture.id: picture_path(picture.small or picture) for picture in found}
