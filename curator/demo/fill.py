"""The sample newsletter, put into an empty installation once: every start after the first finds it and does nothing.

Uses the verbs of the stages where they exist and inserts sets otherwise; the whole sample is one transaction.
"""

from datetime import UTC, datetime, time, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from curator.accounts.links import create_link
from curator.accounts.models import Role
from curator.accounts.users import add_user
from curator.db.session import transaction
from curator.delivery.models import Relay
from curator.delivery.relays import DEFAULT, set_relay
from curator.embedded.mailbox_store import folder
from curator.issues.models import Newsletter
from curator.settings import Settings

_LOCK = 0x6C616167  # "laag"; any number nobody else uses in this database


def fill(settings: Settings) -> bool:
    """Make the sample if it is not there, and point the default relay at the mailbox; True when the sample was made."""
    with transaction() as session:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        _use_mailbox(session, settings)
        if session.scalar(select(Newsletter.id).limit(1)) is not None:
            return False
        _fill(session, settings)
    return True


def sign_in_address(settings: Settings) -> str:
    """An address that signs the sample's owner in once."""
    from curator.demo.sample import OWNER

    with transaction() as session:
        user = add_user(session, OWNER, Role.OWNER, name="Redactie Laagland")
        return f"{settings.public_url}/sign-in/{create_link(session, user)}"


def _use_mailbox(session: Session, settings: Settings) -> None:
    """The default relay starts out as the mailbox and follows its port; one a person has set is left alone."""
    relay = session.scalar(select(Relay).where(Relay.name == DEFAULT))
    if relay is None or (relay.host == "127.0.0.1" and relay.port == _former_port(settings)):
        set_relay(session, DEFAULT, host="127.0.0.1", port=settings.mailbox_port, security="none", connections=8)
    place = folder(settings.home)
    place.mkdir(parents=True, exist_ok=True)
    (place / "relay").write_text(f"{settings.mailbox_port}\n")


def _former_port(settings: Settings) -> int | None:
    """The port the mailbox had when the relay was last pointed at it."""
    try:
        return int((folder(settings.home) / "relay").read_text())
    except (OSError, ValueError):
        return None


def _fill(session: Session, settings: Settings) -> None:
    """Loaded only now: a second start does not pay for it."""
    from curator.demo import articles, contributors, issues, people, sample
    from curator.events.partitions import ensure_partitions
    from curator.issues.newsletters import change_newsletter, create_newsletter
    from curator.issues.planning import set_rhythm
    from curator.reports.picks import learn_taste
    from curator.reports.rollups import roll_up
    from curator.sources.likeness import compare_due

    now = datetime.now(UTC)
    newsletter = create_newsletter(
        session,
        sample.SLUG,
        name=sample.NAME,
        from_address=sample.FROM_ADDRESS,
        description=sample.DESCRIPTION,
        section_template=sample.SECTIONS,
    )
    newsletter.next_number = sample.FIRST_NUMBER
    look = {"postal_address": sample.POSTAL_ADDRESS, "accent": sample.ACCENT}
    change_newsletter(session, newsletter, sample.OWNER, **look)
    shelf = articles.add_articles(session, newsletter.id, sample.read_articles(), now)
    people.add_readers(session, newsletter.id, now, settings)
    ensure_partitions(session)
    issues.add_past_issue(session, newsletter, shelf, now=now, settings=settings)
    issues.add_draft(session, newsletter, shelf)
    contributors.open_door(session, newsletter, shelf, settings)
    tomorrow = (now.astimezone(sample.ZONE) + timedelta(days=1)).weekday()
    set_rhythm(session, newsletter, sample.OWNER, weekday=tomorrow, at=time(7), draft_days=2, draft_at=time(7))
    roll_up(session)
    compare_due(session)
    learn_taste(session, newsletter.id)
