"""The relaxed forms against RFC 6376's own examples, and: with slots carried through they are those of the result."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from curator.editions.canonical import body_of, fields_of, relaxed_body, relaxed_field, relaxed_value
from curator.editions.quoted import encode_value, encode_with_slots
from curator.editions.segments import Part
from curator.editions.slots import Marks, Slot

MARKS = Marks(b"canonical")
TOKEN = b"t" * 46


def slow_body(body: bytes) -> bytes:
    """RFC 6376 3.4.4 word by word."""
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def filled(parts: list[Part], values: dict[Slot, bytes]) -> bytes:
    return b"".join(part if isinstance(part, bytes) else values[part] for part in parts)


def test_the_examples_of_the_rfc() -> None:
    raw = b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n"
    assert fields_of([raw]) == [("a", [b"a:X"]), ("b", [b"b:Y Z"])]
    assert body_of([raw]) == [b" C\r\nD E\r\n"]


@given(st.text(alphabet=" \tab=\r\n", max_size=60).map(lambda text: re.sub("\r|\n", "\r\n", text).encode()))
@example(b"")
@example(b" \r\n\t\r\n")
@example(b"no line end ")
def test_a_body_is_that_of_the_rfc(body: bytes) -> None:
    assert relaxed_body(body) == slow_body(body)


LITERALS = st.text(alphabet=" \t\nab.=é", max_size=20)
SLOTS = st.sampled_from([Slot("leave"), Slot("name_text", "x"), Slot("name_html", "  y  z "), Slot("day")])
NAMES = st.text(alphabet=" ab.=é\t\n", max_size=90)


@given(st.lists(LITERALS | SLOTS, max_size=12), NAMES)
@example([Slot("day"), " ", Slot("name_text", "x"), "  \n", Slot("leave"), " \t"], "  ")
def test_a_body_with_slots_is_canonical_piece_by_piece(pieces: list[str | Slot], name: str) -> None:
    text = "".join(MARKS.mark(*piece) if isinstance(piece, Slot) else piece for piece in pieces)
    parts: list[Part] = [b"A: b\r\n\r\n", *encode_with_slots(text, MARKS)]
    slots = {part for part in parts if isinstance(part, Slot)}
    values = {slot: TOKEN if slot.name == "leave" else encode_value(name or slot.argument) for slot in slots}
    body = filled(parts, values).partition(b"\r\n\r\n")[2]
    assert filled(body_of(parts), {slot: relaxed_value(value) for slot, value in values.items()}) == slow_body(body)


@given(st.text(alphabet=" \ta:Z", max_size=30), st.text(alphabet=" \tb", max_size=30))
def test_a_field_is_its_words_with_single_spaces(value: str, folded: str) -> None:
    relaxed = relaxed_field(f"Name \t:{value}\r\n {folded}".encode())
    assert relaxed == b"name:" + b" ".join(f"{value} {folded}".encode().split())
