import dataclasses
import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.editions.compile import compile_message
from curator.editions.merge import Merger
from curator.editions.render import render_issue
from curator.errors import Invalid
from curator.issues.models import Tracking
from curator.tokens import Purpose, Token
from tests.editions import sample

ANONYMOUS = dataclasses.replace(sample.READER, is_individual=False)
ISSUE = sample.issue()
MERGER = sample.merger(ISSUE)


def tokens(raw: bytes, place: str) -> set[Token | None]:
    """What the addresses of one kind (o, c, u, p, v) in both parts say, read with the real signer."""
    text = "".join(sample.bodies(raw)) + raw.partition(b"\r\n\r\n")[0].decode()
    return {sample.SIGNER.read(found, *Purpose) for found in re.findall(rf"/{place}/([\w-]{{46}})", text)}


@pytest.mark.parametrize(
    ("tracking", "opens", "clicks"),
    [
        ("off", set(), set()),
        ("aggregate", {(Purpose.AGGREGATE_OPEN, 0, 31)}, {(Purpose.AGGREGATE_CLICK, 0, 31)}),
        ("hygiene", {(Purpose.OPEN, 501, 31)}, {(Purpose.AGGREGATE_CLICK, 0, 31)}),
        ("individual", {(Purpose.OPEN, 501, 31)}, {(Purpose.CLICK, 501, 31)}),
    ],
)
def test_a_reader_who_agreed_is_measured_as_the_newsletter_says(
    tracking: str, opens: set[Token], clicks: set[Token]
) -> None:
    raw = sample.message(sample.issue({"tracking": tracking}))
    assert tokens(raw, "o") == opens
    assert tokens(raw, "c") == clicks


@pytest.mark.parametrize("tracking", ["aggregate", "hygiene", "individual"])
def test_a_reader_who_did_not_agree_is_only_counted(tracking: str) -> None:
    content = sample.issue({"tracking": tracking})
    raw = sample.message(content, ANONYMOUS)
    assert tokens(raw, "o") == {(Purpose.AGGREGATE_OPEN, 0, 31)}
    assert tokens(raw, "c") == {(Purpose.AGGREGATE_CLICK, 0, 31)}
    other = dataclasses.replace(ANONYMOUS, message_row_id=999, subscription_id=3)
    assert re.findall(r"/[oc]/\S+", sample.bodies(raw)[1]) == re.findall(
        r"/[oc]/\S+", sample.bodies(sample.message(content, other))[1]
    )


def test_leaving_and_preferences_are_the_readers_own_in_header_and_both_parts() -> None:
    raw = sample.message(ISSUE)
    assert tokens(raw, "u") == {(Purpose.LEAVE, 77, 501)}
    assert tokens(raw, "p") == {(Purpose.PREFERENCES, 77, 501)}
    assert tokens(raw, "v") == {(Purpose.VIEW, 0, 31)}
    text, page = sample.bodies(raw)
    assert "/u/" in text and "/u/" in page and b"/u/" in raw.partition(b"\r\n\r\n")[0]


def test_every_message_belongs_to_one_reader() -> None:
    for number in range(1, 31):
        reader = dataclasses.replace(
            sample.READER, address=f"r{number}@example.com", message_row_id=number, subscription_id=10_000 + number
        )
        raw = MERGER.message(reader, sample.MOMENT)
        assert sample.parsed(raw)["To"] == f"r{number}@example.com"
        assert tokens(raw, "u") == {(Purpose.LEAVE, 10_000 + number, number)}
        assert tokens(raw, "c") == {(Purpose.CLICK, number, 31)}


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_name_is_only_a_name(name: str) -> None:
    raw = MERGER.message(dataclasses.replace(sample.READER, name=name), sample.MOMENT)
    assert sample.wire_faults(raw) == []
    assert len(raw.split(b"--=_")) == 4
    text, page = sample.bodies(raw)
    assert text.count("Goedemorgen") == page.count("Goedemorgen") == 1
    assert "<script" not in page


def test_a_name_is_escaped_for_where_it_stands() -> None:
    text, page = sample.bodies(sample.message(ISSUE, dataclasses.replace(sample.READER, name='<b>"A" & =41\r\n.')))
    assert "Goedemorgen &lt;b&gt;&quot;A&quot; &amp; =41 .," in page
    assert 'Goedemorgen <b>"A" & =41 .,' in text.replace("\u2060", "")


def test_who_gave_no_name_is_addressed_by_the_fallback() -> None:
    for body in sample.bodies(sample.message(ISSUE, dataclasses.replace(sample.READER, name=" \x00 "))):
        assert "Goedemorgen lezer," in body


def test_an_address_no_header_holds_is_refused_before_anything_is_sent() -> None:
    for address in ("a@b\r\nBcc: c@d", "é@example.org", "a@example.org, b@example.org"):
        with pytest.raises(Invalid):
            MERGER.message(dataclasses.replace(sample.READER, address=address), sample.MOMENT)


def test_date_and_day_are_of_the_newsletters_time_zone() -> None:
    raw = MERGER.message(sample.READER, datetime(2027, 1, 31, 23, 30, tzinfo=UTC))
    assert sample.parsed(raw)["Date"].datetime == datetime(2027, 1, 31, 23, 30, tzinfo=UTC)
    assert all("maandag 1 februari 2027" in body for body in sample.bodies(raw))


def test_a_delivery_keeps_its_day_past_midnight() -> None:
    segments = compile_message(
        ISSUE, render_issue(ISSUE, public_url=sample.PUBLIC_URL), public_url=sample.PUBLIC_URL, inbound_domain=""
    )
    merger = Merger(
        segments,
        edition_id=31,
        tracking=Tracking.INDIVIDUAL,
        signer=sample.SIGNER,
        sender_domain="mail.example.org",
        day=date(2026, 11, 23),
    )
    raw = merger.message(sample.READER, datetime(2026, 11, 24, 1, 0, tzinfo=UTC))
    assert "maandag 23 november 2026" in sample.bodies(raw)[0]
    assert sample.parsed(raw)["Message-ID"].endswith("@mail.example.org>")


def test_the_file_and_the_wire_are_the_same_bytes() -> None:
    assert MERGER.plain(sample.READER, sample.MOMENT) == MERGER.message(sample.READER, sample.MOMENT)


def test_attempts_repeat_the_same_message() -> None:
    assert MERGER.message(sample.READER, sample.MOMENT) == MERGER.message(sample.READER, sample.MOMENT)
