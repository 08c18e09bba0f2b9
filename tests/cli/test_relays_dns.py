"""`curator relays dns`: a real question to a DNS server, and exit codes a script can rely on."""

import pytest
from sqlalchemy.orm import Session

from curator.settings import Settings
from tests.cli.calling import call
from tests.dns_server import DnsServer


def test_the_command_says_it_all(session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    call("newsletters", "create", "week", "--from", "desk@example.org")
    call("relays", "set", "default", "--host", "relay.example.net", "--port", "25", "--security", "none")
    record = call("dkim", "create", "example.org", "--selector", "one").json["record"]
    call("dkim", "activate", "example.org", "one")
    strings = record["line"].partition(" TXT ")[2]
    zone = {
        ("example.org", "TXT"): ['"v=spf1 ip4:1.2.3.4 -all"'],
        ("relay.example.net", "A"): ["1.2.3.4"],
        (record["name"], "TXT"): [strings],
        ("_dmarc.example.org", "TXT"): ['"v=DMARC1; p=reject; rua=mailto:d@example.org"'],
        ("example.org", "A"): ["1.2.3.5"],
    }
    with DnsServer(zone) as server:
        served = settings.model_copy(update={"dns_server": f"127.0.0.1:{server.port}"})
        monkeypatch.setattr("curator.cli.relays.get_settings", lambda: served)
        well = call("relays", "dns", "week")
        del server.zone["example.org", "TXT"]
        bad = call("relays", "dns", "week")
        told = call("relays", "dns", "week", as_json=False)
    assert (well.code, well.json["ok"]) == (0, True)
    assert all(set(each) == {"code", "ok", "message", "next_step"} for each in well.json["findings"])
    assert record["value"] in [each["value"] for each in well.json["records"]]
    assert (bad.code, bad.json["ok"], told.code) == (1, False, 1)
    assert "BAD   example.org has no SPF record." in told.out and "Next: Publish" in told.out
