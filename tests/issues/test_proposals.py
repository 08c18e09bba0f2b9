"""Proposals asked for, answered, used and put away: once each, and marked as a model's until a person edits."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from curator.delivery.preflight import check_issue
from curator.errors import Conflict, Invalid, NotFound
from curator.issues.compose import add_item, get_issue, remove_item
from curator.issues.edit import edit_item, restore
from curator.issues.model_words import model_words
from curator.issues.models import Issue, IssueState, Item
from curator.issues.proposal_answers import Offer
from curator.issues.proposal_prompts import Kind
from curator.issues.proposals import (
    Proposal,
    Stage,
    ask_for,
    fail,
    forget_proposals,
    give_up,
    keep_offers,
    last_proposed,
    put_away,
    take_asked,
    use_offer,
)
from curator.issues.revisions import latest_revision
from curator.settings import Settings
from tests.issues.rows import a_newsletter, an_article, an_issue

BY = "editor@example.org"
BODY = "Een fabriek in Twente bouwt chips.\n\nDe eerste komt in maart. Hij kost 340 euro per stuk."
BLURB = "Twente bouwt *chips* van 340 euro."


@pytest.fixture
def on(settings: Settings) -> Settings:
    return settings.model_copy(update={"model_address": "http://127.0.0.1:1/v1", "model_name": "m", "model_hourly": 4})


@pytest.fixture
def issue(session: Session) -> Issue:
    made = an_issue(session, a_newsletter(session))
    article = an_article(session, made.newsletter, "chips", body_text=BODY, language="nl")
    add_item(session, made.id, article.id, made.sections[0].name, by=BY)
    foreign = an_article(session, made.newsletter, "cables", title="Cables break", summary="One. Two.", language="en")
    add_item(session, made.id, foreign.id, made.sections[0].name, by=BY)
    return get_issue(session, made.id)


@pytest.fixture
def item(issue: Issue) -> Item:
    return issue.sections[0].items[0]


@pytest.fixture
def ready(session: Session, issue: Issue, item: Item, on: Settings) -> Iterator[Proposal]:
    asked = ask_for(session, issue.id, item.id, Kind.BLURB, BY, on)
    take_asked(session, 30, 4)
    assert keep_offers(session, asked.id, [Offer({"blurb": BLURB}, [1, 3], ["99"])])
    return session.get_one(Proposal, asked.id, populate_existing=True)  # type: ignore[return-value]


def stage(session: Session, proposal: Proposal) -> Stage:
    session.refresh(proposal)
    return proposal.stage


def test_asking_twice_asks_once_and_rings(session: Session, issue: Issue, item: Item, on: Settings) -> None:
    first = ask_for(session, issue.id, item.id, Kind.BLURB, BY, on)
    assert ask_for(session, issue.id, item.id, Kind.BLURB, "other@example.org", on).id == first.id
    assert len(session.info["after_commit"]) == 1
    assert first.lines == [
        "Een fabriek in Twente bouwt chips.",
        "De eerste komt in maart.",
        "Hij kost 340 euro per stuk.",
    ]
    assert take_asked(session, 30, 4) == [first.id]
    assert ask_for(session, issue.id, item.id, Kind.BLURB, BY, on).id == first.id
    assert session.scalar(select(func.count()).select_from(Proposal)) == 1


def test_one_process_asks_and_sees_what_comes_meanwhile(
    session: Session, issue: Issue, item: Item, on: Settings
) -> None:
    first = ask_for(session, issue.id, item.id, Kind.BLURB, BY, on)
    assert take_asked(session, 30, 0) == []
    assert take_asked(session, 30, 4) == [first.id]
    second = ask_for(session, issue.id, None, Kind.SUBJECT, BY, on)
    assert second.lines == ["Over chips. Eerste zin over chips.", "Cables break. One."]
    assert take_asked(session, 30, 4) == [], "another process leaves it to the one that asks"
    assert take_asked(session, 30, 3, is_asking=True) == [second.id]


def test_used_words_are_a_models_until_a_person_edits_them(
    session: Session, issue: Issue, item: Item, on: Settings, ready: Proposal
) -> None:
    before = item.blurb
    use_offer(session, issue.id, ready.id, 0, BY)
    its_use = latest_revision(session, issue.id) or 0
    session.refresh(item)
    assert item.blurb == r"Twente bouwt \*chips\* van 340 euro.", "it prints literally"
    (words,) = model_words(session, get_issue(session, issue.id))
    assert (words.item_id, words.field, words.doubtful) == (item.id, "blurb", ("99",))
    assert words.sources == ((1, BODY[:34]), (3, "Hij kost 340 euro per stuk."))
    found = [f for f in check_issue(session, issue.id, settings=on).warnings if f.code == "model_blurb"]
    assert [(f.item_id, f.field) for f in found] == [(item.id, "blurb")]
    edit_item(session, item.id, "blurb", f"{item.blurb} Knap.", item.version, BY)
    assert model_words(session, get_issue(session, issue.id)) == []
    assert "model_blurb" not in {f.code for f in check_issue(session, issue.id, settings=on).warnings}
    restore(session, latest_revision(session, issue.id) or 0, BY)
    assert len(model_words(session, get_issue(session, issue.id))) == 1, "taken back, they are the model's again"
    restore(session, its_use, BY)
    session.refresh(item)
    assert item.blurb == before, "the history has what stood there"


def test_an_item_put_back_is_still_marked(session: Session, issue: Issue, item: Item, ready: Proposal) -> None:
    use_offer(session, issue.id, ready.id, 0, BY)
    remove_item(session, item.id, BY)
    removed = latest_revision(session, issue.id)
    assert model_words(session, get_issue(session, issue.id)) == []
    assert removed
    restore(session, removed, BY)
    assert len(model_words(session, get_issue(session, issue.id))) == 1


def test_a_translation_fills_title_and_blurb(session: Session, issue: Issue, item: Item, on: Settings) -> None:
    foreign = issue.sections[0].items[1]
    asked = ask_for(session, issue.id, foreign.id, Kind.TRANSLATION, BY, on)
    assert asked.lines == ["Cables break", "One.", "Two."]
    take_asked(session, 30, 4)
    keep_offers(session, asked.id, [Offer({"title": "Kabels breken", "blurb": "Een. Twee."}, [1, 2, 3])])
    session.expire(asked)
    use_offer(session, issue.id, asked.id, 0, BY)
    session.refresh(foreign)
    assert (foreign.title, foreign.blurb) == ("Kabels breken", "Een. Twee.")
    assert [words.field for words in model_words(session, get_issue(session, issue.id))] == ["title", "blurb"]
    codes = [finding.code for finding in check_issue(session, issue.id, settings=on).warnings]
    assert {"model_title", "model_blurb"} <= set(codes)
    with pytest.raises(Invalid, match="already"):
        ask_for(session, issue.id, item.id, Kind.TRANSLATION, BY, on)


def test_who_cancels_has_cancelled(session: Session, issue: Issue, item: Item, on: Settings) -> None:
    asked = ask_for(session, issue.id, item.id, Kind.BLURB, BY, on)
    take_asked(session, 30, 4)
    put_away(session, issue.id, asked.id)
    assert not keep_offers(session, asked.id, [Offer({"blurb": BLURB}, [1])])
    assert not fail(session, asked.id, "late")
    assert stage(session, asked) is Stage.PUT_AWAY
    with pytest.raises(Conflict):
        use_offer(session, issue.id, asked.id, 0, BY)


def test_a_stopped_worker_and_no_worker_end_in_words(session: Session, issue: Issue, item: Item, on: Settings) -> None:
    left = ask_for(session, issue.id, item.id, Kind.BLURB, BY, on)
    take_asked(session, -1, 4)
    waiting = ask_for(session, issue.id, None, Kind.SUBJECT, BY, on)
    assert take_asked(session, 30, 4) == [waiting.id], "what is overdue keeps nobody back"
    assert not give_up(session)
    assert stage(session, left) is Stage.FAILED and "stopped" in left.reason
    session.execute(update(Proposal).values(stage=Stage.ASKED, asked_at=func.now() - timedelta(minutes=6)))
    assert not give_up(session)
    assert stage(session, waiting) is Stage.FAILED and "No worker" in waiting.reason


def test_asking_again_takes_the_old_one_away(
    session: Session, issue: Issue, item: Item, on: Settings, ready: Proposal
) -> None:
    stamp = last_proposed(session, issue.id)
    again = ask_for(session, issue.id, item.id, Kind.BLURB, BY, on)
    assert again.id != ready.id and stage(session, ready) is Stage.PUT_AWAY
    assert last_proposed(session, issue.id) != stamp


def test_nobody_burns_money_by_holding_a_key_down(session: Session, issue: Issue, item: Item, on: Settings) -> None:
    for _ in range(on.model_hourly):
        put_away(session, issue.id, ask_for(session, issue.id, item.id, Kind.BLURB, BY, on).id)
    with pytest.raises(Invalid, match="You asked for 4"):
        ask_for(session, issue.id, item.id, Kind.BLURB, BY, on)
    with pytest.raises(Invalid, match="For this issue"):
        ask_for(session, issue.id, item.id, Kind.BLURB, "other@example.org", on)
    session.execute(update(Proposal).values(asked_at=func.now() - timedelta(hours=2)))
    assert ask_for(session, issue.id, item.id, Kind.BLURB, BY, on)


def test_what_cannot_be_asked_is_refused(
    session: Session, issue: Issue, item: Item, settings: Settings, on: Settings
) -> None:
    with pytest.raises(Invalid, match="No language model"):
        ask_for(session, issue.id, item.id, Kind.BLURB, BY, settings)
    with pytest.raises(Invalid, match="no text"):
        bare = an_article(session, issue.newsletter, "bare", summary="")
        ask_for(session, issue.id, add_item(session, issue.id, bare.id, "Kort").id, Kind.BLURB, BY, on)
    for item_id, kind in ((item.id, Kind.SUBJECT), (None, Kind.BLURB)):
        with pytest.raises(Invalid):
            ask_for(session, issue.id, item_id, kind, BY, on)
    other = an_issue(session, a_newsletter(session, "other"))
    with pytest.raises(Invalid, match="no items"):
        ask_for(session, other.id, None, Kind.SUBJECT, BY, on)
    with pytest.raises(NotFound):
        ask_for(session, other.id, item.id, Kind.BLURB, BY, on)
    asked = ask_for(session, issue.id, item.id, Kind.BLURB, BY, on)
    for verb in (put_away, lambda *ids: use_offer(*ids, 0, BY)):
        with pytest.raises(NotFound):
            verb(session, other.id, asked.id)
    issue.state = IssueState.SENT
    session.flush()
    with pytest.raises(Conflict):
        ask_for(session, issue.id, item.id, Kind.BLURB, BY, on)


def test_after_a_month_only_what_was_used_is_kept(
    session: Session, issue: Issue, on: Settings, ready: Proposal
) -> None:
    ask_for(session, issue.id, None, Kind.SUBJECT, BY, on)
    use_offer(session, issue.id, ready.id, 0, BY)
    session.execute(update(Proposal).values(asked_at=func.now() - timedelta(days=31)))
    forget_proposals(session)
    assert session.scalars(select(Proposal.id)).all() == [ready.id]
