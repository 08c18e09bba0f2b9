"""Tasks of the editions stage: render an issue ahead of time, so that freezing finds its edition made."""

from sqlalchemy.orm import Session

from curator.editions.edition import make_edition
from curator.settings import get_settings
from workers.base import task


@task("editions.render")
def render(session: Session, issue_id: int) -> int:
    """The edition of the issue as it stands now."""
    settings = get_settings()
    edition = make_edition(session, issue_id, public_url=settings.public_url, inbound_domain=settings.inbound_domain)
    return edition.id
