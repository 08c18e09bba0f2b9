"""Lines to paste: what a DNS library reads from them is what was to be published."""

import dns.zone
from hypothesis import given
from hypothesis import strategies as st

from curator.delivery.zone_file import zone_line


@given(st.text("abcXYZ019=+/;: -", min_size=1, max_size=900))
def test_a_text_is_read_back_whole(value: str) -> None:
    line = zone_line("one._domainkey.example.org", "TXT", value)
    zone = dns.zone.from_text(f"$TTL 60\n{line}\n", "example.org", check_origin=False)
    strings = zone.get_rdataset("one._domainkey", "TXT")[0].strings
    assert b"".join(strings).decode() == value
    assert max(map(len, strings)) <= 255


def test_other_kinds_stand_as_they_are() -> None:
    assert zone_line("example.org", "MX", "10 mx.example.org.") == "example.org. IN MX 10 mx.example.org."
