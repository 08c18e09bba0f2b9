"""An issue in the database, made by the issues stage itself."""

import pytest
from sqlalchemy.orm import Session

from curator.issues.compose import create_issue
from curator.issues.models import Issue, Item, Newsletter


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    made = Newsletter(
        slug="techweek",
        name="De Week in Techniek",
        from_name="De Week in Techniek",
        from_address="redactie@nieuws.example.org",
        language="nl",
        section_template=[{"name": "Nieuws", "minimum": 0, "maximum": None, "label": ""}],
    )
    session.add(made)
    session.flush()
    return made


@pytest.fixture
def issue(session: Session, newsletter: Newsletter) -> Issue:
    """A draft with one item."""
    made = create_issue(session, newsletter.id, "Eigen rekenkracht")
    made.intro = "Dag {name|lezer}, [kijk hier](https://example.org/kracht)."
    item = Item(
        issue_id=made.id, position=0, title="Batterij", address="https://example.org/batterij", blurb="**Snel**."
    )
    made.sections[0].items.append(item)
    session.flush()
    return made
