"""A newsletter, a web site on loopback, and settings that let it be fetched."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from curator.issues.models import Newsletter
from curator.settings import Settings
from tests.sources.site import Site, running_site


@pytest.fixture
def site() -> Iterator[Site]:
    """A web site that answers what the test says."""
    with running_site() as running:
        yield running


@pytest.fixture
def reach(settings: Settings) -> Settings:
    """Settings under which loopback may be fetched, for a few seconds at most."""
    return settings.model_copy(update={"fetch_allow": "127.0.0.0/8", "fetch_seconds": 5.0})


def add_newsletter(session: Session, slug: str) -> Newsletter:
    """A newsletter with nothing in it."""
    newsletter = Newsletter(
        slug=slug, name=slug, from_name=slug, from_address=f"{slug}@example.org", language="nl", section_template=[]
    )
    session.add(newsletter)
    session.flush()
    return newsletter


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    """The newsletter articles are taken in for."""
    return add_newsletter(session, "tech")


@pytest.fixture
def other(session: Session) -> Newsletter:
    """A newsletter that must see nothing of the first."""
    return add_newsletter(session, "other")


@pytest.fixture
def rung(session: Session, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What would be rung after the commit, as (task, id)."""
    heard: list[tuple[str, int]] = []
    for module in ("intake", "watch", "adding", "link_import", "mail_in", "reading"):
        monkeypatch.setattr(f"curator.sources.{module}.ring", lambda _, task, *ids: heard.append((task, *ids)))
    return heard


@pytest.fixture
def newsletter_committed(committed: Session) -> Newsletter:
    """A newsletter other connections see."""
    newsletter = add_newsletter(committed, "tech")
    committed.commit()
    return newsletter
