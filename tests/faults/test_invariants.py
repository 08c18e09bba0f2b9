"""The judge himself: clean evidence passes, and each invariant is found broken, by name, when it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from curator.settings import Settings
from tests.faults import check
from tests.faults.cast import a_delivery
from tests.faults.evidence import collect
from tests.faults.invariants import INVARIANTS, Evidence, Leave, Row, busiest, verdict
from tests.faults.laboratory import send_until_done
from tests.sink import Sink

READERS = 6
CANDIDATES = {"candidates": READERS, "accepted": 4, "excluded": 1, "failed": 0, "unknown": 1, "waiting": 0}


def row(number: int, state: str = "accepted", **other: Any) -> Row:
    values = {
        "id": number,
        "address": f"r{number}@d.example",
        "name": f"Lezer{number}x",
        "subscription": number + 100,
        "message_id": f"<{number}@example.org>",
        "is_individual": False,
        "state": state,
        "reason": "" if state == "accepted" else "a reason",
        "marked_at": 1000.0 + number,
    }
    return Row(**values | other)


def entry(number: int, **other: Any) -> dict[str, Any]:
    values = {
        "recipient": f"r{number}@d.example",
        "to": f"r{number}@d.example",
        "message_id": f"<{number}@example.org>",
        "tokens": [[2, number, 9], [3, number + 100, number], [8, 0, 9]],
        "names": [f"Lezer{number}x"],
        "body": "b",
        "began": 1000.0 + number,
        "at": 1000.1 + number,
    }
    return values | other


def evidence() -> Evidence:
    """Four accepted, one in doubt that arrived, one who left before."""
    rows = [row(n) for n in range(4)] + [row(4, "unknown"), row(5, "suppressed", marked_at=None)]
    return Evidence(
        rows=rows,
        log=[entry(n) for n in range(5)],
        state="sent",
        expected=READERS,
        numbers={"the page": dict(CANDIDATES)},
        exported=[
            {"message_id": r.message_id, "state": r.state, "address": r.address, "reason": r.reason} for r in rows
        ],
        leaves=[Leave("r5@d.example", 900.0), Leave("r0@d.example", 1000.05)],
        in_flight=1,
        rate=10.0,
        seconds=5.0,
        allowed_seconds=60.0,
    )


def lose_one(e: Evidence) -> None:
    del e.log[2]


def mail_twice(e: Evidence) -> None:
    e.log.append(entry(1))


def hide_one(e: Evidence) -> None:
    e.log.append(entry(5))


def wait_for_ever(e: Evidence) -> None:
    e.rows[3] = row(3, "deferred")
    del e.log[3]


def miscount(e: Evidence) -> None:
    e.numbers["the page"]["accepted"] += 1


def forget_one_in_the_export(e: Evidence) -> None:
    del e.exported[0]


def expect_more(e: Evidence) -> None:
    e.expected = READERS + 1


def doubt_too_much(e: Evidence) -> None:
    e.in_flight = 0


def leave_it_unnamed(e: Evidence) -> None:
    e.exported[4]["reason"] = ""


def mail_who_left(e: Evidence) -> None:
    e.leaves.append(Leave("r3@d.example", 1002.9))


def take_long_over_who_left(e: Evidence) -> None:
    e.leaves.append(Leave("r3@d.example", 1003.0))
    e.log[3]["at"] = 1009.0


def mail_a_stranger(e: Evidence) -> None:
    e.log.append(entry(7))


def swap_addresses(e: Evidence) -> None:
    e.log[0]["recipient"], e.log[1]["recipient"] = e.log[1]["recipient"], e.log[0]["recipient"]


def swap_tokens(e: Evidence) -> None:
    e.log[0]["tokens"], e.log[1]["tokens"] = e.log[1]["tokens"], e.log[0]["tokens"]


def swap_names(e: Evidence) -> None:
    e.log[0]["names"], e.log[1]["names"] = e.log[1]["names"], e.log[0]["names"]


def stay_unfinished(e: Evidence) -> None:
    e.state = "sending"


def take_too_long(e: Evidence) -> None:
    e.seconds = 61.0


def change_the_body(e: Evidence) -> None:
    e.log[2]["body"] = "c"


def burst(e: Evidence) -> None:
    e.log += [
        {"fault": "close", "phase": "rcpt", "recipient": "r1@d.example", "began": 1000 + n / 100} for n in range(13)
    ]


BROKEN = {
    lose_one: {"I1", "I3"},
    mail_twice: {"I2", "I3"},
    hide_one: {"I4", "I7"},
    wait_for_ever: {"I1", "I5", "I10"},
    miscount: {"I5"},
    forget_one_in_the_export: {"I5"},
    expect_more: {"I5"},
    doubt_too_much: {"I6"},
    leave_it_unnamed: {"I6"},
    mail_who_left: {"I7"},
    take_long_over_who_left: {"I7"},
    mail_a_stranger: {"I8", "I9"},
    swap_addresses: {"I9"},
    swap_tokens: {"I9"},
    swap_names: {"I9"},
    stay_unfinished: {"I10"},
    take_too_long: {"I10"},
    change_the_body: {"I11"},
    burst: {"I12"},
}


def test_clean_evidence_breaks_nothing() -> None:
    found = verdict(evidence())
    assert found.is_clean, found.broken()
    assert len(found) == 12


@pytest.mark.parametrize("spoil", BROKEN, ids=lambda spoil: spoil.__name__)
def test_what_is_broken_is_found(spoil: Callable[[Evidence], None]) -> None:
    spoilt = evidence()
    spoil(spoilt)
    found = verdict(spoilt)
    assert {name.partition(" ")[0] for name, findings in found.items() if findings} == BROKEN[spoil]
    assert not found.is_clean and found.broken()


def test_every_invariant_can_be_broken() -> None:
    assert set().union(*BROKEN.values()) == {name.partition(" ")[0] for name in INVARIANTS}


def test_a_doubt_of_the_sink_is_allowed_for() -> None:
    doubtful = evidence()
    doubtful.in_flight = 0
    doubtful.log.append({"fault": "close", "phase": "after", "recipient": "r4@d.example"})
    assert verdict(doubtful).is_clean


def test_the_fullest_window() -> None:
    assert busiest([0.0, 0.9, 1.0, 1.1, 5.0], 1.0) == (3, 0.9)


def test_the_evidence_of_a_real_delivery(
    committed: Session, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every source is read, tokens and names are seen, and the program comes to the same end."""
    with Sink(tmp_path / "log") as sink:
        delivery = a_delivery(committed, settings, READERS, sink.port)
        send_until_done(committed, delivery, settings)
    found = collect(committed, delivery.id, sink.lines(), rate=1000.0)
    assert verdict(found).is_clean, verdict(found).broken()
    assert set(found.numbers) == {"deliveries show", "the page"}
    assert all(numbers["candidates"] == READERS for numbers in found.numbers.values())
    assert all({purpose for purpose, _, _ in each["tokens"]} >= {3, 4} for each in found.taken)
    assert {each["names"][0] for each in found.taken} == {row.name for row in found.rows}
    assert {each.is_individual for each in found.rows} == {True, False}
    words = ["check", str(delivery.issue_id), "--log", str(tmp_path / "log"), "--rate", "1000"]
    monkeypatch.setattr("sys.argv", words)
    assert check.main() == 0
    with (tmp_path / "log").open("a") as log:
        log.write((tmp_path / "log").read_text().splitlines()[0] + "\n")
    assert check.main() == 1
