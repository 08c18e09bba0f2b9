import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curator.editions.headers import (
    ascii_phrase,
    checked_address,
    clean_value,
    mailbox_field,
    subject_field,
    verbatim_field,
)
from curator.errors import Invalid

ATTACKS = (
    "=?utf-8?q?a=0d=0aBcc=3a_v@x?=",
    "Hello\r\nBcc: victim@example.com",
    "a\x00b\x0bc\x85d\u2028Bcc: x",
    "=??q?=?=?utf-8?b?QQ==?=",
    "x" * 400,
    "één " * 60,
    "🚀" * 70,
    "a, b <c@example.com>",
    'say "hi" \\ there',
    "",
)


def attacked(test):  # type: ignore[no-untyped-def]
    """The test with each attack besides what hypothesis finds."""
    for attack in ATTACKS:
        test = example(attack)(test)
    return given(st.text(max_size=200))(test)


def field_faults(field: bytes) -> list[bytes]:
    """Lines that are no header lines, or longer than 78 without being one token."""
    assert field.endswith(b"\r\n")
    lines = field.removesuffix(b"\r\n").split(b"\r\n")
    wrong = [line for line in lines if not line.strip() and len(lines) > 1]
    wrong += [line for line in lines[1:] if not line.startswith(b" ")]
    wrong += [line for line in lines if len(line) > 78 and len(line.split()) > 2]
    return wrong + [line for line in lines if not re.fullmatch(rb"[\t -~]*", line)]


@attacked
def test_any_subject_is_one_field_that_reads_as_written(text: str) -> None:
    field = subject_field(text)
    assert field_faults(field) == []
    parsed = message_from_bytes(field + b"\r\n", policy=policy.default)
    assert list(parsed.keys()) == ["Subject"]
    raw = message_from_bytes(field + b"\r\n")["Subject"]
    assert str(make_header(decode_header(raw))) == clean_value(text)


@attacked
def test_encoded_words_are_short_and_apart(text: str) -> None:
    field = re.sub(rb"\r\n(?= )", b"", subject_field(text))
    words = re.findall(rb"=\?[^?\s]+\?[BbQq]\?[^?\s]*\?=", field)
    assert all(len(word) <= 75 for word in words)
    assert b"?==?" not in field


@attacked
def test_any_display_name_leaves_one_address(name: str) -> None:
    field = mailbox_field("From", name, "redactie@example.org")
    assert field_faults(field) == []
    parsed = message_from_bytes(field + b"\r\n", policy=policy.default)
    assert list(parsed.keys()) == ["From"]
    assert [address.addr_spec for address in parsed["From"].addresses] == ["redactie@example.org"]


@pytest.mark.parametrize("name", ["Noor", "De Week, in Techniek", 'Zeg "hoi"', "Één & ander", "Jan\\Piet", "Ω 🚀"])
def test_display_names_read_as_written(name: str) -> None:
    parsed = message_from_bytes(mailbox_field("From", name, "a@example.org") + b"\r\n", policy=policy.default)
    assert parsed["From"].addresses[0].display_name == name


def test_an_encoded_word_in_a_title_stays_text() -> None:
    parsed = message_from_bytes(subject_field(ATTACKS[0]) + b"\r\n", policy=policy.default)
    assert parsed["Bcc"] is None
    assert "Bcc=3a" in parsed["Subject"]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "a@b\r\nBcc: c@d",
        "a b@example.org",
        "é@example.org",
        "a@b>,<c@d",
        "=?utf-8?q?a?=@example.org",
        "a@" + "b" * 400,
    ],
)
def test_addresses_a_header_cannot_hold_are_refused(address: str) -> None:
    with pytest.raises(Invalid):
        checked_address(address)


@pytest.mark.parametrize("value", ["<https://example.org/\r\nBcc: x>", "é", "a\x00"])
def test_verbatim_fields_refuse_what_would_need_encoding(value: str) -> None:
    with pytest.raises(Invalid):
        verbatim_field("List-Unsubscribe", value)


def test_a_long_address_in_a_verbatim_field_is_not_touched() -> None:
    address = f"<https://example.org/{'a' * 300}>"
    assert verbatim_field("List-Unsubscribe", address) == f"List-Unsubscribe: {address}\r\n".encode()


def test_only_plain_names_become_phrases_of_list_id() -> None:
    assert ascii_phrase("Tech Weekly") == "Tech Weekly"
    assert ascii_phrase("Één") == ascii_phrase("a <b>") == ascii_phrase("x" * 61) == ""
