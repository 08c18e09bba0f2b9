"""Every table in one place: loads the models of all stages so that Base.metadata is whole."""

from importlib import import_module

from sqlalchemy import MetaData

from curator.db.base import Base

MODELS = (
    "curator.db.heartbeats",
    "curator.accounts.models",
    "curator.sources.models",
    "curator.sources.mail_models",
    "curator.sources.contributor_models",
    "curator.sources.mailbox_health",
    "curator.issues.models",
    "curator.issues.link_checks",
    "curator.issues.proposals",
    "curator.issues.approval",
    "curator.issues.approval_links",
    "curator.issues.calendar",
    "curator.issues.editing_time",
    "curator.editions.models",
    "curator.audience.models",
    "curator.delivery.models",
    "curator.delivery.sending_checks",
    "curator.events.models",
    "curator.reports.models",
)


def load_models() -> MetaData:
    """Import every stage's tables and return the whole metadata (for migrations and tests)."""
    for name in MODELS:
        import_module(name)
    return Base.metadata
