import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.editions.compile import compile_message, feedback_sender
from curator.editions.render import render_issue
from curator.editions.segments import Segments
from curator.editions.slots import Slot
from curator.errors import Invalid
from tests.editions import sample

LONG = "https://a-rather-long-name-for-a-newsletter-desk.example.org/and/a/folder/below"
HEADERS = [
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
    "Precedence",
    "MIME-Version",
    "Content-Type",
]


def unfolded(raw: bytes) -> dict[str, str]:
    """Header fields by name with their folds taken out, as they stand."""
    head = raw.partition(b"\r\n\r\n")[0].decode("ascii")
    return dict(line.split(": ", 1) for line in re.sub(r"\r\n(?=[ \t])", "", head).split("\r\n"))


def test_exactly_the_expected_headers_once() -> None:
    assert sample.parsed(sample.message(sample.issue())).keys() == HEADERS


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=150), st.text(max_size=60), st.text(max_size=60))
def test_no_text_of_people_adds_a_header_or_a_message(subject: str, name: str, sender: str) -> None:
    content = sample.issue({"name": name, "from_name": sender}, subject=subject)
    raw = sample.message(content)
    assert sample.wire_faults(raw) == []
    assert sample.parsed(raw).keys() == HEADERS
    assert raw.count(b"\r\nMIME-Version:") == 1


@pytest.mark.parametrize(
    "attack", ["x\r\nBcc: v@example.com", "=?utf-8?q?a=0d=0aBcc=3a_v@x?=", "x\u2028Bcc: v", "x\x00\x85"]
)
def test_attacks_in_every_field_stay_text(attack: str) -> None:
    content = sample.issue(
        {"name": attack, "from_name": attack, "postal_address": attack, "description": attack},
        subject=attack,
        preheader=attack,
        sections=(sample.section(attack, sample.item(1, attack, site=attack, author=attack), label=attack),),
    )
    raw = sample.message(content)
    assert sample.parsed(raw).keys() == HEADERS
    assert sample.wire_faults(raw) == []


def test_unsubscribe_stands_verbatim_however_long_the_address() -> None:
    content = sample.issue()
    rendered = render_issue(content, public_url=LONG)
    segments = compile_message(content, rendered, public_url=LONG, inbound_domain="")
    literal = b"".join(part if isinstance(part, bytes) else f"[{part.name}]".encode() for part in segments.parts)
    assert (
        f"List-Unsubscribe: <{LONG}/u/[leave]>,\r\n <mailto:antwoord@example.org?subject=unsubscribe%20[leave]>\r\n"
        in literal.decode("ascii")
    )
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in literal


def test_mail_to_our_own_domain_carries_the_token_in_its_address() -> None:
    raw = sample.message(sample.issue(), inbound_domain="in.example.org")
    assert re.search(rb"\r\n <mailto:leave\+[\w-]{46}@in\.example\.org>\r\n", raw)


def test_identifiers_are_ours() -> None:
    fields = unfolded(sample.message(sample.issue()))
    assert fields["List-Id"] == "De Week in Techniek <techweek.nieuws.example.org>"
    assert fields["Message-ID"] == f"<{sample.READER.message_id.hex}@nieuws.example.org>"
    assert fields["Feedback-ID"] == "7:techweek:newsletter:nieuws-example"
    assert unfolded(sample.message(sample.issue({"name": "Één"})))["List-Id"] == "<techweek.nieuws.example.org>"


@pytest.mark.parametrize(
    "domain", ["a.nl", "example.org", "localhost", "a" * 60 + ".example.org", "news.a-b.example.com"]
)
def test_the_sender_of_feedback_is_5_to_15_characters(domain: str) -> None:
    assert re.fullmatch(r"[a-z0-9-]{5,15}", feedback_sender(domain))


def test_a_sender_that_no_header_holds_is_refused() -> None:
    with pytest.raises(Invalid):
        sample.message(sample.issue({"from_address": "a@example.org\r\nBcc: v@example.com"}))


def test_segments_come_back_from_the_database_as_they_went() -> None:
    content = sample.far_issue()
    rendered = render_issue(content, public_url=sample.PUBLIC_URL)
    segments = compile_message(content, rendered, public_url=sample.PUBLIC_URL, inbound_domain="")
    assert Segments.from_bytes(segments.to_bytes()) == segments
    with pytest.raises(Invalid):
        Segments.from_bytes(b"something else")


def test_without_tracking_nothing_leads_through_us() -> None:
    content = sample.issue({"tracking": "off"})
    segments = compile_message(
        content, render_issue(content, public_url=sample.PUBLIC_URL), public_url=sample.PUBLIC_URL, inbound_domain=""
    )
    slots = {part.name for part in segments.parts if isinstance(part, Slot)}
    assert slots == {"to", "date", "message_id", "leave", "preferences", "view", "day", "name_html", "name_text"}
    _, page = sample.bodies(sample.message(content))
    assert "/c/" not in page and "/o/" not in page
    assert 'href="https://nieuws.example.org/artikel/1?a=1&amp;b=2"' in page


def test_facts_say_how_large_the_page_is() -> None:
    content = sample.issue({"tracking": "off"})
    rendered = render_issue(content, public_url=sample.PUBLIC_URL)
    facts = compile_message(content, rendered, public_url=sample.PUBLIC_URL, inbound_domain="").facts
    _, page = sample.bodies(sample.message(content))
    assert abs(facts["html_bytes"] - len(page.replace("\r\n", "\n").encode())) < 400
    assert facts["sender_domain"] == "nieuws.example.org"
