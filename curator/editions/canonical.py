"""The relaxed canonical forms of DKIM (RFC 6376 3.4), of whole messages and of messages with slots.

A slot is carried through as something that is not white space. That is right for every edition: `quoted.py` puts white
space neither beside a slot that may be empty nor at the end of a line, and values only need `relaxed_value`.
"""

import re
from collections.abc import Sequence

from curator.editions.segments import Part
from curator.editions.slots import Slot

_RUN = re.compile(rb"[ \t]+")
_LONG_RUN = re.compile(rb"[ \t]{2,}|\t")
_FIELD_END = re.compile(rb"\r\n(?![ \t])")
_PLACE = re.compile(rb"\x00(\d+)\x00")


def relaxed_body(body: bytes) -> bytes:
    """The body with white space at line ends and blank lines at its end gone, other runs of it one space (3.4.4)."""
    lines = _LONG_RUN.sub(b" ", body + b"\r\n").replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return lines + b"\r\n" if lines else b""


def relaxed_field(field: bytes) -> bytes:
    """A header field as `name:value`, unfolded, without its CRLF (3.4.2)."""
    name, _, value = field.partition(b":")
    return name.strip().lower() + b":" + _RUN.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")


def relaxed_value(value: bytes) -> bytes:
    """A reader's value of a slot: its lines end in `=`, so only its runs of spaces change."""
    return _LONG_RUN.sub(b" ", value) if b"  " in value else value


def fields_of(parts: Sequence[Part]) -> list[tuple[str, list[Part]]]:
    """The header fields in order, each with its name in lower case and its relaxed form in parts."""
    template, slots = _as_template(parts)
    head = template.partition(b"\r\n\r\n")[0]
    relaxed = [relaxed_field(field) for field in _FIELD_END.split(head)]
    return [(field.partition(b":")[0].decode("ascii"), _with_slots(field, slots)) for field in relaxed]


def body_of(parts: Sequence[Part]) -> list[Part]:
    """The relaxed body in parts, beginning and ending with bytes."""
    template, slots = _as_template(parts)
    return _with_slots(relaxed_body(template.partition(b"\r\n\r\n")[2]), slots)


def _as_template(parts: Sequence[Part]) -> tuple[bytes, list[Slot]]:
    """The message with NUL, number, NUL for each slot: a message is 7-bit text without NUL."""
    slots = [part for part in parts if isinstance(part, Slot)]
    numbers = iter(range(len(slots)))
    pieces = [part if isinstance(part, bytes) else b"\x00%d\x00" % next(numbers) for part in parts]
    return b"".join(pieces), slots


def _with_slots(template: bytes, slots: Sequence[Slot]) -> list[Part]:
    pieces = _PLACE.split(template)
    return [slots[int(piece)] if position % 2 else piece for position, piece in enumerate(pieces)]
