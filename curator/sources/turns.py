"""One request per host at a time: whoever asks a site because a feed says so takes its turn, or leaves it to another.

What a person brings is read at once; it waits for nobody's turn.
"""

from sqlalchemy import func, select
from sqlalchemy.orm import Session


def has_turn(session: Session, key: str) -> bool:
    """Whether nobody asks the host of this address key at the moment; if so nobody else will in this transaction."""
    host = key.partition("/")[0]
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(func.hashtextextended(f"feeds of {host}", 0)))))
