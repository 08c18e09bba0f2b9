"""What editors see of suggestions, whom they do not listen to, and when readers' addresses and words go again."""

from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, case, column, delete, func, or_, select, table, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.errors import Invalid, NotFound
from curator.settings import Settings
from curator.sources.contributor_models import MutedContributor, Suggestion
from curator.sources.contributors import mailbox_hash, network_hash, person_hash
from curator.sources.models import Article, Triage

NETWORK_MUTED_FOR = timedelta(days=30)

ERASED = "Somebody who was erased"
"""What editors know a muted reader by who wanted to be forgotten."""


def suggestions_of(session: Session, article_ids: Collection[int]) -> dict[int, list[Suggestion]]:
    """Per article those who suggested it, first come first; articles nobody suggested are left out."""
    found: dict[int, list[Suggestion]] = defaultdict(list)
    statement = select(Suggestion).where(Suggestion.article_id.in_(article_ids)).order_by(Suggestion.id)
    for one in session.scalars(statement) if article_ids else ():
        found[one.article_id].append(one)
    return found


def list_suggestions(session: Session, newsletter_id: int, limit: int = 100) -> list[tuple[Suggestion, Article]]:
    """The newest suggestions of a newsletter with their articles."""
    statement = (
        select(Suggestion, Article)
        .join(Article, Article.id == Suggestion.article_id)
        .where(Suggestion.newsletter_id == newsletter_id)
        .order_by(Suggestion.id.desc())
        .limit(limit)
    )
    return [(one, article) for one, article in session.execute(statement)]


def find_suggestion(session: Session, newsletter_id: int, suggestion_id: int) -> Suggestion:
    """A suggestion to this newsletter; `NotFound` for any other."""
    found = session.get(Suggestion, suggestion_id)
    if found is None or found.newsletter_id != newsletter_id:
        raise NotFound("There is no such suggestion.")
    return found


def mute(session: Session, suggestion: Suggestion, settings: Settings, by: str, *, network: bool = False) -> None:
    """Let fall what this mailbox suggests from now on; with `network` what comes from its network, for thirty days."""
    key, label, until = suggestion.key, suggestion.name or "Somebody without a name", None
    if network and suggestion.network:
        key, label = network_hash(suggestion.network, settings.secret("pepper")), suggestion.network
        until = func.now() + NETWORK_MUTED_FOR
    if key is None or (network and not suggestion.network):
        raise Invalid("This reader left no address and no network, so there is nobody to mute.")
    values = {"newsletter_id": suggestion.newsletter_id, "key": key, "label": label, "until": until, "by": by}
    statement = insert(MutedContributor).values(values)
    session.execute(
        statement.on_conflict_do_update(index_elements=["newsletter_id", "key"], set_={"until": until, "by": by})
    )


def refuse_thanks(session: Session, suggestion_id: int) -> Suggestion | None:
    """Whoever was thanked wants no such mail again: their mailbox is muted. None when the suggestion is gone."""
    found = session.get(Suggestion, suggestion_id)
    if found is not None and found.key is not None:
        values = {
            "newsletter_id": found.newsletter_id,
            "key": found.key,
            "label": "Asked for no thank-you",
            "by": "reader",
        }
        session.execute(insert(MutedContributor).values(values).on_conflict_do_nothing())
        found.address = None
        session.flush()
    return found


def list_muted(session: Session, newsletter_id: int) -> list[MutedContributor]:
    """Whom a newsletter does not listen to, the latest first."""
    statement = select(MutedContributor).where(MutedContributor.newsletter_id == newsletter_id)
    return list(session.scalars(statement.order_by(MutedContributor.id.desc())))


def unmute(session: Session, newsletter_id: int, muted_id: int) -> None:
    """Listen to them again; `NotFound` for another newsletter's."""
    gone = session.scalar(
        delete(MutedContributor)
        .where(MutedContributor.id == muted_id, MutedContributor.newsletter_id == newsletter_id)
        .returning(MutedContributor.id)
    )
    if gone is None:
        raise NotFound("Nobody is muted under this number.")


def contributions_of(session: Session, address: str, settings: Settings) -> list[dict[str, Any]]:
    """Everything kept about what the person of this address suggested, as plain values, oldest first."""
    newsletter = table("newsletter", column("id"), column("slug"))
    person = person_hash(address, settings.secret("pepper"))
    statement = (
        select(Suggestion, Article.title, Article.address, newsletter.c.slug)
        .join(Article, Article.id == Suggestion.article_id)
        .join(newsletter, newsletter.c.id == Suggestion.newsletter_id)
        .where(Suggestion.person == person)
        .order_by(Suggestion.id)
    )
    return [
        {
            "newsletter": slug,
            "article": link or title,
            "name": one.name,
            "may_be_named": one.may_name,
            "note": one.note,
            "address": one.address,
            "network": one.network,
            "at": one.created_at.isoformat(),
            "thanked_at": one.thanked_at.isoformat() if one.thanked_at else None,
        }
        for one, title, link, slug in session.execute(statement)
    ]


def suggestions_by(session: Session, address: str, settings: Settings) -> list[Suggestion]:
    """What the person of this address suggested, oldest first."""
    person = person_hash(address, settings.secret("pepper"))
    return list(session.scalars(select(Suggestion).where(Suggestion.person == person).order_by(Suggestion.id)))


def erase_contributor(session: Session, address: str, settings: Settings) -> int:
    """Delete all suggestions of the person of this address; how many. The articles stay, and so does a mute.

    A mute is kept by a hash; the name that editors knew it by goes.
    """
    person, key = person_hash(address, settings.secret("pepper")), mailbox_hash(address, settings.secret("pepper"))
    session.execute(update(MutedContributor).where(MutedContributor.key == key).values(label=ERASED))
    gone = session.scalars(delete(Suggestion).where(Suggestion.person == person).returning(Suggestion.id)).all()
    return len(gone)


def forget_contributors(session: Session, settings: Settings) -> int:
    """Forget addresses and networks when the article expired or `contributor_days` are over; of how many suggestions.

    Then suggestions nobody published go altogether, and of the others all words but names that may be published.
    What stands in an issue that is not sent yet is still to be thanked for.
    """
    is_old = Suggestion.created_at < func.now() - timedelta(days=settings.contributor_days)
    expired = select(Article.id).where(Article.id == Suggestion.article_id, Article.triage == Triage.EXPIRED).exists()
    item, issue = table("item", column("article_id"), column("issue_id")), table("issue", column("id"), column("state"))
    placed = select(item.c.issue_id).where(item.c.article_id == Suggestion.article_id)
    underway = placed.where(item.c.issue_id == issue.c.id, issue.c.state != "sent").exists()
    forgotten = session.scalars(
        update(Suggestion)
        .where(or_(Suggestion.address.is_not(None), Suggestion.network.is_not(None)), or_(is_old, expired), ~underway)
        .values(address=None, network=None)
        .returning(Suggestion.id)
        .execution_options(synchronize_session=False)
    ).all()
    session.execute(
        delete(Suggestion)
        .where(is_old, Suggestion.thanked_at.is_(None), ~placed.exists())
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Suggestion)
        .where(is_old, ~underway, or_(Suggestion.note != "", and_(Suggestion.name != "", ~Suggestion.may_name)))
        .values(note="", name=case((Suggestion.may_name, Suggestion.name), else_=""))
        .execution_options(synchronize_session=False)
    )
    over = and_(MutedContributor.until.is_not(None), MutedContributor.until < func.now())
    session.execute(delete(MutedContributor).where(over).execution_options(synchronize_session=False))
    return len(forgotten)
