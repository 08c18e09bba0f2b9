"""Where two texts differ, short enough for a line of a list and with the words around it. Pure."""

from dataclasses import dataclass

AROUND = 40
MOST = 160


@dataclass(frozen=True)
class Difference:
    """`gone` became `came`, between `lead` and `tail`, which both texts share. What was left out is an ellipsis."""

    lead: str
    gone: str
    came: str
    tail: str


def difference(before: str, after: str) -> Difference:
    """What changed from `before` to `after`, in whole words; several changes are one with all between them."""
    start = _shared(before, after)
    while start and not (_is_edge(before, start) and _is_edge(after, start)):
        start -= 1
    end = _shared(before[start:][::-1], after[start:][::-1])
    while end and not (_is_edge(before, len(before) - end) and _is_edge(after, len(after) - end)):
        end -= 1
    tail = before[len(before) - end :]
    return Difference(
        lead=before[:start] if start <= AROUND else f"…{before[start - AROUND : start]}",
        gone=_cut(before[start : len(before) - end]),
        came=_cut(after[start : len(after) - end]),
        tail=tail if end <= AROUND else f"{tail[:AROUND]}…",
    )


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _is_edge(text: str, place: int) -> bool:
    """Whether no word runs through this place."""
    return not (0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum())


def _cut(text: str) -> str:
    return text if len(text) <= MOST else f"{text[:MOST].rstrip()}…"
