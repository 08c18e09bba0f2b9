"""Slots: places in a rendered issue that are filled per reader, marked by text nobody else can write.

A mark is plain ASCII that survives HTML parsing, addresses and quoted-printable. Its prefix comes from the content's
hash, so content cannot hold a mark of its own: it would have to contain its own hash.
"""

import hashlib
import re
from collections.abc import Callable
from typing import NamedTuple

NAMES = (
    "to",
    "message_id",
    "date",
    "open",
    "click",
    "leave",
    "preferences",
    "view",
    "name_html",
    "name_text",
    "day",
)
"""What a slot may ask for. `day` is the date of the issue in the reader's language."""


class Slot(NamedTuple):
    """A slot by name; `argument` is the fallback of a reader's name, or the number of a link."""

    name: str
    argument: str = ""


class Marks:
    """Writes and finds the marks of one content."""

    def __init__(self, content_hash: bytes) -> None:
        self._prefix = "Slot" + hashlib.blake2b(content_hash, digest_size=6).hexdigest()
        self.pattern = re.compile(rf"{self._prefix}-([a-z_]+)-([0-9a-f]*)-")

    def mark(self, name: str, argument: str = "") -> str:
        """The text that stands for a slot (`link` besides `NAMES`: the address of a numbered link)."""
        return f"{self._prefix}-{name}-{argument.encode().hex()}-"

    def split(self, text: str) -> list[str | Slot]:
        """The text as literal pieces and slots, in order, without empty pieces."""
        pieces: list[str | Slot] = []
        position = 0
        for found in self.pattern.finditer(text):
            pieces.append(text[position : found.start()])
            pieces.append(_slot(found))
            position = found.end()
        pieces.append(text[position:])
        return [piece for piece in pieces if piece != ""]

    def names(self, text: str) -> frozenset[str]:
        """The names of the slots in a text."""
        return frozenset(found[1] for found in self.pattern.finditer(text))

    def fill(self, text: str, value: Callable[[Slot], str]) -> str:
        """The text with every mark replaced by what `value` gives for its slot."""
        return self.pattern.sub(lambda found: value(_slot(found)), text)


def _slot(found: re.Match[str]) -> Slot:
    return Slot(found[1], bytes.fromhex(found[2]).decode())
