"""The housekeeping of every hour: candidates expire, old acts go, tastes are learned."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.issues.models import Act
from curator.reports.models import Taste
from curator.sources.models import Triage
from tests.issues.rows import a_newsletter, an_article
from workers.upkeep import ACTS_KEPT, keep_house


def test_what_is_old_goes_and_what_was_done_is_learned(session: Session) -> None:
    newsletter = a_newsletter(session)
    now = datetime.now(UTC)
    old = an_article(session, newsletter, "old", created_at=now - timedelta(weeks=5))
    an_article(session, newsletter, "starred", triage=Triage.STARRED)
    for key, at in (("old", now - ACTS_KEPT - timedelta(hours=1)), ("new", now)):
        session.add(Act(newsletter_id=newsletter.id, key=key, kind="triage", by="anna@example.org", at=at))
    session.flush()
    keep_house()
    session.refresh(old)
    assert old.triage == Triage.EXPIRED
    assert session.scalars(select(Act.key)).all() == ["new"]
    assert session.scalars(select(Taste.picks)).all() == [1]
