"""SPF: records read, addresses judged, and the limits receivers hold records to. After RFC 7208."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.delivery.spf import LIMIT, Address, Names, Verdict, check_host, is_spf, parse_spf

ADDRESS = ipaddress.ip_address("192.0.2.7")
SIX = ipaddress.ip_address("2001:db8::7")


class Zone(Names):
    """DNS as a dictionary: name to TXT, addresses, or mail exchangers."""

    def __init__(self, **records: list[str]) -> None:
        self.records = {name.replace("__", "-").replace("_", "."): values for name, values in records.items()}

    def texts(self, name: str) -> list[str]:
        return [value for value in self.records.get(name, []) if "=" in value]

    def addresses(self, name: str) -> list[Address]:
        return [ipaddress.ip_address(value) for value in self.records.get(name, []) if value[0].isdigit()]

    def exchanges(self, name: str) -> list[str]:
        return [value.removeprefix("mx ") for value in self.records.get(name, []) if value.startswith("mx ")]


ZONE = Zone(
    relay=["v=spf1 ip4:192.0.2.0/24 -all"],
    closed=["v=spf1 -all"],
    open=["v=spf1 +all"],
    nobody=["192.0.2.1"],
    host=["192.0.2.7", "2001:db8::7"],
    near=["192.0.2.200"],
    far=["198.51.100.1"],
    box=["mx host", "mx far"],
    looping=["v=spf1 include:looping -all"],
    twice=["v=spf1 -all", "v=spf1 +all"],
    wrong=["v=spf1 ip4:1.2.3.4.5 -all"],
)


@pytest.mark.parametrize(
    ("record", "verdict"),
    [
        ("v=spf1 ip4:192.0.2.7 -all", "pass"),
        ("v=spf1 ip4:192.0.2.0/24 -all", "pass"),
        ("v=spf1 -ip4:192.0.2.0/24 +all", "fail"),
        ("v=spf1 ip6:2001:db8::/32 ~all", "softfail"),
        ("v=spf1 a:host -all", "pass"),
        ("v=spf1 a:near -all", "fail"),
        ("v=spf1 a:near/24 -all", "pass"),
        ("v=spf1 a:near/24//64 -all", "pass"),
        ("v=spf1 mx:box -all", "pass"),
        ("v=spf1 mx:nobody ?all", "neutral"),
        ("v=spf1 include:relay -all", "pass"),
        ("v=spf1 include:closed ~all", "softfail"),
        ("v=spf1 include:open -all", "pass"),
        ("v=spf1 redirect=relay", "pass"),
        ("v=spf1 -all redirect=relay", "fail"),
        ("v=spf1 redirect=nowhere", "permerror"),
        ("v=spf1 exists:host -all", "pass"),
        ("v=spf1 exists:nowhere -all", "fail"),
        ("v=spf1 EXP=why IP4:192.0.2.7 -ALL", "pass"),
        ("v=spf1", "neutral"),
        ("v=spf1 include:nowhere -all", "permerror"),
        ("v=spf1 include:wrong -all", "permerror"),
        ("v=spf1 include:twice -all", "permerror"),
        ("v=spf1 a:no1 a:no2 a:no3 -all", "permerror"),
        ("v=spf1 ptr -all", "unknown"),
        ("v=spf1 include:%{i}.example -all", "unknown"),
        ("v=spf1 ip4:192.0.2.7 include:%{i}.example -all", "pass"),
        ("v=spf2.0 +all", "none"),
        ("v=spf10 +all", "none"),
    ],
)
def test_what_a_receiver_concludes(record: str, verdict: str) -> None:
    zone = Zone(**ZONE.records, me=[record])
    assert check_host(ADDRESS, "me", zone).verdict == verdict


def test_the_other_family_is_judged_by_its_own_terms() -> None:
    zone = Zone(**ZONE.records, me=["v=spf1 a:host//64 -ip4:0.0.0.0/0 ~all"])
    assert check_host(SIX, "me", zone).verdict is Verdict.PASS
    assert check_host(ipaddress.ip_address("2001:db8:1::"), "me", zone).verdict is Verdict.SOFTFAIL


@pytest.mark.parametrize("count", [LIMIT, LIMIT + 1])
def test_ten_questions_are_allowed_and_not_one_more(count: int) -> None:
    chain = {f"n{number}": [f"v=spf1 include:n{number + 1} -all"] for number in range(count)}
    zone = Zone(**chain, **{f"n{count}": ["v=spf1 ip4:192.0.2.7 -all"]})
    result = check_host(ADDRESS, "n0", zone)
    assert (result.verdict is Verdict.PASS) == (count == LIMIT)
    assert (check_host(None, "n0", zone).verdict is Verdict.PERMERROR) == (count > LIMIT)


def test_the_worst_case_is_counted_without_asking_for_addresses() -> None:
    zone = Zone(**ZONE.records, me=["v=spf1 a mx:box exists:host ptr include:relay include:closed redirect=open"])
    assert check_host(None, "me", zone).lookups == 7
    assert check_host(ADDRESS, "looping", zone).verdict is Verdict.PERMERROR


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 ip4:192.0.2.256",
        "v=spf1 ip4:2001:db8::1",
        "v=spf1 ip6:192.0.2.1",
        "v=spf1 ip4:192.0.2.0/33",
        "v=spf1 ip4:192.0.2.0/255.255.255.0",
        "v=spf1 ip4",
        "v=spf1 a:host/33",
        "v=spf1 a:",
        "v=spf1 include",
        "v=spf1 include:",
        "v=spf1 all:x",
        "v=spf1 mx//129",
        "v=spf1 redirect=",
        "v=spf1 redirect=a redirect=b",
        "v=spf1 include:a,include:b all,",
        "v=spf1 ptr/24",
        "v=spf1 unknown:x",
        "v=spf1 –all",
    ],
)
def test_a_wrong_term_is_named(record: str) -> None:
    with pytest.raises(ValueError, match=r"term|network|redirect"):
        parse_spf(record)


@given(st.text(max_size=80))
def test_no_text_at_all_is_a_crash(text: str) -> None:
    zone = Zone(me=[f"v=spf1 {text}="])
    assert check_host(ADDRESS, "me", zone).verdict in set(Verdict)


@given(st.ip_addresses(), st.integers(0, 32))
def test_a_network_passes_its_own_and_only_those(address: Address, prefix: int) -> None:
    network = ipaddress.ip_network((address, prefix), strict=False)
    zone = Zone(me=[f"v=spf1 ip{address.version}:{address}/{prefix} -all"])
    for tried in (ADDRESS, SIX, address, network.network_address, network.broadcast_address):
        assert (check_host(tried, "me", zone).verdict is Verdict.PASS) == (tried in network)


def test_only_the_version_makes_it_spf() -> None:
    assert is_spf("v=spf1") and is_spf("V=SPF1 -all")
    assert not is_spf("v=spf1-all") and not is_spf("")
