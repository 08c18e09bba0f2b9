"""Acts: once per key, along with those telling the same, refused where a colleague was first, and undone one by one."""

import threading
from collections.abc import Callable
from itertools import count

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from curator.issues.acts import ActKind, Answer, Outcome, Wanted, perform
from curator.issues.compose import current_draft
from curator.issues.models import Act, IssueState, Newsletter
from curator.issues.sections import change_section
from curator.sources.likeness import pairs_among
from curator.sources.models import Article, Likeness, Source, SourceState, Triage
from tests.issues.rows import a_newsletter, an_article, an_issue

ANNA, BEN = "anna@example.org", "ben@example.org"

Do = Callable[..., Answer]


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    return a_newsletter(session)


@pytest.fixture
def do(session: Session, newsletter: Newsletter) -> Do:
    keys = count()

    def done(kind: str, article: Article, value: str = "", by: str = ANNA, key: str = "", **fields: object) -> Answer:
        wanted = Wanted(key or f"key-{next(keys)}", ActKind(kind), article.id, value, **fields)  # type: ignore[arg-type]
        return perform(session, newsletter.id, wanted, by)

    return done


def test_an_act_sent_twice_is_done_once(session: Session, newsletter: Newsletter, do: Do) -> None:
    article = an_article(session, newsletter)
    first = do("triage", article, "starred", key="k", seen="candidate")
    assert (first.outcome, first.articles) == (Outcome.DONE, {str(article.id): "starred"})
    do("triage", article, "dismissed", seen="starred")
    assert do("triage", article, "starred", key="k", seen="candidate") == first
    assert article.triage == Triage.DISMISSED
    assert (article.triaged_by, article.triaged_at is not None) == (ANNA, True)


def test_two_connections_with_one_key_do_it_once(committed: Session, engine: Engine) -> None:
    newsletter = a_newsletter(committed)
    article = an_article(committed, newsletter)
    an_issue(committed, newsletter)
    committed.commit()
    wanted = Wanted("k", ActKind.PLACE, article.id)
    answers = [perform(committed, newsletter.id, wanted, ANNA)]

    def again() -> None:
        with Session(engine) as theirs:
            answers.append(perform(theirs, newsletter.id, wanted, ANNA))

    thread = threading.Thread(target=again)
    thread.start()
    committed.commit()
    thread.join(10)
    assert answers[0] == answers[1]
    assert len(committed.scalars(select(Act)).all()) == 1


def test_those_telling_the_same_story_go_along_unless_somebody_chose_them(
    session: Session, newsletter: Newsletter, do: Do
) -> None:
    one, two, starred = (an_article(session, newsletter, name) for name in "abc")
    do("triage", starred, "starred")
    answer = do("triage", one, "dismissed", others=(two.id, starred.id, 999), key="k")
    assert answer.articles == {str(one.id): "dismissed", str(two.id): "dismissed", str(starred.id): "starred"}
    assert do("undo", one, "k").articles == {str(one.id): "candidate", str(two.id): "candidate"}


def test_a_colleague_is_not_overruled_unseen(session: Session, newsletter: Newsletter, do: Do) -> None:
    article = an_article(session, newsletter)
    do("triage", article, "dismissed", by=BEN)
    answer = do("triage", article, "starred", seen="candidate")
    assert (answer.outcome, answer.by, answer.message) == (Outcome.CONFLICT, BEN, "dismissed it")
    assert answer.articles == {str(article.id): "dismissed"}
    assert do("triage", article, "dismissed", seen="candidate").outcome == Outcome.SAME
    assert do("triage", article, "starred", seen="dismissed").outcome == Outcome.DONE  # now she knows
    assert do("triage", article, "later", seen="candidate").outcome == Outcome.DONE  # her own change, another page


def test_placing_is_undone_and_a_colleagues_place_is_respected(
    session: Session, newsletter: Newsletter, do: Do
) -> None:
    article, issue = an_article(session, newsletter), an_issue(session, newsletter)
    first, second = (str(section.id) for section in issue.sections[:2])
    answer = do("place", article, first, seen="", key="k")
    assert (answer.outcome, answer.place) == (Outcome.DONE, issue.sections[0].name)
    assert do("place", article, first).outcome == Outcome.SAME
    refused = do("place", article, second, seen="", by=BEN)
    assert (refused.outcome, refused.by) == (Outcome.CONFLICT, ANNA)
    assert do("undo", article, "k").outcome == Outcome.DONE
    draft = current_draft(session, newsletter.id)
    assert draft is not None and not any(section.items for section in draft.sections)


def test_placing_somewhere_takes_the_first_section_with_room(session: Session, newsletter: Newsletter, do: Do) -> None:
    articles, issue = [an_article(session, newsletter, name) for name in "ab"], an_issue(session, newsletter)
    assert [do("place", article).place for article in articles] == [s.name for s in issue.sections[:2]]


def test_what_cannot_be_done_says_why_and_changes_nothing(session: Session, newsletter: Newsletter, do: Do) -> None:
    article = an_article(session, newsletter)
    foreign = an_article(session, a_newsletter(session, "other"))
    assert "Make a new issue" in do("place", article).message
    an_issue(session, newsletter)
    for answer in (
        do("place", article, "999"),
        do("triage", article, "expired"),
        do("triage", foreign, "starred"),
        do("mute", article),
        do("undo", article, "never-sent"),
    ):
        assert (answer.outcome, bool(answer.message)) == (Outcome.REFUSED, True)
    assert foreign.triage == article.triage == Triage.CANDIDATE


def test_a_full_section_or_an_issue_on_its_way_is_nobodys_doing(
    session: Session, newsletter: Newsletter, do: Do
) -> None:
    """Nobody was first, so there is nobody to overrule: the page must not offer it."""
    issue, (placed, late) = an_issue(session, newsletter), [an_article(session, newsletter, name) for name in "ab"]
    change_section(session, issue.sections[0].id, label="Sponsored", maximum=1, is_sponsored=True)
    section = str(issue.sections[0].id)
    do("place", placed, section, key="k")
    full = do("place", late, section, seen="")
    assert (full.outcome, "Take one out first" in full.message) == (Outcome.REFUSED, True)
    issue.state = IssueState.SENDING
    session.flush()
    gone = do("undo", placed, "k")
    assert (gone.outcome, "is being sent" in gone.message) == (Outcome.REFUSED, True)


def test_several_steps_are_undone_and_undoing_twice_is_once(session: Session, newsletter: Newsletter, do: Do) -> None:
    article = an_article(session, newsletter)
    for key, value in (("1", "starred"), ("2", "later"), ("3", "dismissed")):
        do("triage", article, value, key=key)
    states = [do("undo", article, key).articles[str(article.id)] for key in "321"]
    assert states == ["later", "starred", "candidate"]
    assert do("undo", article, "1").outcome == Outcome.SAME


def test_undoing_leaves_a_colleagues_later_change(session: Session, newsletter: Newsletter, do: Do) -> None:
    article = an_article(session, newsletter)
    do("triage", article, "dismissed", key="k")
    do("triage", article, "starred", by=BEN)
    assert do("undo", article, "k").outcome == Outcome.CONFLICT
    assert article.triage == Triage.STARRED


def test_set_apart_chosen_and_muted_can_be_undone(session: Session, newsletter: Newsletter, do: Do) -> None:
    source = Source(newsletter_id=newsletter.id, address="https://f.example/", address_key="f", title="Feed")
    session.add(source)
    session.flush()
    one, two = an_article(session, newsletter, "a", source_id=source.id), an_article(session, newsletter, "b")
    session.add(Likeness(article_id=one.id, other_id=two.id, shared=50))
    session.flush()
    do("apart", two, others=(one.id,), key="apart")
    do("choose", two, key="choose")
    do("mute", one, key="mute")
    assert pairs_among(session, [one.id, two.id]) == []
    assert (two.chosen_at is not None, source.state) == (True, SourceState.MUTED)
    for key in ("mute", "choose", "apart"):
        assert do("undo", one, key).outcome == Outcome.DONE
    session.refresh(two)
    assert pairs_among(session, [one.id, two.id]) == [(one.id, two.id)]
    assert (two.chosen_at, source.state) == (None, SourceState.ACTIVE)
