"""A delivery's state in plain words: what is going on, how far it is, when it will be over, what may be done now.

Pure: values in, values out. Promises no end that the numbers do not support.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

_WORDS = {
    "scheduled": ("Scheduled", "info"),
    "freezing": ("Choosing readers", "info"),
    "sending": ("Sending", "info"),
    "holding": ("On hold", "warn"),
    "paused": ("Paused", "warn"),
    "cancelled": ("Cancelled", "bad"),
    "sent": ("Sent", "good"),
}
_ACTIONS = {
    "scheduled": ("undo", "pause"),
    "freezing": ("cancel",),
    "sending": ("pause", "cancel"),
    "holding": ("release", "pause", "cancel"),
    "paused": ("resume", "cancel"),
}


@dataclass(frozen=True)
class Term:
    """One term of the sum, with its parts as (reason, count), largest first."""

    name: str
    count: int
    meaning: str
    parts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Shown:
    """What the page shows of a delivery. `done` of `expected` messages have an outcome; `ends_at` is a prediction."""

    state: str
    word: str
    tone: str
    is_final: bool
    done: int
    expected: int
    terms: tuple[Term, ...]
    actions: tuple[str, ...]
    ends_at: datetime | None
    warnings: tuple[str, ...]
    started_at: datetime | None
    finished_at: datetime | None
    scheduled_at: datetime | None
    pilot: "PilotShown | None"
    acts: tuple[dict[str, Any], ...]  # what was sent again, as `ledger.delivery_status` has it, `at` as a moment


@dataclass(frozen=True)
class PilotShown:
    """A pilot before its release, or after it with who released it. `parts`: what became of it, as (words, count)."""

    size: int
    is_released: bool
    needs_person: bool
    parts: tuple[tuple[str, int], ...]
    hold_until: datetime | None
    released_at: datetime | None
    released_by: str | None


def show(status: Mapping[str, Any], now: datetime) -> Shown:
    """From `ledger.delivery_status`."""
    state = str(status["state"])
    is_final = state in ("sent", "cancelled")
    expected = status["candidates"] - status["excluded_total"]
    warnings = tuple(status["trouble"])
    return Shown(
        state=state,
        word=word(state)[0],
        tone=word(state)[1],
        is_final=is_final,
        done=expected - status["waiting"],
        expected=expected,
        terms=_terms(status),
        actions=_ACTIONS.get(state, ()),
        ends_at=None if warnings else _end(status, now),
        warnings=warnings,
        started_at=_time(status["started_at"]),
        finished_at=_time(status["finished_at"]),
        scheduled_at=_time(status["scheduled_at"]),
        pilot=_pilot(status["pilot"], state),
        acts=tuple(act | {"at": _time(act["at"])} for act in status["requeues"]),
    )


def word(state: str) -> tuple[str, str]:
    """A delivery's state as people say it, and the tone of its badge."""
    return _WORDS[state]


def duration(span: timedelta) -> str:
    """A span in words: "under a second", "42 s", "3 min 20 s", "2 h 5 min"."""
    seconds = int(span.total_seconds())
    if seconds < 1:
        return "under a second"
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def rough(span: timedelta) -> str:
    """A span to plan with: "1 minute", "12 minutes", "2 h 5 min", "3 days"."""
    minutes = max(math.ceil(span.total_seconds() / 60), 1)
    if minutes < 60:
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 48 * 60 else f"{round(minutes / 1440)} days"


def _terms(status: Mapping[str, Any]) -> tuple[Term, ...]:
    counts = status["counts"]
    waiting = {name: counts.get(name, 0) for name in ("pending", "claimed", "attempting", "deferred")}
    return (
        Term("accepted", status["accepted"], "taken over by the relay"),
        Term("excluded", status["excluded_total"], "not to be mailed", _parts(status["excluded"])),
        Term("failed", status["failed"], "refused for good", _parts(status["failed_reasons"])),
        Term("unknown", status["unknown"], "connection broke before the answer"),
        Term("waiting", status["waiting"], "still to be sent", _parts(waiting)),
    )


def _parts(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(((name, count) for name, count in counts.items() if count), key=lambda part: -part[1]))


def _pilot(pilot: Mapping[str, Any] | None, state: str) -> PilotShown | None:
    if pilot is None:
        return None
    words = {
        "accepted": "accepted",
        "bounced": "bounced",
        "complaints": "complained",
        "deferred": "put off",
        "trouble": "in doubt",
        "untried": "still to be sent",
    }
    always = ("accepted", "bounced", "complaints")
    return PilotShown(
        size=pilot["size"],
        is_released=pilot["released_at"] is not None,
        needs_person=state == "holding" and pilot["hold_until"] is None,
        parts=tuple((said, pilot[name]) for name, said in words.items() if pilot[name] or name in always),
        hold_until=_time(pilot["hold_until"]),
        released_at=_time(pilot["released_at"]),
        released_by=pilot["released_by"],
    )


def _end(status: Mapping[str, Any], now: datetime) -> datetime | None:
    predicted = _time(status.get("predicted_end"))
    return predicted if status["state"] == "sending" and predicted is not None and predicted > now else None


def _time(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
