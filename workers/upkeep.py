"""Sweeps that ask the database what is due, and the housekeeping of every hour."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from curator.audience.retention import delete_unconfirmed, forget_machines
from curator.db.heartbeats import Heartbeat
from curator.delivery.bounces import enter_bounces
from curator.delivery.hold_record import forget_old
from curator.delivery.models import Notice, NoticeState
from curator.delivery.sweep import sweep
from curator.delivery.thanks import forget_thanks
from curator.doorbell import ring
from curator.events.partitions import ensure_partitions
from curator.issues import link_checks
from curator.issues.expiry import expire_candidates
from curator.issues.models import Act
from curator.issues.proposals import forget_proposals
from curator.reports.picks import learn_tastes
from curator.settings import get_settings
from curator.sources.mail_in import forget_mail
from curator.sources.suggestions import forget_contributors
from workers.base import task

HEARTBEATS_KEPT = timedelta(hours=1)
"""How long the heartbeat of a process that has gone is kept."""

ACTS_KEPT = timedelta(days=90)
"""How long a page may stay offline before an act it sends again is done twice."""


@task("upkeep.sweep")
def sweep_deliveries(session: Session) -> list[Any]:
    """Ring for every delivery with something to do and for notices that are due; enter the bounces nobody entered."""
    rung: list[Any] = list(sweep(session, get_settings()))
    enter_bounces(session)
    if session.scalar(select(exists().where(Notice.state == NoticeState.WAITING, Notice.not_before <= func.now()))):
        ring(session, "delivery.notices")
    return rung


@task("upkeep.daily")
def keep_house(session: Session) -> None:
    """Room for the events to come; nothing kept that was promised to go. Asked every hour, mostly in vain."""
    ensure_partitions(session)
    delete_unconfirmed(session, get_settings())
    forget_machines(session, get_settings())
    forget_old(session)
    expire_candidates(session)
    session.execute(delete(Act).where(Act.at < func.now() - ACTS_KEPT))
    learn_tastes(session)
    forget_mail(session)
    forget_contributors(session, get_settings())
    forget_thanks(session)
    link_checks.forget_old(session)
    forget_proposals(session)
    session.execute(delete(Heartbeat).where(Heartbeat.beat_at < func.now() - HEARTBEATS_KEPT))
