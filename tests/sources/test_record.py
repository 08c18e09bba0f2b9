import threading
from dataclasses import replace

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from curator.issues.models import Newsletter
from curator.sources.extract import Extract, compose
from curator.sources.models import Article, CapturedBy, Source
from curator.sources.record import columns_of, find_duplicate, find_same, insert_article
from tests.sources.conftest import add_newsletter

BODY = " ".join(f"Zin nummer {n} gaat over iets heel anders dan zin nummer {n * 7}." for n in range(40))


def extract_of(title: str = "Een titel", text: str = BODY, address: str | None = None) -> Extract:
    return compose(title=title, body_html=f"<p>{text}</p>", language="nl", address=address)


def add(session: Session, newsletter: Newsletter, extract: Extract, **fields: object) -> Article | None:
    values = columns_of(extract) | {"newsletter_id": newsletter.id, "captured_by": CapturedBy.FEED, **fields}
    return insert_article(session, values)


def test_an_address_or_the_words_are_the_identity(session: Session, newsletter: Newsletter) -> None:
    first = add(session, newsletter, extract_of(address="https://example.org/a"))
    assert first is not None
    assert add(session, newsletter, extract_of("Anders", "Anders.", "https://www.example.org/a/")) is None
    assert add(session, newsletter, extract_of(address="https://example.org/b")) is None
    by_words = find_same(session, newsletter.id, "example.org/b", first.content_hash)
    assert by_words is first
    assert find_same(session, newsletter.id, None, None) is None


def test_short_texts_at_two_addresses_are_two_articles(session: Session, newsletter: Newsletter) -> None:
    assert add(session, newsletter, extract_of("Links", "Kort.", "https://example.org/a")) is not None
    assert add(session, newsletter, extract_of("Links", "Kort.", "https://example.org/b")) is not None
    assert add(session, newsletter, extract_of("Links", "Kort.")) is not None
    assert add(session, newsletter, extract_of("Links", "Kort.")) is None


def test_within_a_feed_boilerplate_is_no_duplicate(session: Session, newsletter: Newsletter) -> None:
    source = Source(newsletter_id=newsletter.id, address="https://example.org/feed", address_key="f", title="Feed")
    session.add(source)
    session.flush()
    one = add(session, newsletter, extract_of("Weekoverzicht twaalf"), source_id=source.id)
    two = add(session, newsletter, extract_of("Nieuwe chips vandaag", BODY + " Slot."), source_id=source.id)
    assert one is not None and two is not None
    assert find_duplicate(session, two) is None
    pasted = add(session, newsletter, extract_of("Iets heel anders", "Begin. " + BODY))
    assert pasted is not None
    assert find_duplicate(session, pasted) == one.id


def test_the_address_found_while_reading_counts(session: Session, newsletter: Newsletter) -> None:
    first = add(session, newsletter, extract_of("Eerste", "Kort.", "https://example.org/a"))
    second = add(session, newsletter, extract_of("Tweede", "Anders.", "https://short.example.org/x"))
    assert first is not None and second is not None
    assert find_duplicate(session, second) is None
    second.address = "https://example.org/a"
    assert find_duplicate(session, second) == first.id


def test_two_people_adding_one_article_at_once_make_one_row(committed: Session, engine: Engine) -> None:
    newsletter = add_newsletter(committed, "tech")
    committed.commit()
    extract = replace(extract_of(), address="https://example.org/a")
    made: list[Article | None] = []
    started = threading.Event()

    def add_too() -> None:
        with Session(engine) as theirs:
            started.set()
            made.append(add(theirs, newsletter, extract))
            theirs.commit()

    assert add(committed, newsletter, extract) is not None
    thread = threading.Thread(target=add_too)
    thread.start()
    started.wait(5)
    committed.commit()
    thread.join(10)
    assert made == [None]
