"""Who must never be mailed, by keyed hash: it survives the erasure of the person, so nothing brings them back.

A suppression is only ever added here. Scope `newsletter` holds for one newsletter, every other scope for all.
"""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.audience.addresses import address_hash
from curator.audience.models import Scope, Suppression
from curator.errors import Invalid
from curator.settings import Settings


def suppress(
    session: Session,
    address_key: str,
    scope: Scope,
    *,
    newsletter_id: int | None = None,
    reason: str = "",
    settings: Settings,
) -> bool:
    """Never mail this address again within the scope; False when that was so already.

    `Invalid` when a newsletter is named for a scope that holds everywhere, or is missing for one that does not.
    """
    if (scope is Scope.NEWSLETTER) != (newsletter_id is not None):
        raise Invalid("Scope `newsletter` needs a newsletter; every other scope holds for all of them.", scope=scope)
    statement = insert(Suppression).values(
        address_hash=address_hash(address_key, settings.secret("pepper")),
        scope=scope,
        newsletter_id=newsletter_id,
        reason=reason,
    )
    return session.scalar(statement.on_conflict_do_nothing().returning(Suppression.id)) is not None


def suppress_hashes(session: Session, reasons: Mapping[bytes, str], scope: Scope) -> int:
    """Never mail these address hashes again, each with its reason, in one statement; how many were new."""
    if scope is Scope.NEWSLETTER:
        raise Invalid("Scope `newsletter` needs a newsletter; suppress one at a time.", scope=scope)
    # In order, like everybody does who writes many: nobody waits in a circle.
    rows = [{"address_hash": hashed, "scope": scope, "reason": reason} for hashed, reason in sorted(reasons.items())]
    statement = insert(Suppression).on_conflict_do_nothing().returning(Suppression.id)
    return len(session.scalars(statement, rows).all()) if rows else 0


def suppressed_scopes(session: Session, hashed: bytes, newsletter_id: int) -> set[Scope]:
    """The scopes that keep this address hash from getting this newsletter; empty when it may be mailed."""
    return set(
        session.scalars(select(Suppression.scope).where(Suppression.address_hash == hashed, holds_for(newsletter_id)))
    )


def holds_for(newsletter_id: int) -> ColumnElement[bool]:
    """The condition that a suppression counts for this newsletter."""
    everywhere = Suppression.scope != Scope.NEWSLETTER
    return or_(everywhere, and_(Suppression.scope == Scope.NEWSLETTER, Suppression.newsletter_id == newsletter_id))
