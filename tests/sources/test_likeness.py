"""The same story: found when recorded, by words or by its lead, with a second look; an editor sets it apart."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.issues.models import Newsletter
from curator.sources.extract import compose
from curator.sources.likeness import compare_due, likes_of, pairs_among, put_together, set_apart, stories
from curator.sources.models import Article, CapturedBy, Likeness, Source
from curator.sources.record import columns_of, insert_article

LONG = " ".join(f"Zin nummer {n} gaat over iets heel anders dan zin nummer {n * 7}." for n in range(60))
LEAD = "De gemeente Eemshaven krijgt een datacenter dat met zeewater wordt gekoeld, zegt wethouder Jansen dinsdag."

Add = Callable[..., Article]


@pytest.fixture
def add(session: Session, newsletter: Newsletter) -> Add:
    numbers = iter(range(1000))

    def added(text: str, title: str = "", into: Newsletter = newsletter, **fields: object) -> Article:
        number = next(numbers)
        extract = compose(
            title=title or f"Titel {number}",
            body_html=f"<p>{text}</p>",
            language="nl",
            address=f"https://s{number}.example/a",
        )
        values = columns_of(extract) | {"newsletter_id": into.id, "captured_by": CapturedBy.FEED, **fields}
        article = insert_article(session, values | {"content_hash": None})
        assert article is not None
        return article

    return added


def a_source(session: Session, newsletter: Newsletter) -> Source:
    source = Source(newsletter_id=newsletter.id, address="https://f.example/", address_key="f.example", title="Feed")
    session.add(source)
    session.flush()
    return source


def test_an_altered_copy_is_paired_when_it_is_recorded(session: Session, add: Add) -> None:
    one = add(LONG)
    other = add(LONG.replace("nummer 5 ", "nummer vijf ") + " Met een slot van een andere redactie.")
    unlike = add(" ".join(reversed(LONG.split())))
    assert pairs_among(session, [one.id, other.id, unlike.id]) == [(one.id, other.id)]


def test_an_excerpt_is_paired_with_the_whole_text_it_begins(session: Session, add: Add) -> None:
    whole = add(f"{LEAD} {LONG}")
    excerpt = add(LEAD + " Lees verder op onze site.")
    other_whole = add(f"{LEAD} " + " ".join(reversed(LONG.split())))
    assert sorted(likes_of(session, [excerpt.id])) == [(excerpt.id, whole.id), (excerpt.id, other_whole.id)]
    assert pairs_among(session, [whole.id, other_whole.id]) == []


def test_two_excerpts_with_another_lead_are_two_stories(session: Session, add: Add) -> None:
    one, other = add(LEAD), add("Lees verder op onze site. De trein naar Groningen rijdt weer na een lange storing.")
    assert pairs_among(session, [one.id, other.id]) == []


def test_one_feed_repeats_itself_without_telling_the_same(session: Session, newsletter: Newsletter, add: Add) -> None:
    source = a_source(session, newsletter)
    one = add(LEAD, "Weekoverzicht twaalf", source_id=source.id)
    other = add(LEAD + " Nu ook.", "Nieuwe chips vandaag", source_id=source.id)
    again = add(LEAD + " Update.", "Weekoverzicht twaalf, nu", source_id=source.id)
    assert pairs_among(session, [one.id, other.id, again.id]) == [(one.id, again.id)]


def test_another_newsletter_is_another_world(session: Session, add: Add, other: Newsletter) -> None:
    assert likes_of(session, [add(LONG).id, add(LONG, into=other).id]) == []


def test_rows_from_before_are_compared_by_and_by(session: Session, newsletter: Newsletter) -> None:
    for name in ("a", "b"):
        session.add(
            Article(
                newsletter_id=newsletter.id,
                captured_by=CapturedBy.FEED,
                title=name,
                address_key=name,
                body_text=LONG,
                words=500,
            )
        )
    session.flush()
    assert compare_due(session, limit=1) == 1
    assert session.scalars(select(Likeness)).all() == []  # the other has no sketch yet
    assert compare_due(session) == 1
    assert len(session.scalars(select(Likeness)).all()) == 1
    assert compare_due(session) == 0


def test_what_an_editor_set_apart_stays_apart(session: Session, add: Add) -> None:
    one, other, third = add(LONG), add(LONG + " Slot."), add(LONG + " Ander slot.")
    changed = set_apart(session, other.id, [one.id, third.id], by="anna@example.org")
    assert sorted(changed) == [(one.id, other.id), (other.id, third.id)]
    compare_due(session)
    assert pairs_among(session, [one.id, other.id, third.id]) == [(one.id, third.id)]
    assert set_apart(session, other.id, [one.id], by="ben@example.org") == []
    put_together(session, changed)
    assert len(pairs_among(session, [one.id, other.id, third.id])) == 3


def test_stories_keep_the_order_of_the_list() -> None:
    assert stories([5, 3, 9, 1], [(1, 5), (1, 9)]) == [[5, 9, 1], [3]]
    assert stories([2, 1], []) == [[2], [1]]
