"""The links of editions, kept in memory and on disk so that a click finds its way while PostgreSQL is away.

Editions never change once written, so neither copy can be out of date.
"""

import json
import os
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

MOST_KEPT = 500
"""Editions in memory and on disk; the least recently used give way."""


class EditionLinks(NamedTuple):
    """One edition: its issue and newsletter, and the address behind each link number."""

    issue_id: int
    newsletter_id: int
    addresses: Mapping[int, str]


class LinkCache:
    """Editions by id. Reading is safe from any thread; only one thread adds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._editions: OrderedDict[int, EditionLinks] = OrderedDict()

    def get(self, edition_id: int) -> EditionLinks | None:
        """The edition if it was seen before."""
        return self._editions.get(edition_id)

    def add(self, edition_id: int, links: EditionLinks) -> None:
        """Remember it here and on disk. A disk that refuses costs only the copy."""
        self._remember(edition_id, links)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = self._folder / f"{edition_id}.{os.getpid()}.new"
            fresh.write_text(json.dumps([links.issue_id, links.newsletter_id, dict(links.addresses)]))
            fresh.replace(self._folder / f"{edition_id}.json")
        except OSError:
            return

    def load(self) -> None:
        """Read what earlier processes left on disk, newest editions last."""
        for path in sorted(self._folder.glob("*.json"), key=lambda p: p.stem.zfill(20))[-MOST_KEPT:]:
            try:
                issue_id, newsletter_id, addresses = json.loads(path.read_text())
                links = EditionLinks(issue_id, newsletter_id, {int(number): text for number, text in addresses.items()})
                self._remember(int(path.stem), links)
            except (OSError, ValueError, TypeError, AttributeError):
                path.unlink(missing_ok=True)

    def _remember(self, edition_id: int, links: EditionLinks) -> None:
        self._editions[edition_id] = links
        while len(self._editions) > MOST_KEPT:
            gone, _ = self._editions.popitem(last=False)
            (self._folder / f"{gone}.json").unlink(missing_ok=True)
