"""Only what nobody touched leaves, after the newsletter's own time, and what was put back starts anew."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from curator.issues.acts import ActKind, Wanted, perform
from curator.issues.compose import add_item
from curator.issues.expiry import expire_candidates
from curator.sources.models import Triage
from tests.issues.rows import a_newsletter, an_article, an_issue

OLD = datetime.now(UTC) - timedelta(weeks=5)


def test_untouched_candidates_leave_after_the_weeks_of_their_newsletter(session: Session) -> None:
    newsletter, patient, forever = (a_newsletter(session, slug) for slug in ("tech", "patient", "forever"))
    patient.candidate_weeks, forever.candidate_weeks = 6, None
    old = an_article(session, newsletter, "old", created_at=OLD)
    kept = [
        an_article(session, newsletter, "new"),
        an_article(session, newsletter, "star", created_at=OLD, triage=Triage.STARRED),
        an_article(session, newsletter, "touched", created_at=OLD, triaged_at=datetime.now(UTC)),
        an_article(session, patient, "patient", created_at=OLD),
        an_article(session, forever, "forever", created_at=OLD),
    ]
    placed = an_article(session, newsletter, "placed", created_at=OLD)
    add_item(session, an_issue(session, newsletter).id, placed.id, "Nieuws")
    assert expire_candidates(session) == 1
    for article in (old, placed, *kept):
        session.refresh(article)
    assert old.triage == Triage.EXPIRED
    assert {article.triage for article in (placed, *kept)} == {Triage.CANDIDATE, Triage.STARRED}
    perform(session, newsletter.id, Wanted("k", ActKind.TRIAGE, old.id, "candidate"), "anna@example.org")
    assert expire_candidates(session) == 0
