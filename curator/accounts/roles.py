"""What a role may do, and which role a user holds where. Default deny: no grant, no access."""

from typing import Literal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from curator.accounts.models import Grant, Role, User

Action = Literal["read", "edit", "send", "own"]

_ALLOWED: dict[Role, frozenset[str]] = {
    Role.OWNER: frozenset({"read", "edit", "send", "own"}),
    Role.SENDER: frozenset({"read", "edit", "send"}),
    Role.EDITOR: frozenset({"read", "edit"}),
    Role.VIEWER: frozenset({"read"}),
}
_STRENGTH = [Role.VIEWER, Role.EDITOR, Role.SENDER, Role.OWNER]


def may(role: Role | None, action: Action) -> bool:
    """Whether a holder of the role may read, edit, send, or own (settings, people, relays)."""
    return role is not None and action in _ALLOWED[role]


def role_of(session: Session, user_id: int, newsletter_id: int | None) -> Role | None:
    """The strongest role the user holds for this newsletter (their grant for all newsletters counts too)."""
    everywhere = Grant.newsletter_id.is_(None)
    here = everywhere if newsletter_id is None else or_(everywhere, Grant.newsletter_id == newsletter_id)
    held = session.scalars(select(Grant.role).where(Grant.user_id == user_id, here)).all()
    return max(held, key=_STRENGTH.index, default=None)


def newsletters_of(session: Session, user_id: int) -> list[int] | None:
    """Ids of the newsletters the user has a grant for; None means all of them."""
    held = session.scalars(select(Grant.newsletter_id).where(Grant.user_id == user_id)).all()
    return None if None in held else [n for n in held if n is not None]


def holders(session: Session, newsletter_id: int, action: Action) -> list[User]:
    """Active users who may do this for the newsletter, by address."""
    roles = [role for role, actions in _ALLOWED.items() if action in actions]
    here = or_(Grant.newsletter_id.is_(None), Grant.newsletter_id == newsletter_id)
    holding = select(Grant.user_id).where(here, Grant.role.in_(roles))
    return list(session.scalars(select(User).where(User.id.in_(holding), User.is_active).order_by(User.address_key)))
