"""Who is a machine: the rules alone, on values."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.events import agents
from curator.events.agents import family
from curator.events.machines import (
    AT_ACCEPTANCE,
    BURST_LINKS,
    BURST_WINDOW,
    Click,
    Context,
    Signs,
    bursts,
    is_in_step,
    judge,
)
from curator.events.models import Actor

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LONG_AGO = Context(True, NOW - timedelta(hours=2))
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("", agents.MISSING),
        ("  ", agents.MISSING),
        ("Mozilla/5.0", agents.PRIVACY_PROXY),
        (FIREFOX, "firefox"),
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", "gmail proxy"),
        ("YahooMailProxy; https://help.example.org/", "yahoo proxy"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)", "apple mail"),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15", "safari"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36", "chrome"),
        ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0", "edge"),
        ("curl/8.5.0", agents.SCRIPT),
        ("python-requests/2.32", agents.SCRIPT),
        ("Barracuda Sentinel (EE)", agents.SCANNER),
        ("SomeBot/2.1 (+https://example.org/)", agents.CRAWLER),
        ("Thing that nobody knows", "other"),
    ],
)
def test_an_agent_is_reduced_to_its_family(agent: str, expected: str) -> None:
    assert family(agent) == expected


@given(st.text(max_size=2000))
def test_any_agent_gives_one_of_a_few_words(agent: str) -> None:
    assert family(agent) in {name for name, _ in agents._FAMILIES} | {*agents.MACHINES, "safari", "other"}


@pytest.mark.parametrize(
    ("signs", "context", "expected"),
    [
        (Signs("firefox"), LONG_AGO, (Actor.PERSON, "")),
        (Signs("gmail proxy"), LONG_AGO, (Actor.PERSON, "")),
        (Signs("other"), LONG_AGO, (Actor.PERSON, "")),
        (Signs("firefox", is_head=True), LONG_AGO, (Actor.MACHINE, "HEAD")),
        (Signs("firefox", is_prefetch=True), LONG_AGO, (Actor.MACHINE, "prefetch")),
        (Signs(agents.MISSING), LONG_AGO, (Actor.MACHINE, "no agent")),
        (Signs(agents.PRIVACY_PROXY), LONG_AGO, (Actor.MACHINE, "privacy proxy")),
        (Signs(agents.SCANNER), LONG_AGO, (Actor.MACHINE, "security scanner")),
        (Signs("firefox"), Context(True, NOW), (Actor.MACHINE, "at acceptance")),
        (Signs("firefox"), Context(True, NOW + timedelta(seconds=2)), (Actor.MACHINE, "at acceptance")),
        (Signs("firefox"), Context(True, NOW - AT_ACCEPTANCE), (Actor.PERSON, "")),
        (Signs("firefox"), Context(True, None), (Actor.PERSON, "")),
        (Signs(agents.PRIVACY_PROXY), Context(False), (Actor.AGGREGATE, "")),
        (Signs("firefox", is_head=True), Context(False), (Actor.MACHINE, "HEAD")),
    ],
)
def test_a_hit_is_judged_by_its_signs(signs: Signs, context: Context, expected: tuple[Actor, str]) -> None:
    assert judge(NOW, signs, context) == expected


def _clicks(*moments_and_links: tuple[float, int]) -> list[Click]:
    return [Click(i, NOW + timedelta(seconds=s), link) for i, (s, link) in enumerate(moments_and_links)]


def test_three_links_within_two_seconds_are_a_burst() -> None:
    assert bursts(_clicks((0, 1), (1, 2), (2, 3), (60, 1))) == {0, 1, 2}


def test_the_same_link_over_and_over_is_no_burst() -> None:
    assert bursts(_clicks((0, 1), (0.1, 1), (0.2, 1), (0.3, 2))) == set()


def test_a_reader_who_follows_links_one_by_one_is_no_burst() -> None:
    assert bursts(_clicks((0, 1), (1.5, 2), (3, 3), (4.5, 4))) == set()


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 6)), max_size=40))
def test_bursts_are_what_looking_at_every_window_finds(moments_and_links: list[tuple[float, int]]) -> None:
    clicks = _clicks(*moments_and_links)
    expected: set[int] = set()
    for start in clicks:
        window = [c for c in clicks if start.at <= c.at <= start.at + BURST_WINDOW]
        if len({c.link_number for c in window}) >= BURST_LINKS:
            expected |= {c.id for c in window}
    assert bursts(clicks) == expected


def test_judging_a_hundred_thousand_clicks_of_one_message_ends() -> None:
    clicks = [Click(i, NOW + timedelta(microseconds=i), i % 5) for i in range(100_000)]
    assert len(bursts(clicks)) == 100_000


@pytest.mark.parametrize(
    ("readers", "recipients", "expected"),
    [(3, 3, True), (3, 5, True), (3, 6, False), (2, 2, False), (40, 40_000, False)],
)
def test_a_domain_is_in_step_when_most_of_it_is(readers: int, recipients: int, expected: bool) -> None:
    assert is_in_step(readers, recipients) is expected
