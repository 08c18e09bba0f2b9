"""Who gets the next issue, and why the others do not. One rule, told twice: over values, and as SQL for a million.

A test holds the two against each other for every combination. Nothing here changes anything.
"""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import Select, case, func, literal, null, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.types import Text

from curator.audience.models import Scope, Subscriber, Subscription, SubscriptionState, Suppression
from curator.audience.suppress import holds_for

# Strongest first: the reason that is shown when several hold.
_BY_SCOPE: dict[Scope, str] = {
    Scope.ERASED: "erased",
    Scope.COMPLAINT: "complained",
    Scope.HARD_BOUNCE: "bounced",
    Scope.EVERYWHERE: "suppressed",
    Scope.NEWSLETTER: "suppressed",
}
_BY_STATE = {SubscriptionState.LEFT: "unsubscribed", SubscriptionState.PENDING: "unconfirmed"}
REASONS = (*dict.fromkeys(_BY_SCOPE.values()), *_BY_STATE.values(), "paused")


def eligible(state: SubscriptionState, paused_until: date | None, scopes: Collection[Scope], today: date) -> str | None:
    """Why this subscription gets no mail today, or None when it does. `paused_until` is the first day with mail."""
    for scope, reason in _BY_SCOPE.items():
        if scope in scopes:
            return reason
    if state in _BY_STATE:
        return _BY_STATE[state]
    return "paused" if paused_until is not None and paused_until > today else None


def candidates(newsletter_id: int) -> Select[Any]:
    """Everyone of a newsletter: subscriber_id, subscription_id, address, name, tracking_consent, reason (NULL: mail).

    One pass over the newsletter's subscriptions, hash-joined to the suppressions, fit for `INSERT … SELECT`.
    """
    ranks = list(_BY_SCOPE)
    strongest = (
        select(
            Suppression.address_hash,
            func.min(case({scope.value: rank for rank, scope in enumerate(ranks)}, value=Suppression.scope)).label(
                "rank"
            ),
        )
        .where(holds_for(newsletter_id))
        .group_by(Suppression.address_hash)
        .subquery("strongest")
    )
    reason = case(
        *((strongest.c.rank == rank, literal(_BY_SCOPE[scope])) for rank, scope in enumerate(ranks)),
        *((Subscription.state == state, literal(name)) for state, name in _BY_STATE.items()),
        (Subscription.paused_until > func.current_date(), literal("paused")),
        else_=sql_cast(null(), Text),
    )
    return (
        select(
            Subscriber.id.label("subscriber_id"),
            Subscription.id.label("subscription_id"),
            Subscriber.address,
            Subscriber.name,
            Subscription.tracking_consent,
            reason.label("reason"),
        )
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .outerjoin(strongest, strongest.c.address_hash == Subscriber.address_hash)
        .where(Subscription.newsletter_id == newsletter_id)
    )
