"""A draft from the stars: minimums first, sites where they are at home, sponsors never, nothing twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy.orm import Session

from curator.errors import Conflict
from curator.issues.assemble import BY, Room, Star, assemble, assign
from curator.issues.compose import add_item, create_issue, get_issue, remove_item
from curator.issues.edit import history
from curator.issues.models import Issue, IssueState, Newsletter
from curator.issues.sections import change_section
from curator.sources.models import Triage
from tests.issues.rows import a_newsletter, an_article


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    return a_newsletter(session)


def _stars(session: Session, newsletter: Newsletter, *names: str) -> None:
    for name in names:
        an_article(session, newsletter, name, triage=Triage.STARRED, site=f"{name}.example")


def _sections(issue: Issue) -> dict[str, list[str]]:
    return {section.name: [item.title for item in section.items] for section in issue.sections}


def test_minimums_are_filled_first_and_the_rest_where_there_is_room(session: Session, newsletter: Newsletter) -> None:
    issue = create_issue(session, newsletter.id, "")
    _stars(session, newsletter, "a", "b", "c", "d", "e")
    done = assemble(session, issue.id)
    counts = {name: len(items) for name, items in _sections(get_issue(session, issue.id)).items()}
    assert counts == {"Hoofdverhaal": 1, "Nieuws": 3, "Achtergrond": 1, "Kort": 0}
    assert (len(done.placed), done.left_over, done.gaps) == (5, (), ())
    assert {change.by for change in history(session, issue.id)} == {BY}


def test_gaps_are_named_when_the_stars_do_not_reach(session: Session, newsletter: Newsletter) -> None:
    issue = create_issue(session, newsletter.id, "")
    _stars(session, newsletter, "a", "b")
    assert [str(gap) for gap in assemble(session, issue.id).gaps] == ["Nieuws: 1 of 2", "Achtergrond: 0 of 1"]


def test_a_second_time_adds_nothing(session: Session, newsletter: Newsletter) -> None:
    issue = create_issue(session, newsletter.id, "")
    _stars(session, newsletter, "a", "b", "c")
    assemble(session, issue.id)
    before = _sections(get_issue(session, issue.id))
    assert assemble(session, issue.id).placed == ()
    assert _sections(get_issue(session, issue.id)) == before


def test_what_was_published_or_stands_elsewhere_or_is_not_starred_stays_out(
    session: Session, newsletter: Newsletter
) -> None:
    earlier, other = create_issue(session, newsletter.id, ""), create_issue(session, newsletter.id, "")
    published = an_article(session, newsletter, "published", triage=Triage.STARRED)
    item = add_item(session, earlier.id, published.id, "Kort")
    elsewhere = an_article(session, newsletter, "elsewhere", triage=Triage.STARRED)
    add_item(session, other.id, elsewhere.id, "Kort")
    item.article_id = None  # the same story, captured again under its address
    earlier.state = IssueState.SENT
    an_article(session, newsletter, "short", triage=Triage.STARRED, other_keys=[published.address_key])  # leads there
    for triage in (Triage.CANDIDATE, Triage.LATER, Triage.DISMISSED):
        an_article(session, newsletter, f"only-{triage}", triage=triage)
    foreign = a_newsletter(session, "other")
    _stars(session, foreign, "foreign")
    issue = create_issue(session, newsletter.id, "")
    assert assemble(session, issue.id).placed == ()


def test_a_site_goes_where_it_stood_before_and_no_star_becomes_an_advertisement(
    session: Session, newsletter: Newsletter
) -> None:
    past = create_issue(session, newsletter.id, "")
    for name in ("p", "q"):
        add_item(session, past.id, an_article(session, newsletter, name, site="Brief.example").id, "Kort")
    past.state = IssueState.SENT
    issue = create_issue(session, newsletter.id, "")
    change_section(session, issue.sections[0].id, label="Sponsored")
    an_article(session, newsletter, "tiny", site="brief.EXAMPLE", triage=Triage.STARRED)
    _stars(session, newsletter, "a", "b", "c", "d")
    assert assemble(session, issue.id).placed[-1] == ("Over tiny", "Kort")
    assert _sections(get_issue(session, issue.id))["Hoofdverhaal"] == []


def test_an_issue_that_is_being_sent_is_left_alone(session: Session, newsletter: Newsletter) -> None:
    issue = create_issue(session, newsletter.id, "")
    issue.state = IssueState.SENDING
    session.flush()
    with pytest.raises(Conflict):
        assemble(session, issue.id)


def test_a_star_taken_out_by_hand_comes_back_only_when_asked(session: Session, newsletter: Newsletter) -> None:
    issue = create_issue(session, newsletter.id, "")
    _stars(session, newsletter, "a")
    assemble(session, issue.id)
    item = get_issue(session, issue.id).sections[0].items[0]
    remove_item(session, item.id)
    assert _sections(get_issue(session, issue.id))["Hoofdverhaal"] == []
    assert len(assemble(session, issue.id).placed) == 1


@given(
    sites=some.lists(some.sampled_from("abcdef"), max_size=14),
    shapes=some.lists(some.tuples(some.integers(0, 3), some.integers(0, 3), some.booleans()), min_size=1, max_size=5),
    homes=some.dictionaries(some.sampled_from("abcdef"), some.sampled_from(["s0", "s1", "gone"])),
)
def test_assignment_loses_no_star_exceeds_no_maximum_and_leaves_no_needless_gap(
    sites: list[str], shapes: list[tuple[int, int, bool]], homes: dict[str, str]
) -> None:
    rooms = [
        Room(f"s{n}", 0, low, None if unbounded else max(low + more, 1))
        for n, (low, more, unbounded) in enumerate(shapes)
    ]
    stars = [Star(n, f"t{n}", site) for n, site in enumerate(sites)]
    placed = assign(stars, rooms, homes)
    assert len({star.article_id for star, _ in placed}) == len(placed)
    for room in rooms:
        assert room.count == sum(name == room.name for _, name in placed)
        assert room.maximum is None or room.count <= room.maximum
    if len(placed) < len(stars):
        assert not any(room.has_room() for room in rooms)
    if len(stars) >= sum(room.minimum for room in rooms):
        assert not any(room.is_wanting() for room in rooms)
