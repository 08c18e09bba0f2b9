"""Published keys against ours: every way in which they do not agree is told from the others."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.delivery.dkim_record import Match, match_key
from curator.delivery.tag_list import parse_tags

KEY = bytes(range(200))
P = base64.b64encode(KEY).decode()


@pytest.mark.parametrize(
    ("records", "match"),
    [
        ([f"v=DKIM1; k=rsa; p={P}"], Match.SAME),
        ([f"p={P}"], Match.SAME),
        ([f"v=DKIM1; h=sha1:sha256; s=email; p={P[:50]} {P[50:]};"], Match.SAME),
        ([f"v=DKIM1; s=*; t=s; p={P}", "v=spf1 -all"], Match.SAME),
        ([f"v=DKIM1; t=s:y; p={P}"], Match.TESTING),
        ([], Match.MISSING),
        (["v=spf1 -all"], Match.MISSING),
        ([f"p={P}", f"p={P}"], Match.SEVERAL),
        (["v=DKIM1; p="], Match.REVOKED),
        ([f"v=DKIM1; p={P[4:]}"], Match.OTHER),
        ([f"v=DKIM1; k=ed25519; p={P}"], Match.NARROWED),
        ([f"v=DKIM1; h=sha1; p={P}"], Match.NARROWED),
        ([f"v=DKIM1; s=tlsrpt; p={P}"], Match.NARROWED),
        ([f"v=DKIM2; p={P}"], Match.MALFORMED),
        ([f"p={P}; v=DKIM1"], Match.MALFORMED),
        (["v=DKIM1"], Match.MALFORMED),
        (["v=DKIM1; p=!"], Match.MALFORMED),
        ([f"v=DKIM1; p={P[:-1]}"], Match.MALFORMED),
        ([""], Match.MALFORMED),
    ],
)
def test_how_they_agree(records: list[str], match: Match) -> None:
    assert match_key(records, KEY) is match


@given(st.lists(st.text(max_size=40), max_size=3))
def test_nothing_but_our_key_is_taken_for_it(records: list[str]) -> None:
    assert match_key(records, KEY) not in (Match.SAME, Match.TESTING)


@given(st.dictionaries(st.sampled_from(["v", "p", "adkim", "x_1"]), st.text("abc/+= :", max_size=9).map(str.strip)))
def test_what_is_written_is_read(tags: dict[str, str]) -> None:
    assert parse_tags("; ".join(f"{name} = {value}" for name, value in tags.items())) == tags
