"""Tasks of the delivery stage: freeze an audience, send one slice, send notices. The stage knows how."""

import time
from typing import Any

import structlog
from sqlalchemy.orm import Session

from curator.db.session import transaction
from curator.delivery.bell import note_heard
from curator.delivery.engine import SliceResult, run_slice
from curator.delivery.freeze import begin_freezing, fail_freezing, freeze
from curator.delivery.notices import send_due_notices
from curator.delivery.postman import notices_are_due
from curator.delivery.sweep import has_claimable
from curator.delivery.thanks import thank_contributors
from curator.doorbell import ring_now
from curator.errors import CuratorError, Unavailable
from curator.settings import get_settings
from workers.base import should_stop, task

log = structlog.get_logger(__name__)

FIRST_LOOK_SECONDS = 2.0
"""How long a slice sends before it makes way for anything."""


@task("delivery.freeze", own_transactions=True)
def freeze_delivery(delivery_id: int) -> Any:
    """`freezing` first, for everybody to see; then edition and audience in one transaction."""
    with transaction() as session:
        if not begin_freezing(session, delivery_id):
            return None
    try:
        with transaction() as session:
            delivery = freeze(session, delivery_id, get_settings())
            return delivery.expected if delivery is not None else None
    except Unavailable:
        raise  # a server is away: the sweep asks again
    except CuratorError as error:
        log.warning("freezing_failed", delivery=delivery_id, code=error.code)
        with transaction() as session:
            fail_freezing(session, delivery_id, f"The issue could not be made into a mail: {error.message}")
        return None


@task("delivery.slice", own_transactions=True)
def send_slice(delivery_id: int) -> SliceResult:
    """One slice; if something is left that can be sent now, ring for the next one.

    It ends early when somebody waits for a confirmation or a link: those are rung for before the next slice.
    """
    note_heard(delivery_id, get_settings())
    result = run_slice(delivery_id, settings=get_settings(), should_stop=_MakeWay())
    with transaction() as session:
        is_unfinished = has_claimable(session, delivery_id)
    if is_unfinished and any(result):
        ring_now("delivery.slice", delivery_id)
    return result


class _MakeWay:
    """Should the slice end? Asks the database for waiting notices once a second, but not at its very start."""

    def __init__(self) -> None:
        self._next_look = time.monotonic() + FIRST_LOOK_SECONDS

    def __call__(self) -> bool:
        if should_stop():
            return True
        if time.monotonic() < self._next_look:
            return False
        self._next_look = time.monotonic() + 1.0
        with transaction() as session:
            return notices_are_due(session)


@task("delivery.thank")
def thank(session: Session) -> int:
    """Readers whose suggestion is in an issue that is sent; how many."""
    return thank_contributors(session, get_settings())


@task("delivery.notices", own_transactions=True)
def send_notices() -> int:
    """Tests, confirmations, sign-in links and thank-yous that are due."""
    return send_due_notices(get_settings())
