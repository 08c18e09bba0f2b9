"""Tasks of the sources stage: reading pages, asking feeds, and the sweep that finds both when a doorbell was lost.

Each fetches from the network inside its transaction but before it locks a row; see the verbs.
"""

from sqlalchemy.orm import Session

from curator.db.session import transaction
from curator.doorbell import ring
from curator.errors import Unavailable
from curator.issues.completion import complete_items
from curator.settings import Settings, get_settings
from curator.sources import likeness, mail_in, mailbox_health, reading, watch
from curator.sources.imap import Mailbox, recipients_of
from workers.base import task


@task("sources.read_article")
def read_article(session: Session, article_id: int) -> str:
    """Read the page behind an article and fill the items that waited for it; the article's state afterwards."""
    article = reading.read_article(session, article_id, get_settings())
    complete_items(session, article)
    return article.fetch_state.value


@task("sources.refresh")
def refresh(session: Session, source_id: int) -> watch.Refreshed:
    """Ask one feed for what is new."""
    return watch.refresh_source(session, source_id, get_settings())


@task("sources.due")
def ring_for_due(session: Session) -> int:
    """Ring for every feed to ask now, every article and mail that was forgotten, and the mailbox; how many."""
    sources, articles = watch.due_sources(session), reading.due_articles(session)
    mails = mail_in.due_mail(session)
    for mail_id in mails:
        ring(session, "sources.take_mail", mail_id)
    if get_settings().imap_url:
        ring(session, "sources.read_mailbox")
    for source_id in sources:
        ring(session, "sources.refresh", source_id)
    for article_id in articles:
        ring(session, "sources.read_article", article_id)
    return len(sources) + len(articles) + len(mails)


@task("sources.compare")
def compare(session: Session) -> int:
    """Compare articles recorded since the last time with all others; how many. Old rows come round by and by."""
    return likeness.compare_due(session)


@task("sources.take_mail")
def take_mail(session: Session, mail_id: int) -> str:
    """Look at a mail that came; its state afterwards."""
    return mail_in.take_mail(session, mail_id, get_settings()).value


@task("sources.read_mailbox", own_transactions=True)
def read_mailbox() -> int:
    """Keep what is unread in the polled mailbox; how many. Each is marked as read after its own commit."""
    settings = get_settings()
    try:
        kept = _read_all(settings)
    except Unavailable as error:
        with transaction() as session:
            mailbox_health.note_broken(session, settings, error.message)
        raise
    with transaction() as session:
        mailbox_health.note_read(session, settings)
    return kept


def _read_all(settings: Settings) -> int:
    kept = 0
    with Mailbox(settings) as mailbox:
        for uid, content in mailbox.unread():
            with transaction() as session:
                kept += _keep(session, content, settings)
            mailbox.mark_read(uid)
    return kept


def _keep(session: Session, content: bytes, settings: Settings) -> bool:
    """Keep a mail that is for a newsletter of ours; any other stays in the mailbox, marked as read."""
    found = (mail_in.newsletter_of(session, address, settings) for address in recipients_of(content))
    newsletter_id = next((one for one in found if one is not None), None)
    return newsletter_id is not None and mail_in.receive_mail(session, newsletter_id, content) is not None
