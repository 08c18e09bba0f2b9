"""Links of drafts are asked once, host by host, and asked again when their answers are old."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from curator.editions.listing import list_links
from curator.issues.compose import add_item, get_issue
from curator.issues.edit import edit_issue
from curator.issues.link_answer import Answer, ask, is_reserved, is_shortened
from curator.issues.link_checks import (
    LinkCheck,
    Verdict,
    answers_of,
    forget_old,
    give_back,
    note,
    put_down,
    take,
    unlisted_drafts,
)
from curator.issues.models import Issue
from curator.settings import Settings
from tests.issues.rows import a_newsletter, an_article, an_issue
from tests.sources.site import Site, running_site

BY = "editor@example.org"
ONE, TWO, OTHER = "https://a.site/1", "https://a.site/2", "https://b.site/1"


@pytest.fixture
def issue(session: Session) -> Issue:
    made = an_issue(session, a_newsletter(session))
    add_item(session, made.id, an_article(session, made.newsletter, address=ONE).id, made.sections[0].name, by=BY)
    edit_issue(session, made.id, "intro", f"Zie [dit]({TWO}).", made.version, BY)
    return get_issue(session, made.id)


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as running:
        yield running


@pytest.fixture
def open_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"fetch_allow": "127.0.0.0/8", "fetch_seconds": 5.0})


def ids(taken: dict[str, list[tuple[int, str]]]) -> list[int]:
    return [link_id for links in taken.values() for link_id, _ in links]


def test_links_of_a_draft_are_put_down_once_per_version(session: Session, issue: Issue) -> None:
    assert unlisted_drafts(session) == [issue.id]
    list_links(session, issue.id, public_url="https://desk.example.org")
    assert set(answers_of(session, [ONE, TWO])) == {ONE, TWO}
    assert unlisted_drafts(session) == []
    edit_issue(session, issue.id, "intro", "Zonder", issue.version, BY)
    assert unlisted_drafts(session) == [issue.id]


def test_one_process_asks_at_a_time_and_gives_back_what_it_did_not(session: Session, issue: Issue) -> None:
    put_down(session, issue.id, 1, [ONE, TWO, OTHER])
    taken = take(session)
    assert {host: len(links) for host, links in taken.items()} == {"a.site": 2, "b.site": 1}
    assert take(session) == {}, "nobody else asks meanwhile"
    asked, *left = ids(taken)
    note(session, asked, Answer(Verdict.FINE, 200))
    give_back(session, left)
    assert sorted(ids(take(session))) == sorted(left), "what was answered is not asked again"


def test_an_answer_grows_old_and_a_dead_link_soon(session: Session, issue: Issue) -> None:
    put_down(session, issue.id, 1, [ONE, OTHER])
    for address, verdict in ((ONE, Verdict.FINE), (OTHER, Verdict.DEAD)):
        note(session, answers_of(session, [address])[address].id, Answer(verdict))
    aged = update(LinkCheck).values(checked_at=func.now() - text("interval '1 hour'"))
    session.execute(aged)
    assert [address for links in take(session).values() for _, address in links] == [OTHER]


def test_addresses_nobody_wants_are_forgotten(session: Session, issue: Issue) -> None:
    put_down(session, issue.id, 1, [ONE])
    session.execute(update(LinkCheck).values(wanted_at=func.now() - text("interval '91 days'")))
    assert take(session) == {}
    assert forget_old(session) == 1
    assert session.scalar(select(func.count()).select_from(LinkCheck)) == 0


def test_an_address_too_long_for_an_index_is_kept(session: Session, issue: Issue) -> None:
    long = ONE + "é" * 3000
    put_down(session, issue.id, 1, [long])
    assert long in answers_of(session, [long])


def test_what_a_site_answers(site: Site, open_settings: Settings) -> None:
    fine, gone, sleepy = site.page("/fine", "x"), site.at("/gone"), site.page("/busy", "x", status=503)
    site.redirect("/moved", fine, 301)
    site.redirect("/for-now", fine, 302)
    answers = {path: ask(site.at(path), open_settings) for path in ("/fine", "/gone", "/moved", "/for-now")}
    assert answers["/fine"] == Answer(Verdict.FINE, 200)
    assert answers["/gone"] == Answer(Verdict.DEAD, 404)
    assert answers["/moved"] == Answer(Verdict.MOVED, 200, fine)
    assert answers["/for-now"].verdict is Verdict.FINE, "within one site, for now: nothing to change"
    assert ask(sleepy, open_settings) == Answer(Verdict.UNSURE, 503)
    assert gone
    methods = [(asked.path, asked.method) for asked in site.asked]
    assert ("/fine", "GET") not in methods, "a page that answers HEAD is not loaded"
    assert methods.count(("/gone", "GET")) == 1, "gone only when GET says so too"


def test_a_private_address_is_not_asked(site: Site, settings: Settings) -> None:
    assert ask(site.page("/secret", "x"), settings) == Answer(Verdict.SILENT)
    assert site.asked == []


@pytest.mark.parametrize("address", ["https://krant.example/a", "http://example.com", "https://www.example.org/x"])
def test_example_names_are_not_asked(address: str, settings: Settings) -> None:
    assert is_reserved(address)
    assert ask(address, settings) == Answer(Verdict.RESERVED)


def test_names_that_only_resemble_others_are_asked() -> None:
    assert not is_reserved("https://myexample.com/")
    assert not is_shortened("https://habit.ly/x")
    assert is_shortened("https://bit.ly/x") and is_shortened("https://www.tinyurl.com/x")
