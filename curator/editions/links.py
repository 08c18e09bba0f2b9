"""The links of an edition: every address a reader can follow gets a number, and its place in the mail a mark.

Only http and https addresses are counted. `mailto:` and `tel:` stay as they are; anything else loses its address
and is reported, because a mail has no page it could be relative to.
"""

import re
from dataclasses import dataclass, field

from lxml import etree

from curator.editions.slots import Marks

_COUNTED = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)
_LEFT_ALONE = re.compile(r"(mailto:|tel:|#)", re.IGNORECASE)
_ADDRESS_IN_TEXT = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)


@dataclass(frozen=True)
class RenderedLink:
    """One followable address. `number` is its name in click addresses; `label` is the first text it stands under."""

    number: int
    address: str
    label: str
    item_id: int | None


@dataclass
class Links:
    """Collects the links of one edition in the order readers meet them; one number per address and item."""

    marks: Marks
    found: dict[tuple[str, int | None], RenderedLink] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def mark(self, address: str, label: str, item_id: int | None) -> str:
        """The mark that stands for `address`, numbered on first sight."""
        key = (address, item_id)
        known = self.found.get(key)
        if known is None or not known.label:
            self.found[key] = RenderedLink(
                known.number if known else len(self.found) + 1, address, label[:200], item_id
            )
        return self.marks.mark("link", str(self.found[key].number))

    def take_from(self, page: etree._Element) -> None:
        """Replace the address of every link of the page by its mark; slots' own addresses stay."""
        for anchor in page.iter("a"):
            address = anchor.attrib.get("href", "").strip()
            if not address or self.marks.pattern.search(address) or _LEFT_ALONE.match(address):
                continue
            if _COUNTED.fullmatch(address):
                anchor.attrib["href"] = self.mark(address, _label(anchor), _item_of(anchor))
            else:
                self.refused.append(address)
                del anchor.attrib["href"]

    def take_from_text(self, text: str, item_id: int | None) -> str:
        """Plain text with the addresses of known links replaced by their marks."""
        return _ADDRESS_IN_TEXT.sub(lambda found: self._known(found[0], item_id), text)

    def _known(self, text: str, item_id: int | None) -> str:
        """The longest known address `text` starts with as its mark, so that a closing bracket or full stop stays."""
        for end in range(len(text), 8, -1):
            if (text[:end], item_id) in self.found:
                return self.mark(text[:end], "", item_id) + text[end:]
        return text


def _label(anchor: etree._Element) -> str:
    return " ".join("".join(str(text) for text in anchor.itertext()).split())


def _item_of(anchor: etree._Element) -> int | None:
    for element in anchor.iterancestors():
        number = element.attrib.get("data-item", "")
        if number.isdecimal():
            return int(number)
    return None
