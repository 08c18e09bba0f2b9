"""People who sign in: adding them, finding them, their passwords (argon2id, never more than a few at once)."""

import re
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.accounts.models import Grant, Role, SignIn, User
from curator.errors import Invalid, NotFound

MINIMUM_PASSWORD = 10
_ADDRESS = re.compile(r"[^@\s<>\",;:()\[\]\\]{1,64}@[^@\s<>\",;:()\[\]\\]{1,255}")
# Each verification takes 64 MB: a burst of sign-ins must not take all memory.
_ONE_OF_FOUR = threading.BoundedSemaphore(4)
_hasher = PasswordHasher()
# Verified for unknown users, so that known and unknown take the same time. The hash of random bytes.
_DUMMY = "$argon2id$v=19$m=65536,t=3,p=4$d+MOIBjmFZqp9MjGsaE77Q$coTKaNbEUgiMgxsh8F4MGoYuct+JTkFFYF+UKXfyjr8"


def address_key(address: str) -> str:
    """The form accounts are compared by: trimmed, lower case. `Invalid` when it is not one plain address."""
    key = address.strip().casefold()
    if not _ADDRESS.fullmatch(key):
        raise Invalid(f"{address.strip()[:80]!r} is not an e-mail address. Write it as name@example.org.")
    return key


def add_user(session: Session, address: str, role: Role, newsletter_id: int | None = None, name: str = "") -> User:
    """The account of this address with this role (on one newsletter, or on all); adds what is missing.

    Giving another role replaces the one held for the same newsletter.
    """
    key = address_key(address)
    statement = insert(User).values(address=address.strip(), address_key=key, name=name.strip())
    session.execute(statement.on_conflict_do_nothing(index_elements=[User.address_key]))
    user = find_user(session, address)
    grant(session, user, role, newsletter_id)
    return user


def grant(session: Session, user: User, role: Role, newsletter_id: int | None = None) -> None:
    """Give the role for one newsletter (None: all), replacing the one held there."""
    statement = insert(Grant).values(user_id=user.id, newsletter_id=newsletter_id, role=role)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[Grant.user_id, Grant.newsletter_id], set_={"role": statement.excluded.role}
        )
    )


def revoke(session: Session, user: User, newsletter_id: int | None = None) -> None:
    """Take the role for one newsletter (None: the one for all) away."""
    session.execute(
        delete(Grant).where(Grant.user_id == user.id, Grant.newsletter_id.is_not_distinct_from(newsletter_id))
    )


def find_user(session: Session, address: str) -> User:
    """The account of this address; `NotFound` says how to add it."""
    user = session.scalar(select(User).where(User.address_key == address_key(address)))
    if user is None:
        raise NotFound(f"Nobody here has the address {address}. Add them with `curator users add`.")
    return user


def list_users(session: Session) -> list[tuple[User, list[Grant]]]:
    """Every account with its grants, by address."""
    users = session.scalars(select(User).order_by(User.address_key)).all()
    grants = session.scalars(select(Grant)).all()
    return [(user, [g for g in grants if g.user_id == user.id]) for user in users]


def set_password(session: Session, user: User, password: str) -> None:
    """Set the password and end every sign-in of this user. `Invalid` when it is shorter than ten characters."""
    if len(password) < MINIMUM_PASSWORD:
        raise Invalid(f"A password needs at least {MINIMUM_PASSWORD} characters; a sentence is good.")
    with _ONE_OF_FOUR:
        user.password_hash = _hasher.hash(password)
    session.execute(delete(SignIn).where(SignIn.user_id == user.id))


def check_password(session: Session, address: str, password: str) -> User | None:
    """The user if the password is theirs, else None; the same work whether or not the address is known."""
    try:
        key = address_key(address)
    except Invalid:
        key = ""
    user = session.scalar(select(User).where(User.address_key == key, User.is_active))
    with _ONE_OF_FOUR:
        try:
            _hasher.verify((user and user.password_hash) or _DUMMY, password)
        except (VerificationError, InvalidHashError):
            return None
    return user if user and user.password_hash else None
