"""Findings about DNS: what is well, every way it is not, and what nobody can know from here."""

import dataclasses
import ipaddress
from typing import Any

import pytest
from sqlalchemy.orm import Session

from curator.delivery.domain_keys import activate_key, create_key
from curator.delivery.published import OurKey, Sending, check_published, sending_of, wanted_records
from curator.delivery.relays import set_relay
from curator.delivery.resolver import Resolver, Silent
from curator.delivery.spf import Address
from curator.settings import Settings
from tests.dns_server import DnsServer
from tests.issues.rows import a_newsletter

KEY = OurKey("one._domainkey.example.org", "v=DKIM1; k=rsa; p=YWJj", "the line", b"abc")
SENDING = Sending("example.org", "in.example.org", ("relay.example.net",), KEY)
WELL = {
    ("example.org", "TXT"): ["v=spf1 include:relay.example.net -all"],
    ("in.example.org", "TXT"): ["v=spf1 include:relay.example.net ~all"],
    ("relay.example.net", "TXT"): ["v=spf1 ip4:1.2.3.0/24 ip6:2600::/16 -all"],
    ("relay.example.net", "A"): ["1.2.3.4", "2600::1"],
    ("one._domainkey.example.org", "TXT"): [KEY.value],
    ("_dmarc.example.org", "TXT"): ["v=DMARC1; p=none; rua=mailto:dmarc@example.org"],
    ("in.example.org", "MX"): ["mx.example.org"],
    ("mx.example.org", "A"): ["1.2.3.5"],
}


class Zone:
    """DNS as a table; a name in it with the value None does not answer."""

    def __init__(self, records: dict[tuple[str, str], Any]) -> None:
        self.records = records

    def texts(self, name: str) -> list[str]:
        return self._found(name, "TXT")

    def addresses(self, name: str) -> list[Address]:
        is_number = name[0].isdigit() or ":" in name
        return [ipaddress.ip_address(value) for value in ([name] if is_number else self._found(name, "A"))]

    def exchanges(self, name: str) -> list[str]:
        return self._found(name, "MX")

    def _found(self, name: str, kind: str) -> list[str]:
        values = self.records.get((name, kind), [])
        if values is None:
            raise Silent(f"no answer about {name}")
        return list(values)


def found(changes: dict[tuple[str, str], Any] | None = None, **sending: Any) -> dict[str, bool | None]:
    """Code to `ok`, the worst where a code comes up twice. Whatever is not well has a next step."""
    findings = check_published(dataclasses.replace(SENDING, **sending), Zone(WELL | (changes or {})))
    assert all(finding.next_step for finding in findings if finding.ok is False)
    worst: dict[str, bool | None] = {}
    for finding in findings:
        worst[finding.code] = min(worst.get(finding.code, True), finding.ok, key=[False, None, True].index)
    return worst


def test_all_is_well() -> None:
    assert set(found().values()) == {True}
    assert set(found()) == {
        *("spf_record", "spf_relay", "dkim_key", "dkim_record", "dmarc_record", "dmarc_reports"),
        *("dkim_alignment", "spf_alignment", "return_path_mx"),
    }


@pytest.mark.parametrize(
    ("name", "kind", "values", "code", "ok"),
    [
        ("example.org", "TXT", [], "spf_record", False),
        ("example.org", "TXT", ["v=spf1 -all", "v=spf1 ~all"], "spf_record", False),
        ("example.org", "TXT", ["v=spf1 ip4:x"], "spf_record", False),
        ("example.org", "TXT", ["v=spf1 a:%{i}.x -all"], "spf_record", True),
        ("example.org", "TXT", ["v=spf1 +all"], "spf_open", False),
        ("example.org", "TXT", ["v=spf1 ip4:5.6.7.8 -all"], "spf_relay", False),
        ("relay.example.net", "TXT", ["v=spf1 ip4:5.6.7.8 -all"], "spf_relay", None),
        ("relay.example.net", "TXT", ["v=spf1 ip4:1.2.3.4 -all"], "spf_relay", None),
        ("relay.example.net", "A", [], "spf_relay", False),
        ("relay.example.net", "A", ["10.0.0.1"], "spf_relay", None),
        ("one._domainkey.example.org", "TXT", [], "dkim_record", False),
        ("one._domainkey.example.org", "TXT", ["v=DKIM1; p="], "dkim_record", False),
        ("one._domainkey.example.org", "TXT", ["v=DKIM1; t=y; p=YWJj"], "dkim_record", None),
        ("_dmarc.example.org", "TXT", [], "dmarc_record", False),
        ("_dmarc.example.org", "TXT", ["v=DMARC1; p=no"], "dmarc_record", False),
        ("_dmarc.example.org", "TXT", ["v=DMARC1; p=none"] * 2, "dmarc_record", False),
        ("_dmarc.example.org", "TXT", ["v=DMARC1; p=reject"], "dmarc_reports", None),
        ("_dmarc.example.org", "TXT", ["v=DMARC1; p=none; aspf=s"], "spf_alignment", None),
        ("in.example.org", "MX", [""], "return_path_mx", False),
        ("in.example.org", "MX", [], "return_path_mx", False),
        ("mx.example.org", "A", [], "return_path_mx", False),
    ],
)
def test_what_is_not_well(name: str, kind: str, values: list[str], code: str, ok: bool | None) -> None:
    findings = found({(name, kind): values})
    assert findings[code] is ok


def test_mail_for_a_domain_without_mx_goes_to_its_own_address() -> None:
    assert found({("in.example.org", "MX"): [], ("in.example.org", "A"): ["1.2.3.5"]})["return_path_mx"] is True


def test_without_a_key_nobody_knows_whether_the_relay_signs() -> None:
    findings = found(key=None)
    assert findings["dkim_key"] is None
    assert "dkim_record" not in findings and "dkim_alignment" not in findings


def test_a_return_path_elsewhere_does_not_count() -> None:
    other = {(name.replace("in.example.org", "example.net"), kind): values for (name, kind), values in WELL.items()}
    assert found(other, return_domain="example.net")["spf_alignment"] is None


def test_a_policy_of_the_organisation_holds_below() -> None:
    below = {("news.example.org", "TXT"): WELL["example.org", "TXT"]}
    assert found(below, from_domain="news.example.org", key=None)["dmarc_record"] is True


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "10.1.2.3"])
def test_a_relay_of_ones_own_network_is_for_a_person_to_judge(host: str) -> None:
    assert found(hosts=(host,))["spf_relay"] is None


def test_without_a_relay_there_is_nothing_to_look_for() -> None:
    assert found(hosts=())["no_relay"] is None


@pytest.mark.parametrize("key", WELL)
def test_silence_is_a_finding_whatever_does_not_answer(key: tuple[str, str]) -> None:
    findings = found({key: None})
    assert findings["dns_silent"] is False
    assert set(findings.values()) == {True, False, None}


def test_what_should_be_published_names_our_key() -> None:
    records = {(record.name, record.type): record.value for record in wanted_records(SENDING)}
    assert records["one._domainkey.example.org", "TXT"] == KEY.value
    assert set(records) == {
        ("example.org", "TXT"),
        ("in.example.org", "TXT"),
        ("one._domainkey.example.org", "TXT"),
        ("_dmarc.example.org", "TXT"),
        ("in.example.org", "MX"),
    }


def test_how_a_newsletters_mail_leaves(session: Session, settings: Settings) -> None:
    newsletter = a_newsletter(session)
    domain = newsletter.from_address.rpartition("@")[2]
    assert sending_of(session, newsletter, settings) == Sending(domain, domain, (), None)
    set_relay(session, "default", host="relay.example.net", port=25, security="none")
    key = create_key(session, domain, "one")
    assert sending_of(session, newsletter, settings).key is None
    activate_key(session, domain, "one")
    sending = sending_of(session, newsletter, settings.model_copy(update={"inbound_domain": "In.example.org"}))
    assert (sending.return_domain, sending.hosts) == ("in.example.org", ("relay.example.net",))
    assert sending.key is not None and sending.key.public_key == key.public_key


def test_a_real_question_over_the_wire() -> None:
    quoted = {(name, kind): [f'"{v}"' if kind == "TXT" else v for v in values] for (name, kind), values in WELL.items()}
    quoted["relay.example.net", "A"], quoted["relay.example.net", "AAAA"] = ["1.2.3.4"], ["2600::1"]
    quoted["in.example.org", "MX"] = ["10 mx.example.org."]
    with DnsServer(quoted, silent={"mx.example.org"}) as server:
        findings = check_published(SENDING, Resolver(server.address, seconds=0.3))
    assert {finding.code: finding.ok for finding in findings if finding.ok is not True} == {
        "return_path": None,
        "dns_silent": False,
    }
