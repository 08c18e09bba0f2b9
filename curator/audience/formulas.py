"""Cells that a spreadsheet would run as a formula: defused with an apostrophe on export, restored on import.

The two are exact inverses: a cell that starts with apostrophes before a formula sign gets one more.
"""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")


def neutralise(cell: str) -> str:
    """The cell as a spreadsheet shows it without running it."""
    return "'" + cell if _FORMULA.match(cell) else cell


def restore(cell: str) -> str:
    """The cell as it was before `neutralise`; every other cell as it is."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
