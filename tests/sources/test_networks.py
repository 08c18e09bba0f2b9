import socket
import threading
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import Invalid
from curator.sources.networks import allowed_ranges, may_fetch, resolve

NOT_PUBLIC = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.255", "169.254.169.254"),
    *("172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::ffff:169.254.169.254", "::ffff:8.8.8.8", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1"),
    *("2001::1", "2001:10::1", "2001:db8::1", "2002:a9fe:a9fe::", "3fff::1", "5f00::1", "fc00::1", "fd00::1"),
    *("fe80::1", "fe80::1%lo", "2600::1%eth0", "fec0::1", "ff02::1", "4000::1", "nonsense", ""),
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not may_fetch(address, ())


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "172.32.0.1", "100.128.0.1", "2a00::1"])
def test_what_is_public_may_be_fetched(address: str) -> None:
    assert may_fetch(address, ())


@given(st.integers(0, 2**32 - 1))
def test_nothing_python_calls_private_is_public_here(number: int) -> None:
    address = IPv4Address(number)
    if not address.is_global or address.is_multicast:
        assert not may_fetch(str(address), ())


def test_ranges_that_are_allowed() -> None:
    allowed = allowed_ranges(" 10.1.0.0/16, ,fd00::/8,127.0.0.1 ")
    assert allowed[0] == IPv4Network("10.1.0.0/16")
    assert may_fetch("10.1.2.3", allowed) and may_fetch("fd00::1", allowed) and may_fetch("127.0.0.1", allowed)
    assert not may_fetch("10.2.0.1", allowed)
    assert not may_fetch("::ffff:10.1.2.3", allowed)


def test_a_range_that_is_none_is_named() -> None:
    with pytest.raises(Invalid, match="intranet"):
        allowed_ranges("10.0.0.0/8,intranet")


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1"])
def test_odd_spellings_resolve_to_what_they_mean(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system reads short, decimal, hexadecimal and octal forms; the check is on what comes out."""
    meant = socket.inet_ntoa(socket.inet_aton(host))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", (meant, 80))])
    assert resolve(host, 80, 1) == ["127.0.0.1"]
    assert not may_fetch(meant, ())


def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, release = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        asked.set()
        release.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    assert resolve("slow.example.org", 80, 0.05) == []
    assert asked.is_set() and not release.is_set()
    release.set()


def test_names_that_do_not_exist_have_no_address() -> None:
    assert resolve("no-such-host.example.org", 80, 2) == []
    assert resolve("x" * 300, 80, 2) == []
