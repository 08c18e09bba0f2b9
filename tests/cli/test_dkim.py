"""`curator dkim`: what a script gets, what the audit keeps, and that no private key is ever said."""

import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.accounts.models import AuditEntry
from curator.delivery.domain_keys import signing_key
from curator.errors import Conflict, Invalid, NotFound
from tests.cli.calling import call


@pytest.fixture(autouse=True)
def _undone(session: Session) -> None:
    """Everything a command does is undone after the test."""


def test_from_create_to_off(session: Session) -> None:
    made = call("dkim", "create", "example.org", "--selector", "one").json
    assert (made["domain"], made["selector"], made["active"]) == ("example.org", "one", False)
    assert made["record"]["name"] == "one._domainkey.example.org"
    assert made["record"]["value"].startswith("v=DKIM1; k=rsa; p=")
    assert call("dkim", "activate", "example.org", "one").json["active"] is True
    assert [key["active"] for key in call("dkim", "list").json] == [True]
    assert call("dkim", "off", "example.org").json["active"] is False
    assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all() == [
        "dkim.created",
        "dkim.activated",
        "dkim.switched_off",
    ]


def test_the_default_selector_is_of_the_month_and_taken_once() -> None:
    assert re.fullmatch(r"curator\d{6}", call("dkim", "create", "example.org").json["selector"])
    with pytest.raises(Conflict):
        call("dkim", "create", "example.org")


def test_a_person_gets_a_line_to_paste(session: Session) -> None:
    out = call("dkim", "create", "example.org", "--selector", "one", as_json=False).out
    assert '\none._domainkey.example.org. IN TXT "v=DKIM1; k=rsa; p=' in out
    assert "curator dkim activate example.org one" in out
    said = out + "".join(
        call(*words, as_json=as_json).out
        for words in (("dkim", "activate", "example.org", "one"), ("dkim", "list"), ("dkim", "off", "example.org"))
        for as_json in ((False,) if "off" in words else (True, False))
    )
    call("dkim", "activate", "example.org", "one")
    key = signing_key(session, "example.org")
    assert key is not None
    numbers = key.private.private_numbers()
    assert "PRIVATE" not in said.upper()
    assert str(numbers.d) not in said and f"{numbers.d:x}" not in said
    details = session.scalars(select(AuditEntry.detail)).all()
    assert all(set(detail) == {"domain", "selector"} for detail in details)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("create", "no domain"), Invalid),
        (("create", "example.org", "--selector", "a b"), Invalid),
        (("activate", "example.org", "none"), NotFound),
        (("off", "example.org"), NotFound),
    ],
)
def test_what_cannot_be_is_refused(words: tuple[str, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        call("dkim", *words)
