"""Which column of a file holds what. Guessed from names and contents, and always open to correction."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from curator.audience.addresses import canonical
from curator.audience.clean import clean_name
from curator.audience.csv_file import Shape
from curator.audience.formulas import restore
from curator.errors import Invalid

FIELDS = ("email", "name", "language", "state")
_NAMES = {
    "email": {"email", "mail", "emailaddress", "mailaddress", "emailadres", "mailadres", "subscriberemail"},
    "name": {"name", "naam", "fullname", "volledigenaam", "firstname", "voornaam", "subscribername"},
    "language": {"language", "taal", "lang", "locale"},
    "state": {"state", "status"},
}


class Columns(NamedTuple):
    """The columns of a file and where the fields are, as positions from 0; None is not in the file.

    `has_header`: the first line that can be read names the columns and is no person.
    """

    names: tuple[str, ...]
    has_header: bool
    email: int
    name: int | None
    language: int | None
    state: int | None

    def mapping(self) -> dict[str, str]:
        """Field to column name, for a form or for the next call; "" says that the file does not have it."""
        places = {field: getattr(self, field) for field in FIELDS}
        return {field: "" if place is None else self.names[place] for field, place in places.items()}


def find_columns(shape: Shape, mapping: Mapping[str, str]) -> Columns:
    """Where the fields are: as `mapping` says (field to a column's name or number; "" for none), else guessed.

    `Invalid` names the columns there are when one is not found, or when none holds addresses.
    """
    for field in mapping:
        if field not in FIELDS:
            raise Invalid(f"There is no field {field!r}. Map {', '.join(FIELDS)}.")
    rows = [row.cells for row in shape.sample if not row.problem]
    has_header = not any("@" in cell for cell in rows[0])
    width = max(len(cells) for cells in rows)
    names = _column_names(rows[0] if has_header else [], width)
    places = {field: _place(field, names, mapping.get(field)) for field in FIELDS}
    if places["email"] is None:
        places["email"] = _column_of_addresses(rows[has_header:], width)
    if places["email"] is None:
        raise Invalid(f"No column holds addresses. Say which one does, out of: {', '.join(names[:30])}.")
    return Columns(names, has_header, places["email"], places["name"], places["language"], places["state"])


def _column_names(cells: Sequence[str], width: int) -> tuple[str, ...]:
    """A name for each column: its header, or its number; made different where two are alike."""
    found: list[str] = []
    for place in range(width):
        cell = clean_name(cells[place])[:60] if place < len(cells) else ""
        name = cell or f"column {place + 1}"
        found.append(f"{name} ({place + 1})" if name in found else name)
    return tuple(found)


def _place(field: str, names: Sequence[str], wanted: str | None) -> int | None:
    if wanted is None:
        return next((place for place, name in enumerate(names) if _letters(name) in _NAMES[field]), None)
    if not wanted.strip():
        return None
    for place, name in enumerate(names):
        if name.casefold() == wanted.strip().casefold():
            return place
    if wanted.strip().isdecimal() and 0 < int(wanted) <= len(names):
        return int(wanted) - 1
    raise Invalid(f"There is no column {wanted.strip()[:60]!r}. The columns are: {', '.join(names[:30])}.")


def _column_of_addresses(rows: Sequence[Sequence[str]], width: int) -> int | None:
    counts = [sum(place < len(cells) and _is_address(cells[place]) for cells in rows) for place in range(width)]
    most = max(counts, default=0)
    return counts.index(most) if most else None


def _is_address(cell: str) -> bool:
    try:
        canonical(restore(cell))
    except Invalid:
        return False
    return True


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())
