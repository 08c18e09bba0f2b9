"""A hit on a pixel or a link as the web process saw it, and its one-line form on disk. No address, no agent's text."""

import json
from datetime import datetime
from typing import NamedTuple

from curator.events.machines import Signs
from curator.events.models import EventKind
from curator.tokens import Purpose


class Hit(NamedTuple):
    """One request. `message_id` is None for tokens that all readers share; `link_number` None for the pixel."""

    at: datetime
    purpose: Purpose
    message_id: int | None
    edition_id: int
    link_number: int | None
    signs: Signs

    @property
    def kind(self) -> EventKind:
        """What happened."""
        return EventKind.OPEN if self.link_number is None else EventKind.CLICK

    def to_line(self) -> str:
        """One line of JSON without the line's end."""
        return json.dumps(
            [
                self.at.isoformat(),
                int(self.purpose),
                self.message_id,
                self.edition_id,
                self.link_number,
                self.signs.family,
                self.signs.is_head,
                self.signs.is_prefetch,
            ]
        )

    @classmethod
    def from_line(cls, line: str) -> "Hit | None":
        """The hit; None for a line cut short by a crash before it was synced, which was never answered."""
        try:
            at, purpose, message_id, edition_id, link_number, *signs = json.loads(line)
            return cls(datetime.fromisoformat(at), Purpose(purpose), message_id, edition_id, link_number, Signs(*signs))
        except (ValueError, TypeError):
            return None
