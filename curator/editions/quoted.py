"""Quoted-printable (RFC 2045 6.7) with slots kept whole: lines of at most 76 characters whatever stands in a slot.

No line ever starts with a dot, so the bytes are their own dot-stuffed form (RFC 5321 4.5.2): nothing is left to do
per reader. Line ends are CRLF; nothing but printable ASCII comes out.
"""

import re

from curator.editions.slots import Marks, Slot
from curator.tokens import LENGTH

LINE = 76

_NEEDS_NOTHING = re.compile(r"(?!From )[A-Za-z0-9 ]*")
_VARIABLE = frozenset({"name_html", "name_text", "day"})
_SOFT_BREAK = b"=\r\n"
_PLAIN = frozenset(range(33, 127)) - {ord("=")} | {32, 9}
_BYTES = [bytes([value]) if value in _PLAIN else f"={value:02X}".encode("ascii") for value in range(256)]
_SAFEST = [
    bytes([value]) if value == 32 or (value < 128 and chr(value).isalnum()) else f"={value:02X}".encode("ascii")
    for value in range(256)
]


def encode_with_slots(text: str, marks: Marks) -> list[bytes | Slot]:
    """The text as encoded pieces and slots; every line of it, the last too, ends in CRLF."""
    writer = _Writer()
    for line in text.removesuffix("\n").split("\n"):
        pieces = marks.split(line)
        for position, piece in enumerate(pieces):
            if isinstance(piece, Slot):
                writer.slot(piece)
            else:
                writer.text(piece.encode("utf-8", "replace"), ends_line=position == len(pieces) - 1)
        writer.end_line()
    return writer.pieces()


def encode_value(value: str) -> bytes:
    """A reader's value for a slot that stands between soft line breaks: any text, any length, one logical line."""
    if len(value) < LINE and _NEEDS_NOTHING.fullmatch(value):
        return value.encode("ascii")
    lines, current = [], b""
    for byte in value.encode("utf-8", "replace"):
        atom = _SAFEST[byte]
        if len(current) + len(atom) > LINE - 1:
            lines.append(current)
            current = b""
        current += atom
    return _SOFT_BREAK.join([*lines, current])


class _Writer:
    """Collects encoded bytes and knows the column."""

    def __init__(self) -> None:
        self._pieces: list[bytes | Slot] = []
        self._buffer = bytearray()
        self._column = 0

    def text(self, data: bytes, *, ends_line: bool) -> None:
        for position, value in enumerate(data):
            atom = _BYTES[value]
            is_last = ends_line and position == len(data) - 1
            if value in (32, 9) and is_last:
                atom = f"={value:02X}".encode("ascii")  # white space at a line's end is lost on the way
            self._make_room(len(atom), LINE if is_last else LINE - 1)
            if self._column == 0 and (value == ord(".") or data.startswith(b"From ", position)):
                atom = f"={value:02X}".encode("ascii")
            self._buffer += atom
            self._column += len(atom)

    def slot(self, slot: Slot) -> None:
        is_variable = slot.name in _VARIABLE
        if is_variable and self._column:
            self._break()
        elif not is_variable:
            self._make_room(LENGTH, LINE - 1)
        self._pieces += [bytes(self._buffer), slot]
        self._buffer.clear()
        self._column += LENGTH
        if is_variable:
            self._break()

    def end_line(self) -> None:
        self._buffer += b"\r\n"
        self._column = 0

    def pieces(self) -> list[bytes | Slot]:
        return [piece for piece in (*self._pieces, bytes(self._buffer)) if piece != b""]

    def _make_room(self, width: int, limit: int) -> None:
        if self._column + width > limit:
            self._break()

    def _break(self) -> None:
        self._buffer += _SOFT_BREAK
        self._column = 0
