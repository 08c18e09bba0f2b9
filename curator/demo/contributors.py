"""The sample's readers who suggest articles: an open door, and what came through it this week."""

from sqlalchemy.orm import Session

from curator.demo import sample
from curator.demo.articles import Shelf
from curator.issues.models import Newsletter
from curator.issues.newsletters import change_newsletter
from curator.settings import Settings
from curator.sources.contributors import Contributor, suggest

_SUGGESTED = (
    (
        "05",
        Contributor(
            "Fenna Postma",
            True,
            "Mijn zus werkt in die kas, en het klopt allemaal.",
            "fenna@lezer.example",
        ),
    ),
    ("05", Contributor("Ties", False, "", "ties@lezer.example")),
    ("17", Contributor(note="Prachtig verhaal, en het gaat over onze eigen kust.", network="198.51.100.0/24")),
)


def open_door(session: Session, newsletter: Newsletter, shelf: Shelf, settings: Settings) -> None:
    """Readers may suggest, and three did."""
    change_newsletter(session, newsletter, sample.OWNER, takes_suggestions=True)
    for name, who in _SUGGESTED:
        suggest(session, newsletter.id, shelf.articles[name].address, who, settings)
