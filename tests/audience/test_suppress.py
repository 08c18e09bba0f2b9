"""Suppression: recorded once, by hash only, within its scope."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.audience.addresses import address_hash
from curator.audience.models import Scope, Suppression
from curator.audience.suppress import suppress, suppressed_scopes
from curator.errors import Invalid
from curator.issues.models import Newsletter
from curator.settings import Settings


def test_recorded_once_and_by_hash(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    assert suppress(session, "anna@example.org", Scope.COMPLAINT, reason="report", settings=settings)
    assert not suppress(session, "anna@example.org", Scope.COMPLAINT, reason="again", settings=settings)
    row = session.scalars(select(Suppression)).one()
    assert row.reason == "report"
    assert row.address_hash == address_hash("anna@example.org", settings.secret("pepper"))
    assert suppressed_scopes(session, row.address_hash, newsletter.id) == {Scope.COMPLAINT}


def test_scope_newsletter_holds_there_only(
    session: Session, newsletter: Newsletter, other: Newsletter, settings: Settings
) -> None:
    suppress(session, "anna@example.org", Scope.NEWSLETTER, newsletter_id=newsletter.id, settings=settings)
    hashed = address_hash("anna@example.org", settings.secret("pepper"))
    assert suppressed_scopes(session, hashed, newsletter.id) == {Scope.NEWSLETTER}
    assert suppressed_scopes(session, hashed, other.id) == set()


def test_scope_and_newsletter_must_fit(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    with pytest.raises(Invalid):
        suppress(session, "anna@example.org", Scope.NEWSLETTER, settings=settings)
    with pytest.raises(Invalid):
        suppress(session, "anna@example.org", Scope.ERASED, newsletter_id=newsletter.id, settings=settings)
