"""A compiled message: bytes as they go on the wire, with named slots between them. Never changed after it is made.

States of a part: `bytes` are final (7-bit, CRLF, dot-stuffed); a `Slot` is filled per reader by `merge`.
"""

import json
from dataclasses import dataclass
from typing import Any

from curator.editions.slots import Slot
from curator.errors import Invalid

_MAGIC = b"curator segments 1\n"


@dataclass(frozen=True)
class Segments:
    """The parts of a message in order, and facts about it: sizes in bytes, sender domain, language, time zone."""

    parts: tuple[bytes | Slot, ...]
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
        parts: list[bytes | Slot] = []
        position = 0
        for entry in index["index"]:
            if isinstance(entry, int):
                parts.append(literal[position : position + entry])
                position += entry
            else:
                parts.append(Slot(*entry))
        return cls(tuple(parts), index["facts"])
