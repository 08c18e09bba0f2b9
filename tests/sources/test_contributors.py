"""Suggestions of readers: one candidate however many suggest it, what is capped, whom nobody listens to, what goes."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from curator.errors import Conflict, Invalid, NotFound
from curator.issues.models import Newsletter
from curator.settings import Settings
from curator.sources import contributors
from curator.sources.contributor_models import MutedContributor, Suggestion
from curator.sources.contributors import Contributor, door_is_open, mailbox_hash, names_to_credit, suggest
from curator.sources.models import Article, CapturedBy, FetchState, Triage
from curator.sources.suggestions import (
    contributions_of,
    erase_contributor,
    find_suggestion,
    forget_contributors,
    list_muted,
    list_suggestions,
    mute,
    suggestions_of,
    unmute,
)
from curator.sources.triage import Choice, candidates

PAGE = "https://news.example.org/chips?utm_source=mail"


def reader(who: str = "", **more: Any) -> Contributor:
    address = f"{who.lower()}@example.org" if who else None
    return Contributor(**{"name": who, "may_name": True, "address": address, "network": "198.51.100.0/24", **more})


def rows(session: Session) -> list[Suggestion]:
    return list(session.scalars(select(Suggestion).order_by(Suggestion.id).execution_options(populate_existing=True)))


def later(session: Session, days: int) -> None:
    session.execute(update(Suggestion).values(created_at=func.now() - timedelta(days=days)))


def test_a_door_is_closed_until_somebody_opens_it(session: Session, newsletter: Newsletter) -> None:
    assert not door_is_open(session, newsletter.id)
    newsletter.takes_suggestions = True
    session.flush()
    assert door_is_open(session, newsletter.id)
    assert not door_is_open(session, newsletter.id + 999)


def test_five_readers_and_one_candidate(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    for name in ("Anna", "Bram", "Cees", "Anna", "Dora", "Emma"):
        suggest(session, newsletter.id, PAGE, reader(name, note=f"says {name}"), settings)
    (article,) = session.scalars(select(Article)).all()
    assert (article.captured_by, article.triage, article.fetch_state) == (
        CapturedBy.SUGGESTION,
        Triage.CANDIDATE,
        FetchState.WAITING,
    )
    assert article.title == article.address == "https://news.example.org/chips"
    assert [one.name for one in suggestions_of(session, [article.id])[article.id]] == [
        "Anna",
        "Bram",
        "Cees",
        "Dora",
        "Emma",
    ]
    assert names_to_credit(session, article.id) == ["Anna", "Bram", "Cees"]
    assert len(list_suggestions(session, newsletter.id)) == 5


def test_a_known_article_stays_what_it_was(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    suggest(session, newsletter.id, PAGE, reader("Anna"), settings)
    article = session.scalars(select(Article)).one()
    article.captured_by, article.triage, article.fetch_state = CapturedBy.FEED, Triage.DISMISSED, FetchState.FAILED
    session.flush()
    suggest(session, newsletter.id, PAGE, reader("Bram"), settings)
    assert (article.captured_by, article.triage) == (CapturedBy.FEED, Triage.DISMISSED)
    assert article.fetch_state is FetchState.FAILED, "nobody makes us ask a server again and again"
    assert len(rows(session)) == 2


def test_who_gives_no_address_is_counted_by_network(
    session: Session, newsletter: Newsletter, settings: Settings
) -> None:
    for network in ("198.51.100.0/24", "198.51.100.0/24", "203.0.113.0/24"):
        suggest(session, newsletter.id, PAGE, reader(network=network), settings)
    assert [one.network for one in rows(session)] == ["198.51.100.0/24", "203.0.113.0/24"]


def test_what_is_no_page_is_refused(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    for address in ("", "javascript:alert(1)", "ftp://example.org/x", "https://user:pass@example.org/", "mailto:a@b.c"):
        with pytest.raises(Invalid):
            suggest(session, newsletter.id, address, reader("Anna"), settings)
    assert rows(session) == []


def test_words_of_strangers_are_bounded_and_tamed(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    name = "Anna\r\nBcc: victim@example.org\u202e\x00" + "x" * 900
    suggest(session, newsletter.id, PAGE, reader("Anna", name=name, note="n\n" * 5000), settings)
    (one,) = rows(session)
    assert len(one.name) <= contributors.LONGEST_NAME and len(one.note) <= contributors.LONGEST_NOTE
    assert not set(one.name + one.note) & set("\r\n\x00\u202e")


def test_nobody_is_named_who_did_not_say_so(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    suggest(session, newsletter.id, PAGE, reader("Anna", may_name=False), settings)
    suggest(session, newsletter.id, PAGE, reader("Bram", name="  "), settings)
    assert [one.may_name for one in rows(session)] == [False, False]
    assert names_to_credit(session, rows(session)[0].article_id) == []


def test_caps_hold_per_mailbox_article_and_newsletter(
    session: Session, newsletter: Newsletter, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contributors, "MOST_OF_ONE", 2)
    for number in range(4):
        suggest(session, newsletter.id, f"{PAGE}&id={number}", reader(address=f"an.na+{number}@example.org"), settings)
    assert len(rows(session)) == 2, "plus tags and dots make no other mailbox"
    monkeypatch.setattr(contributors, "MOST_FOR_ONE", 2)
    for name in ("Bram", "Cees", "Dora"):
        suggest(session, newsletter.id, PAGE, reader(name), settings)
    assert len(rows(session)) == 4
    monkeypatch.setattr(contributors, "MOST_A_DAY", 4)
    with pytest.raises(Conflict):
        suggest(session, newsletter.id, PAGE, reader("Emma"), settings)


def test_a_muted_reader_is_dropped_unseen(
    session: Session, newsletter: Newsletter, other: Newsletter, settings: Settings
) -> None:
    suggest(session, newsletter.id, PAGE, reader("Anna"), settings)
    mute(session, rows(session)[0], settings, "editor@example.org")
    suggest(session, newsletter.id, "https://spam.example/", reader("Anna", address="An.Na@example.org"), settings)
    assert len(rows(session)) == 1 and session.scalar(select(func.count()).select_from(Article)) == 1
    suggest(session, other.id, PAGE, reader("Anna"), settings)
    assert len(rows(session)) == 2, "another newsletter has its own ears"
    (muted,) = list_muted(session, newsletter.id)
    assert (muted.label, muted.until) == ("Anna", None)
    with pytest.raises(NotFound):
        unmute(session, other.id, muted.id)
    unmute(session, newsletter.id, muted.id)
    suggest(session, newsletter.id, "https://fine.example/", reader("Anna"), settings)
    assert len(rows(session)) == 3


def test_a_network_is_muted_for_a_while(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    suggest(session, newsletter.id, PAGE, reader(), settings)
    with pytest.raises(Invalid):
        mute(session, rows(session)[0], settings, "editor@example.org")
    mute(session, rows(session)[0], settings, "editor@example.org", network=True)
    suggest(session, newsletter.id, "https://spam.example/", reader("Bram"), settings)
    assert len(rows(session)) == 1
    session.execute(update(MutedContributor).values(until=func.now() - timedelta(seconds=1)))
    suggest(session, newsletter.id, "https://fine.example/", reader("Bram"), settings)
    assert len(rows(session)) == 2
    forget_contributors(session, settings)
    assert list_muted(session, newsletter.id) == []


def test_addresses_and_words_go_again(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    suggest(session, newsletter.id, PAGE, reader("Anna"), settings)
    assert forget_contributors(session, settings) == 0
    session.scalars(select(Article)).one().triage = Triage.EXPIRED
    session.flush()
    assert forget_contributors(session, settings) == 1
    (one,) = rows(session)
    assert (one.address, one.network, one.name) == (None, None, "Anna")
    later(session, settings.contributor_days + 1)
    forget_contributors(session, settings)
    assert rows(session) == []


def test_a_person_sees_and_erases_what_is_kept(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    for name in ("Anna", "Bram"):
        suggest(session, newsletter.id, PAGE, reader(name, note="Read it"), settings)
    (kept,) = contributions_of(session, "anna@example.org", settings)
    assert (kept["newsletter"], kept["name"], kept["note"], kept["address"], kept["network"]) == (
        newsletter.slug,
        "Anna",
        "Read it",
        "anna@example.org",
        "198.51.100.0/24",
    )
    assert contributions_of(session, "an.na@example.org", settings) == [], "another person for all we know"
    assert erase_contributor(session, "ANNA@example.org", settings) == 1
    assert contributions_of(session, "anna@example.org", settings) == []
    assert [one.name for one in rows(session)] == ["Bram"]


def test_a_suggestion_of_another_newsletter_is_not_there(
    session: Session, newsletter: Newsletter, other: Newsletter, settings: Settings
) -> None:
    suggest(session, other.id, PAGE, reader("Anna"), settings)
    with pytest.raises(NotFound):
        find_suggestion(session, newsletter.id, rows(session)[0].id)


def test_candidates_can_be_chosen_by_it(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    suggest(session, newsletter.id, PAGE, reader("Anna"), settings)
    article = session.scalars(select(Article)).one()
    plain = Article(
        newsletter_id=newsletter.id, captured_by=CapturedBy.ADDRESS, address_key="x.example/a", title="Another"
    )
    session.add(plain)
    session.flush()
    choice = Choice.read({"suggested": "1"})
    assert choice.as_query() == {"suggested": "1"}
    assert candidates(session, newsletter.id, choice=choice) == [article]


def test_the_hash_tells_nothing_and_differs_by_pepper() -> None:
    assert mailbox_hash("Anna@Example.org", b"p") == mailbox_hash("an.na+x@example.org", b"p")
    assert mailbox_hash("anna@example.org", b"p") != mailbox_hash("anna@example.org", b"q")
