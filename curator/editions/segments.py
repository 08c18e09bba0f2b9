"""A compiled message: bytes as they go on the wire, with named slots between them. Never changed after it is made.

States of a part: `bytes` are final (7-bit, CRLF, dot-stuffed); a `Slot` is filled per reader by `merge`.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from curator.editions.slots import Slot
from curator.errors import Invalid

Part = bytes | Slot

_MAGIC = b"curator segments 1\n"


@dataclass(frozen=True)
class Segments:
    """The parts of a message in order, and facts about it: sizes in bytes, sender domain, language, time zone."""

    parts: tuple[Part, ...]
    facts: dict[str, Any]

    def to_bytes(self) -> bytes:
        """One value for the database: a line that says what this is, a line of JSON, then the literal bytes."""
        index = [len(part) if isinstance(part, bytes) else list(part) for part in self.parts]
        head = json.dumps({"index": index, "facts": self.facts}, separators=(",", ":")).encode()
        return b"".join([_MAGIC, head, b"\n", *(part for part in self.parts if isinstance(part, bytes))])

    @classmethod
    def from_bytes(cls, data: bytes) -> "Segments":
        """The segments `to_bytes` wrote; `Invalid` for anything else."""
        head, _, literal = data.removeprefix(_MAGIC).partition(b"\n")
        if not data.startswith(_MAGIC):
            raise Invalid("These are not the segments of a message. Render the issue again.")
        index = json.loads(head)
        parts: list[Part] = []
        position = 0
        for entry in index["index"]:
            if isinstance(entry, int):
                parts.append(literal[position : position + entry])
                position += entry
            else:
                parts.append(Slot(*entry))
        return cls(tuple(parts), index["facts"])


class Blanks:
    """Parts to be filled for one reader after another. Values are given in the order of `slots`."""

    def __init__(self, parts: Iterable[Part], slots: Sequence[Slot]) -> None:
        whole = joined(parts)
        self._pieces = [part if isinstance(part, bytes) else b"" for part in whole]
        self._places = [(place, slots.index(part)) for place, part in enumerate(whole) if isinstance(part, Slot)]

    def fill(self, values: Sequence[bytes]) -> bytes:
        """The parts as one, with a value wherever a slot was."""
        pieces = self._pieces.copy()
        for place, number in self._places:
            pieces[place] = values[number]
        return b"".join(pieces)


def joined(parts: Iterable[Part]) -> tuple[Part, ...]:
    """The same parts with neighbouring bytes as one."""
    pieces: list[Part] = []
    run: list[bytes] = []
    for part in parts:
        if isinstance(part, bytes):
            run.append(part)
        else:
            pieces += [b"".join(run), part] if run else [part]
            run = []
    return (*pieces, b"".join(run)) if run else tuple(pieces)
