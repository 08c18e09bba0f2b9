import quopri

from hypothesis import example, given
from hypothesis import strategies as st

from curator.editions.quoted import LINE, encode_value, encode_with_slots
from curator.editions.slots import Marks, Slot
from curator.tokens import LENGTH

MARKS = Marks(b"content")
TOKEN = "T" * LENGTH
TEXT = st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]), max_size=300)
PIECES = st.lists(
    st.one_of(TEXT, st.sampled_from([Slot("leave"), Slot("name_text", "lezer"), Slot("day")])), max_size=8
)


def encoded(pieces: list[str | Slot], name: str) -> tuple[bytes, str]:
    """The encoded bytes with slots filled, and the text they should decode to."""
    values = {"leave": TOKEN, "name_text": name, "day": "maandag 1 maart 2027"}
    parts = encode_with_slots("".join(MARKS.mark(*p) if isinstance(p, Slot) else p for p in pieces), MARKS)
    raw = b"".join(
        part if isinstance(part, bytes) else TOKEN.encode() if part.name == "leave" else encode_value(values[part.name])
        for part in parts
    )
    return raw, "".join(values[p.name] if isinstance(p, Slot) else p for p in pieces)


@given(PIECES, st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=120))
@example([".", Slot("leave"), ".\n..\n.", Slot("name_text"), "."], ".")
@example(["From here\n", Slot("day"), "From there"], "From me")
@example(["a" * 76 + "\n" + "b" * 75 + " \n" + "é" * 40], "")
def test_every_text_comes_back_and_every_line_is_safe(pieces: list[str | Slot], name: str) -> None:
    raw, expected = encoded(pieces, name)
    decoded = quopri.decodestring(raw).decode().replace("\r\n", "\n")
    assert decoded.removesuffix("\n") == expected.removesuffix("\n")
    assert raw.endswith(b"\r\n")
    for line in raw.split(b"\r\n"):
        assert len(line) <= LINE
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))
        assert line.isascii() and b"\r" not in line and b"\n" not in line


def test_a_line_that_just_fits_is_not_broken() -> None:
    assert encode_with_slots("x" * LINE, MARKS) == [b"x" * LINE + b"\r\n"]


def test_a_slot_is_never_broken() -> None:
    parts = encode_with_slots("x" * 70 + MARKS.mark("leave"), MARKS)
    assert parts == [b"x" * 70 + b"=\r\n", Slot("leave"), b"\r\n"]
