"""What stands in DNS, what does not, and a server that says nothing; and the setting that names the server."""

import ipaddress
import time

import pytest

from curator.delivery.resolver import Resolver, Silent
from curator.errors import Invalid
from curator.settings import get_settings
from tests.dns_server import DnsServer

ZONE = {
    ("example.org", "TXT"): ['"v=spf1 " "-all"', '"other"'],
    ("example.org", "MX"): ["20 second.example.org.", "10 First.example.org."],
    ("odd.example.org", "TXT"): ['"v=spf1\\009\\027[2J\\255"'],
    ("first.example.org", "A"): ["192.0.2.1"],
    ("first.example.org", "AAAA"): ["2001:db8::1"],
    ("none.example.org", "MX"): ["0 ."],
}


def test_what_stands_there_and_what_does_not() -> None:
    with DnsServer(ZONE) as server:
        dns = Resolver(server.address)
        assert sorted(dns.texts("Example.org.")) == ["other", "v=spf1 -all"]
        assert dns.exchanges("example.org") == ["first.example.org", "second.example.org"]
        assert dns.exchanges("none.example.org") == [""]
        assert dns.texts("odd.example.org") == ["v=spf1 \ufffd[2J\ufffd"], "nothing a terminal would act on"
        assert dns.addresses("first.example.org") == [
            ipaddress.ip_address("192.0.2.1"),
            ipaddress.ip_address("2001:db8::1"),
        ]
        assert dns.addresses("[2001:db8::7]") == [ipaddress.ip_address("2001:db8::7")]
        assert dns.texts("first.example.org") == dns.texts("nowhere.example.org") == []
        dns.texts("example.org")
        assert server.asked["example.org", "TXT"] == 1


def test_silence_and_failure_are_said_in_time() -> None:
    with DnsServer(ZONE, silent={"silent.example.org"}) as server:
        server.failing = {"failing.example.org"}
        dns = Resolver(server.address, seconds=0.3)
        before = time.monotonic()
        for _ in range(2):
            with pytest.raises(Silent, match=r"silent.example.org \(TXT\)"):
                dns.texts("silent.example.org")
        assert time.monotonic() - before < 3
        with pytest.raises(Silent, match="could not answer"):
            dns.exchanges("failing.example.org")


@pytest.mark.parametrize("name", ["a" * 64 + ".org", "a..org", "x" * 300, "\udcff.org"])
def test_a_name_that_is_none_is_no_crash(name: str) -> None:
    with DnsServer({}) as server, pytest.raises(Silent, match="cannot be asked"):
        Resolver(server.address).texts(name)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:5353", ("127.0.0.1", 5353)),
        ("9.9.9.9", ("9.9.9.9", 53)),
        ("[2620:fe::fe]:53", ("2620:fe::fe", 53)),
        ("[::1]", ("::1", 53)),
        ("", None),
    ],
)
def test_the_setting_names_a_server(
    text: str, address: tuple[str, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_DNS_SERVER", text)
    get_settings.cache_clear()
    assert get_settings().dns_address == address
    get_settings.cache_clear()


@pytest.mark.parametrize("text", ["dns.example.org", "::1", "9.9.9.9:0", "9.9.9.9:70000", "9.9.9", "[9.9.9.9"])
def test_a_server_that_is_none_is_refused_at_start(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURATOR_DNS_SERVER", text)
    get_settings.cache_clear()
    with pytest.raises(Invalid, match="CURATOR_DNS_SERVER"):
        get_settings()
    get_settings.cache_clear()
