"""The twelve invariants of a delivery, each as a question to the evidence; the answer names the rows that offend.

The evidence is what an independent sink accepted, what the ledger says, and what a scenario saw. Pure: nothing here
asks a server. S(r) is how often the sink accepted the message of row r, st(r) the row's state.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from tests.sink_faults import DOUBTFUL, MANNERS

MAY_HAVE_NONE = {"rejected", "suppressed", "cancelled", "unknown"}
FINAL = MAY_HAVE_NONE | {"accepted"}
TERMS = {
    "accepted": {"accepted"},
    "excluded": {"suppressed", "cancelled"},
    "failed": {"rejected"},
    "unknown": {"unknown"},
}
"""The terms of the sum and their states; every other state is `waiting`."""

TOLERANCE = 0.02
"""Of a rate, as promised."""

JITTER_SECONDS = 0.1
"""How late a message may reach the sink after its turn on a busy machine: that much of a rate may bunch in a window."""

FLIGHT_SECONDS = 5.0
"""Longest time from the marker to the sink's `at` for somebody whose worker was not stopped in between."""


class Row(NamedTuple):
    """A row of the ledger. `marked_at` is in seconds; `subscription` None for somebody who was erased."""

    id: int
    address: str
    name: str
    subscription: int | None
    message_id: str
    is_individual: bool
    state: str
    reason: str
    marked_at: float | None


class Leave(NamedTuple):
    """An unsubscription (or erasure) of the reader with this address, committed at or before `at` (seconds)."""

    address: str
    at: float


@dataclass
class Evidence:
    """Everything known about one delivery, whose sink log is its own.

    `numbers` are the terms of the sum by source (page, api), `exported` the rows of the export. `in_flight`: the most
    transactions in flight at all faults that are not the sink's own. `stopped_seconds`: the longest stop of a worker.
    """

    rows: list[Row]
    log: list[dict[str, Any]]
    state: str
    expected: int | None
    numbers: dict[str, dict[str, int]]
    exported: list[dict[str, Any]]
    leaves: list[Leave] = field(default_factory=list)
    in_flight: int = 0
    stopped_seconds: float = 0.0
    rate: float | None = None
    seconds: float | None = None
    allowed_seconds: float | None = None

    @cached_property
    def taken(self) -> list[dict[str, Any]]:
        """The messages the sink accepted."""
        return [line for line in self.log if "fault" not in line]

    @cached_property
    def by_id(self) -> dict[str, Row]:
        """The rows by Message-ID."""
        return {row.message_id: row for row in self.rows}

    @cached_property
    def times(self) -> Counter[str]:
        """S(r) by Message-ID."""
        return Counter(entry["message_id"] for entry in self.taken)

    def doubts_of_the_sink(self) -> int:
        """Transactions the sink itself left without an answer that can be read."""
        return sum(
            line["phase"] in DOUBTFUL and not line["fault"][:1].isdigit() and line["fault"] not in MANNERS[:3]
            for line in self.log
            if "fault" in line
        )


Finding = Iterator[str]


def no_silent_loss(e: Evidence) -> Finding:
    """I1: S(r) ≥ 1, or the ledger says why not."""
    for row in e.rows:
        if not e.times[row.message_id] and row.state not in MAY_HAVE_NONE:
            yield f"{_told(row)} never reached the sink"


def no_duplicate(e: Evidence) -> Finding:
    """I2: S(r) ≤ 1, by Message-ID and by address."""
    for message_id, times in e.times.items():
        if times > 1:
            yield f"{_told(e.by_id.get(message_id), message_id)} was accepted {times} times"
    for address, times in Counter(entry["recipient"] for entry in e.taken).items():
        if times > 1:
            yield f"{address} received {times} messages"


def no_false_success(e: Evidence) -> Finding:
    """I3: accepted means S(r) = 1."""
    for row in e.rows:
        if row.state == "accepted" and e.times[row.message_id] != 1:
            yield f"{_told(row)}, but the sink accepted it {e.times[row.message_id]} times"


def no_hidden_delivery(e: Evidence) -> Finding:
    """I4: what the sink accepted is accepted or unknown in the ledger."""
    for row in e.rows:
        if e.times[row.message_id] and row.state not in ("accepted", "unknown"):
            yield f"{_told(row)}, but the sink accepted it"


def closure(e: Evidence) -> Finding:
    """I5: Σ states = |A| = page = API = export."""
    if e.expected != len(e.rows):
        yield f"{e.expected} were expected, the ledger has {len(e.rows)} rows"
    sums = terms_of(Counter(row.state for row in e.rows))
    for source, numbers in e.numbers.items():
        if numbers != sums:
            yield f"{source} says {numbers}, the ledger {sums}"
    exported = {(each["message_id"], each["state"]) for each in e.exported}
    rows = {(row.message_id, row.state) for row in e.rows}
    if len(e.exported) != len(e.rows):
        yield f"the export has {len(e.exported)} rows, the ledger {len(e.rows)}"
    yield from (f"{each} is in the ledger and not in the export" for each in sorted(rows - exported))
    yield from (f"{each} is in the export and not in the ledger" for each in sorted(exported - rows))


def bounded_doubt(e: Evidence) -> Finding:
    """I6: no more unknown than were in flight at the faults, each with its name and the reason."""
    unknown = [row for row in e.rows if row.state == "unknown"]
    bound = e.in_flight + e.doubts_of_the_sink()
    if len(unknown) > bound:
        names = ", ".join(row.address for row in unknown[:20])
        yield f"{len(unknown)} unknown, at most {bound} were in flight: {names}"
    named = {each["message_id"] for each in e.exported if each["address"] and each["reason"]}
    yield from (f"{_told(row)} is not named with a reason" for row in unknown if row.message_id not in named)


def no_mail_after_opt_out(e: Evidence) -> Finding:
    """I7: unsubscribed before the marker means S(r) = 0. By the ledger's times, and by the sink's."""
    rows, at = {row.address: row for row in e.rows}, {entry["message_id"]: entry["at"] for entry in e.taken}
    for leave in e.leaves:
        row = rows.get(leave.address)
        if row is None or row.message_id not in at:
            continue
        if row.marked_at is None or row.marked_at > leave.at:
            yield f"{_told(row)} left at {leave.at:.3f}, was marked at {row.marked_at} and accepted by the sink"
        elif at[row.message_id] > leave.at + FLIGHT_SECONDS + e.stopped_seconds:
            yield f"{_told(row)} left {at[row.message_id] - leave.at:.1f} s before the sink accepted it"


def no_stranger(e: Evidence) -> Finding:
    """I8: whom the sink saw is in the audience."""
    audience = {row.address for row in e.rows}
    for entry in e.taken:
        if entry["recipient"] not in audience or entry["message_id"] not in e.by_id:
            yield f"{entry['recipient']} with {entry['message_id']} is nobody of this delivery"


def no_mix_up(e: Evidence) -> Finding:
    """I9: envelope = To = owner of every token = owner of the name, for every message."""
    for entry in e.taken:
        row = e.by_id.get(entry["message_id"])
        if row is None:
            yield f"{entry['recipient']} has the Message-ID {entry['message_id']} of nobody"
        elif not entry["recipient"] == entry["to"] == row.address:
            yield f"{_told(row)} went to {entry['recipient']} with To: {entry['to']}"
        elif strange := [token for token in entry["tokens"] if not _owns(row, *token)]:
            yield f"{_told(row)} carries tokens of somebody else: {strange}"
        elif any(name not in row.name for name in entry["names"]):
            yield f"{_told(row)} is called {entry['names']}, not {row.name}"


def progress(e: Evidence) -> Finding:
    """I10: everything is decided, in time."""
    waiting = [row for row in e.rows if row.state not in FINAL]
    yield from (f"{_told(row)} is not decided" for row in waiting)
    if e.state not in ("sent", "cancelled"):
        yield f"the delivery is {e.state}"
    if e.seconds is not None and e.allowed_seconds is not None and e.seconds > e.allowed_seconds:
        yield f"it took {e.seconds:.0f} s, {e.allowed_seconds:.0f} s were allowed"


def content_frozen(e: Evidence) -> Finding:
    """I11: one body for each kind of reader."""
    bodies: dict[bool, dict[str, str]] = defaultdict(dict)
    for entry in e.taken:
        if (row := e.by_id.get(entry["message_id"])) is not None:
            bodies[row.is_individual].setdefault(entry["body"], row.address)
    for kind, found in bodies.items():
        if len(found) > 1:
            readers = "with links of their own" if kind else "with common links"
            yield f"{len(found)} bodies for readers {readers}: {', '.join(list(found.values())[:20])}"


def limits(e: Evidence) -> Finding:
    """I12: no window of 1 s or 60 s has more messages than the relay's rate allows, those that failed included."""
    if e.rate is None:
        return
    began = sorted({line["began"] for line in e.log if line.get("began")})
    for seconds in (1.0, 60.0):
        most = e.rate * (seconds * (1 + TOLERANCE) + JITTER_SECONDS) + 1
        count, at = busiest(began, seconds)
        if count > most:
            yield f"{count} messages in {seconds:.0f} s from {at:.3f}, at most {most:.0f} are allowed"


INVARIANTS = {
    "I1 no silent loss": no_silent_loss,
    "I2 no duplicate": no_duplicate,
    "I3 no false success": no_false_success,
    "I4 no hidden delivery": no_hidden_delivery,
    "I5 closure": closure,
    "I6 bounded doubt": bounded_doubt,
    "I7 no mail after opt-out": no_mail_after_opt_out,
    "I8 no stranger": no_stranger,
    "I9 no mix-up": no_mix_up,
    "I10 progress": progress,
    "I11 content frozen": content_frozen,
    "I12 limits": limits,
}


class Verdict(dict[str, list[str]]):
    """The findings by invariant; empty lists are good news."""

    @property
    def is_clean(self) -> bool:
        """Does every invariant hold?"""
        return not any(self.values())

    def broken(self, most: int = 10) -> str:
        """The broken invariants with their first findings, for a failing assertion."""
        lines: list[str] = []
        for name, found in self.items():
            lines += [f"{name}: {each}" for each in found[:most]]
            lines += [f"{name}: and {len(found) - most} more"] if len(found) > most else []
        return "\n".join(lines)

    def table(self) -> str:
        """A line for each invariant."""
        return "\n".join(f"{name:<26} {f'BROKEN ({len(found)})' if found else 'holds'}" for name, found in self.items())


def verdict(evidence: Evidence, without: Iterable[str] = ()) -> Verdict:
    """Every invariant evaluated; `without` names some by number ("I10") that make no sense yet."""
    skipped = set(without)
    asked = {name: ask for name, ask in INVARIANTS.items() if name.partition(" ")[0] not in skipped}
    return Verdict({name: list(ask(evidence)) for name, ask in asked.items()})


def terms_of(counts: Mapping[str, int]) -> dict[str, int]:
    """The terms of the sum from counts by state."""
    terms = {term: sum(counts.get(state, 0) for state in states) for term, states in TERMS.items()}
    candidates = sum(counts.values())
    return {"candidates": candidates, **terms, "waiting": candidates - sum(terms.values())}


def busiest(times: list[float], seconds: float) -> tuple[int, float]:
    """How many of the sorted times fall in the fullest window of `seconds`, and when that begins."""
    most, start = 0, 0.0
    for index, at in enumerate(times):
        count = bisect_left(times, at + seconds) - index
        if count > most:
            most, start = count, at
    return most, start


def _owns(row: Row, purpose: int, a: int, b: int) -> bool:
    """Does this token speak of the row? The purposes are those of curator/tokens.py."""
    if purpose in (1, 2):  # open, click
        return a == row.id
    if purpose in (3, 4):  # leave, preferences
        return b == row.id and row.subscription in (None, a)
    return a == 0


def _told(row: Row | None, message_id: str = "") -> str:
    return f"{row.address} ({row.state}, message {row.id})" if row else f"the message {message_id}"
