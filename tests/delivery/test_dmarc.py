"""DMARC: records read, the walk up the names, and who counts as the domain in From."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.delivery.dmarc import Policy, is_aligned, is_dmarc, names_of_walk, parse_dmarc, walk

NAMES = st.lists(st.sampled_from("abcde"), min_size=1, max_size=12).map(".".join)


def policy(text: str = "") -> Policy:
    return parse_dmarc(f"v=DMARC1; p=reject; {text}")


def test_a_record_with_everything() -> None:
    read = parse_dmarc("v=DMARC1 ; p=Quarantine; sp=none; adkim=s; aspf=r; pct=50; rua=mailto:a@x.org, mailto:b@x.org;")
    assert (read.p, read.sp, read.adkim, read.aspf) == ("quarantine", "none", "s", "r")
    assert read.rua == ("mailto:a@x.org", "mailto:b@x.org")


def test_what_is_not_said_has_its_default() -> None:
    assert parse_dmarc("v=DMARC1; p=reject") == Policy("reject", "reject", "r", "r", (), "u")
    assert parse_dmarc("v=DMARC1; rua=mailto:a@x.org").p == "none"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "p=none; v=DMARC1",
        "v=DMARC1",
        "v=DMARC1; p=no",
        "v=DMARC1; p=none; aspf=x",
        "v=DMARC1; p",
        "v=DMARC1; p=none; p=none",
    ],
)
def test_a_wrong_record_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"tag|begin|none|r or s"):
        parse_dmarc(text)


@given(st.text(max_size=60))
def test_no_text_is_a_crash(text: str) -> None:
    try:
        assert parse_dmarc(text).p in ("none", "quarantine", "reject")
    except ValueError as error:
        assert str(error)
    is_dmarc(text)


def test_the_walk_goes_up_and_is_cut_when_deep() -> None:
    assert names_of_walk("News.Example.org.") == ["news.example.org", "example.org", "org"]
    assert names_of_walk("org") == ["org"]
    assert names_of_walk("a.b.c.d.e.f.g.h.i.j") == [
        "a.b.c.d.e.f.g.h.i.j",
        *(("d.e.f.g.h.i.j"), "e.f.g.h.i.j", "f.g.h.i.j", "g.h.i.j", "h.i.j", "i.j", "j"),
    ]


@given(NAMES)
def test_a_walk_asks_eight_times_at_most(name: str) -> None:
    names = names_of_walk(name)
    assert len(names) <= 8
    assert all(f".{name}".endswith(f".{each}") for each in names)


@pytest.mark.parametrize(
    ("domain", "found", "place", "organisation"),
    [
        ("news.example.org", {}, "", "news.example.org"),
        ("news.example.org", {"example.org": policy()}, "example.org", "example.org"),
        ("news.example.org", {"news.example.org": policy()}, "news.example.org", "news.example.org"),
        (
            "news.example.org",
            {n: policy() for n in ("news.example.org", "example.org")},
            "news.example.org",
            "example.org",
        ),
        (
            "a.b.example.org",
            {"b.example.org": policy("psd=n"), "example.org": policy()},
            "b.example.org",
            "b.example.org",
        ),
        ("a.b.co.uk", {"co.uk": policy("psd=y")}, "co.uk", "b.co.uk"),
        ("co.uk", {"co.uk": policy("psd=y")}, "co.uk", "co.uk"),
    ],
)
def test_policy_and_organisation(domain: str, found: dict[str, Policy], place: str, organisation: str) -> None:
    result = walk(domain, found)
    assert (result.place, result.organisation) == (place, organisation)
    assert result.policy == found.get(place)


def test_alignment() -> None:
    found = {"example.org": policy()}
    mine, bounces = walk("news.example.org", found), walk("bounces.example.org", found)
    assert is_aligned(mine, bounces, "r") and not is_aligned(mine, bounces, "s")
    assert is_aligned(mine, mine, "s")
    assert not is_aligned(mine, walk("example.net", {"example.net": policy()}), "r")
    assert not is_aligned(walk("a.b.uk", {"b.uk": policy()}), walk("a.c.uk", {"c.uk": policy()}), "r")


@given(NAMES, NAMES, st.sets(NAMES))
def test_strict_alignment_is_the_narrower(one: str, other: str, with_policy: set[str]) -> None:
    found = dict.fromkeys(with_policy, policy())
    a, b = walk(one, found), walk(other, found)
    assert is_aligned(a, b, "r") or not is_aligned(a, b, "s")
    assert is_aligned(a, b, "r") == is_aligned(b, a, "r")
    assert f".{one}".endswith(f".{a.organisation}")
