"""Signatures as an independent verifier sees them, on every kind of message; and what breaks them."""

import dataclasses
import re
import uuid
from datetime import UTC, datetime

import dkim
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.editions.dkim import sign_message
from curator.editions.merge import Reader
from tests.editions import sample
from tests.editions.keys import KEY, verifies
from tests.editions.test_notice import notice

ISSUES = {"nl": sample.issue(), "en": sample.english_issue(), "far": sample.far_issue()}
MERGER = sample.merger(sample.issue(), domain_key=KEY)
SIGNED = MERGER.message(sample.READER, sample.MOMENT)
HEAD, _, BODY = SIGNED.partition(b"\r\n\r\n")


def tags(raw: bytes) -> dict[str, str]:
    """The tags of the signature on top."""
    field = re.match(rb"DKIM-Signature:(.*?)\r\n(?! )", raw, re.DOTALL)
    assert field is not None
    pairs = re.sub(r"\s", "", field[1].decode()).split(";")
    return dict(pair.partition("=")[::2] for pair in pairs)


@pytest.mark.parametrize("tracking", ["off", "aggregate", "hygiene", "individual"])
@pytest.mark.parametrize("name", ISSUES)
@pytest.mark.parametrize("is_individual", [True, False])
def test_every_newsletter_mail_verifies(name: str, tracking: str, is_individual: bool) -> None:
    content = sample.issue({"tracking": tracking}, sections=ISSUES[name].sections, subject=ISSUES[name].subject)
    merger = sample.merger(content, inbound_domain="in.example.org", domain_key=KEY)
    for number in range(3):
        reader = Reader(f"r{number}@example.com", f"R  {number} ", number, uuid.uuid4(), number, is_individual)
        assert verifies(merger.message(reader, datetime.now(UTC)))


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200))
def test_any_name_verifies(name: str) -> None:
    raw = MERGER.message(dataclasses.replace(sample.READER, name=name), sample.MOMENT)
    assert verifies(raw)
    assert sample.wire_faults(raw) == []


def test_a_signature_only_adds_its_own_field() -> None:
    plain = sample.message(sample.issue())
    assert SIGNED.endswith(plain)
    assert SIGNED[: -len(plain)].startswith(b"DKIM-Signature: ")
    assert len(re.findall(rb"\r\n(?![ ])", SIGNED[: -len(plain)])) == 1


def test_what_it_says() -> None:
    said = tags(SIGNED)
    assert set(said) == {"v", "a", "c", "d", "s", "t", "h", "bh", "b"}
    assert (said["a"], said["c"], said["d"], said["s"]) == (
        "rsa-sha256",
        "relaxed/relaxed",
        "nieuws.example.org",
        "one",
    )
    assert int(said["t"]) == sample.MOMENT.timestamp()
    names = said["h"].split(":")
    assert {name: names.count(name) for name in names} == {
        **dict.fromkeys(("From", "Reply-To", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"), 2),
        **dict.fromkeys(("Cc", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Feedback-ID"), 1),
    }


@pytest.mark.parametrize(
    "changed",
    [
        SIGNED.replace(b"To: sanne@", b"To: other@"),
        SIGNED.replace(b"Post: List-Unsubscribe=One-Click", b"Post: List-Unsubscribe=No-Click"),
        SIGNED.replace(b"List-Unsubscribe: <https://desk", b"List-Unsubscribe: <https://evil"),
        SIGNED.replace(BODY, BODY.replace(b"Essonne", b"Essonna")),
        SIGNED + b"one more line\r\n",
        *(b"%s: x\r\n" % name + SIGNED for name in (b"From", b"Reply-To", b"To", b"Cc", b"Subject", b"Content-Type")),
    ],
)
def test_what_is_changed_or_added_breaks_it(changed: bytes) -> None:
    assert changed != SIGNED
    assert not verifies(changed)


@pytest.mark.parametrize(
    "carried",
    [
        b"Received: from us\r\nX-Relay: yes\r\n" + SIGNED,
        SIGNED.replace(b"\r\nSubject: Eigen", b"\r\nsubject:\r\n  Eigen \t"),
        SIGNED.replace(BODY, BODY.replace(b"\r\n\r\n", b" \t\r\n\r\n")),
        SIGNED + b"\r\n\r\n",
    ],
)
def test_what_relays_do_on_the_way_does_not_break_it(carried: bytes) -> None:
    assert carried != SIGNED
    assert verifies(carried)


def test_a_notice_is_signed_whole() -> None:
    raw = notice()
    signed = sign_message(raw, KEY, sample.MOMENT)
    assert signed.endswith(raw)
    assert verifies(signed)
    assert "List-Unsubscribe" not in tags(signed)["h"]


def test_several_fields_of_one_name_are_signed_from_the_last() -> None:
    raw = b"From: a@nieuws.example.org\r\nList-Id: <one>\r\nList-Id: <two>\r\nSubject: s\r\n\r\n"
    assert verifies(sign_message(raw, KEY, sample.MOMENT))


def test_the_private_key_is_not_printed() -> None:
    assert "private" not in repr(KEY)
    assert "rsa" not in repr(KEY).lower()


def test_the_judge_knows_a_wrong_key() -> None:
    """The verifier of these tests can say no: without it they could not fail."""
    assert not dkim.verify(SIGNED, dnsfunc=lambda *_, **__: b"v=DKIM1; p=AAAA")
