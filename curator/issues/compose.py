"""Issues and the items in them: making an issue, placing, moving and removing articles.

Every change locks the issue, refuses when it is no longer a draft, raises its version and leaves a revision
that `curator.issues.edit.restore` can reverse. Positions in a section are 0, 1, 2 … without gaps.
"""

import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from curator.errors import Conflict, Invalid, NotFound
from curator.issues.markdown import from_text
from curator.issues.models import Issue, IssueState, Item, Newsletter, Section
from curator.issues.revisions import ITEM_MOVED, ITEM_PLACED, ITEM_REMOVED, add_revision
from curator.issues.text import clean_line, clean_text
from curator.sources.contributors import names_to_credit
from curator.sources.models import Article

WORDS_PER_MINUTE = 230
MOST_SUBJECT_CHARACTERS = 250
MOST_TITLE_CHARACTERS = 500
MOST_BLURB_CHARACTERS = 20_000
MOST_CREDIT_CHARACTERS = 200


def create_issue(session: Session, newsletter_id: int, subject: str, by: str = "") -> Issue:
    """The next number of the newsletter, a draft, with the sections of its template."""
    line = clean_line(subject, limit=MOST_SUBJECT_CHARACTERS, what="The subject")
    newsletter = session.scalar(select(Newsletter).where(Newsletter.id == newsletter_id).with_for_update())
    if newsletter is None:
        raise NotFound(f"There is no newsletter {newsletter_id}.")
    issue = Issue(newsletter_id=newsletter.id, number=newsletter.next_number, subject=line)
    newsletter.next_number += 1
    session.add(issue)
    session.flush()
    for position, section in enumerate(newsletter.section_template):
        session.add(
            Section(
                issue_id=issue.id,
                name=section["name"],
                position=position,
                minimum=section.get("minimum") or 0,
                maximum=section.get("maximum"),
                label=section.get("label") or "",
                is_sponsored=bool(section.get("sponsored")),
            )
        )
    session.flush()
    return get_issue(session, issue.id)


def get_issue(session: Session, issue_id: int) -> Issue:
    """The issue with its newsletter, sections and items, all loaded and fresh; or `NotFound`."""
    return _one(session, f"There is no issue {issue_id}.", Issue.id == issue_id)


def find_issue(session: Session, newsletter_id: int, number: int) -> Issue:
    """The issue of this newsletter with this number, loaded like `get_issue`."""
    return _one(session, f"There is no issue {number}.", Issue.newsletter_id == newsletter_id, Issue.number == number)


def list_issues(session: Session, newsletter_id: int) -> list[Issue]:
    """All issues of a newsletter, newest number first, without sections and items."""
    statement = select(Issue).where(Issue.newsletter_id == newsletter_id).order_by(Issue.number.desc())
    return list(session.scalars(statement))


def current_draft(session: Session, newsletter_id: int) -> Issue | None:
    """The draft being composed: the newest one, loaded like `get_issue`."""
    statement = (
        select(Issue.id)
        .where(Issue.newsletter_id == newsletter_id, Issue.state == IssueState.DRAFT)
        .order_by(Issue.number.desc())
        .limit(1)
    )
    issue_id = session.scalar(statement)
    return None if issue_id is None else get_issue(session, issue_id)


def add_item(
    session: Session, issue_id: int, article_id: int, section_name: str, blurb: str | None = None, by: str = ""
) -> Item:
    """Place an article at the end of a section, as a copy; an article that stands in the issue already moves there.

    Without a blurb the article's own summary is taken. Readers who suggested it and agreed to be named are credited.
    `Invalid` names the sections when there is none so called.
    """
    issue = lock_draft(session, issue_id)
    article = session.get(Article, article_id)
    if article is None or article.newsletter_id != issue.newsletter_id:
        raise NotFound(f"There is no article {article_id} in this newsletter.", article=article_id)
    section = _section_named(session, issue, section_name)
    placed = session.scalar(select(Item).where(Item.issue_id == issue.id, Item.article_id == article.id))
    if placed is not None:
        if blurb is not None:
            placed.blurb = _clean_blurb(blurb)
        return placed if placed.section_id == section.id else move_item(session, placed.id, section.id, None, by)
    refuse_if_full(session, section)
    item = _copy(article, issue, section, len(items_of(session, section.id)), blurb)
    names = ", ".join(names_to_credit(session, article.id))
    item.credit = clean_line(names, limit=MOST_CREDIT_CHARACTERS, what="The credit")
    session.add(item)
    session.flush()
    add_revision(session, issue, by, ITEM_PLACED, "", item_facts(item), item)
    return item


def move_item(session: Session, item_id: int, section_id: int, position: int | None, by: str = "") -> Item:
    """Put an item at `position` (0 first; None last) of a section of the same issue."""
    item = get_item(session, item_id)
    issue = lock_draft(session, item.issue_id)
    section = session.get(Section, section_id)
    if section is None or section.issue_id != issue.id:
        raise NotFound("That section is not in this issue (any more).", section=section_id)
    session.refresh(item)
    if section.id != item.section_id:
        refuse_if_full(session, section)
    before = json.dumps({"section": item.section_id, "position": item.position})
    old_section = item.section_id
    others = [other for other in items_of(session, section.id) if other.id != item.id]
    place = len(others) if position is None else max(0, min(position, len(others)))
    if old_section == section.id and place == item.position:
        return item
    item.section_id = section.id
    _renumber([*others[:place], item, *others[place:]])
    session.flush()
    if old_section != section.id:
        _renumber(items_of(session, old_section))
    after = json.dumps({"section": section.id, "position": place})
    add_revision(session, issue, by, ITEM_MOVED, before, after, item)
    return item


def remove_item(session: Session, item_id: int, by: str = "") -> None:
    """Take an item out of its issue; its words stay in the history and can be put back."""
    item = get_item(session, item_id)
    issue = lock_draft(session, item.issue_id)
    session.refresh(item)
    add_revision(session, issue, by, ITEM_REMOVED, item_facts(item), "", item)
    section_id = item.section_id
    session.delete(item)
    session.flush()
    _renumber(items_of(session, section_id))
    session.flush()


def put_back_item(session: Session, issue: Issue, facts: dict[str, Any], by: str) -> Item:
    """Insert an item that was removed, under its own id, where it stood or in the first section if that is gone."""
    if session.get(Item, facts["id"]) is not None:
        raise Conflict("The item is in the issue already.")
    article_id = facts.get("article_id")
    if article_id and session.scalar(select(Item.id).where(Item.issue_id == issue.id, Item.article_id == article_id)):
        raise Conflict("This article has been placed again in the meantime; it is in the issue.")
    if article_id and session.get(Article, article_id) is None:
        facts = {**facts, "article_id": None}
    section = session.get(Section, facts["section_id"])
    if section is None or section.issue_id != issue.id:
        first = select(Section).where(Section.issue_id == issue.id).order_by(Section.position).limit(1)
        section = session.scalars(first).one()
    refuse_if_full(session, section)
    item = Item(**{**facts, "section_id": section.id, "issue_id": issue.id})
    others = items_of(session, section.id)
    place = min(facts["position"], len(others))
    session.add(item)
    _renumber([*others[:place], item, *others[place:]])
    session.flush()
    add_revision(session, issue, by, ITEM_PLACED, "", item_facts(item), item)
    return item


def lock_draft(session: Session, issue_id: int) -> Issue:
    """The issue, locked until the transaction ends; `Conflict` unless it is a draft."""
    statement = select(Issue).where(Issue.id == issue_id).with_for_update()
    issue = session.scalar(statement.execution_options(populate_existing=True))
    if issue is None:
        raise NotFound(f"There is no issue {issue_id}.", issue=issue_id)
    if issue.state != IssueState.DRAFT:
        doing = "has been sent" if issue.state == IssueState.SENT else "is being sent"
        raise Conflict(f"Issue {issue.number} {doing} and cannot be changed.", issue=issue.id, state=str(issue.state))
    return issue


def get_item(session: Session, item_id: int) -> Item:
    """The item, or `NotFound`."""
    item = session.get(Item, item_id)
    if item is None:
        raise NotFound("That item is not in the issue any more. The history can put it back.", item=item_id)
    return item


def items_of(session: Session, section_id: int) -> list[Item]:
    """The items of a section in order."""
    return list(session.scalars(select(Item).where(Item.section_id == section_id).order_by(Item.position, Item.id)))


def refuse_if_full(session: Session, section: Section) -> None:
    """`Conflict` when a sponsored section has as many items as were agreed; others may be overfull for a while."""
    if section.is_sponsored and section.maximum is not None and len(items_of(session, section.id)) >= section.maximum:
        raise Conflict(
            f"“{section.name}” is sponsored and holds {section.maximum} at most. Take one out first.",
            section=section.id,
        )


def item_facts(item: Item) -> str:
    """Everything an item is, as JSON, so that it can be put back."""
    return json.dumps({column.key: getattr(item, column.key) for column in Item.__table__.columns})


def reading_minutes(words: int) -> int | None:
    """Whole minutes to read so many words, at least one; None when there are none."""
    return max(1, round(words / WORDS_PER_MINUTE)) if words else None


def _one(session: Session, missing: str, *conditions: Any) -> Issue:
    statement = (
        select(Issue)
        .where(*conditions)
        .options(joinedload(Issue.newsletter), selectinload(Issue.sections).selectinload(Section.items))
        .execution_options(populate_existing=True)
    )
    issue = session.scalars(statement).unique().one_or_none()
    if issue is None:
        raise NotFound(missing)
    return issue


def _section_named(session: Session, issue: Issue, name: str) -> Section:
    wanted = name.strip().casefold()
    sections = list(session.scalars(select(Section).where(Section.issue_id == issue.id).order_by(Section.position)))
    for section in sections:
        if section.name.casefold() == wanted:
            return section
    names = ", ".join(f"“{section.name}”" for section in sections)
    raise Invalid(f"There is no section “{name}” in issue {issue.number}; it has {names}.", section=name)


def copy_of(article: Article) -> dict[str, Any]:
    """What an item takes over from its article."""
    title = clean_line(article.title, limit=MOST_TITLE_CHARACTERS * 10, what="The title")[:MOST_TITLE_CHARACTERS]
    return {
        "title": title,
        "address": article.address,
        "address_key": article.address_key,
        "site": article.site,
        "author": article.author,
        "blurb": _clean_blurb(from_text(article.summary.strip())),
        "picture_id": article.picture_id,
        "picture_alt": article.picture_alt,
        "reading_minutes": reading_minutes(article.words),
    }


def _copy(article: Article, issue: Issue, section: Section, position: int, blurb: str | None) -> Item:
    copied = copy_of(article)
    if blurb is not None:
        copied["blurb"] = _clean_blurb(blurb)
    place = {"issue_id": issue.id, "section_id": section.id, "article_id": article.id, "position": position}
    return Item(**place, **copied)


def _clean_blurb(blurb: str) -> str:
    return clean_text(blurb, limit=MOST_BLURB_CHARACTERS, what="The blurb")


def _renumber(items: list[Item]) -> None:
    for position, item in enumerate(items):
        if item.position != position:
            item.position = position
