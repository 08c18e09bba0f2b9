"""Judge a delivery: `python -m tests.faults.check ISSUE --log SINK.LOG`, with DATABASE_URL as for any command.

Joins the log of a sink (tests/sink.py) with the ledger and prints a line for each invariant; exit 1 when one is broken.
What it cannot know is told: unsubscriptions (JSON lines {"address", "at"}), the rate of the relay, the most messages
in flight at all faults together, and the time the delivery took and was allowed.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from curator.db.session import transaction
from curator.delivery.plan import delivery_of
from tests.faults.evidence import collect
from tests.faults.invariants import Leave, verdict


def main() -> int:
    """Collect, evaluate, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("issue", type=int)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--leaves", type=Path)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--in-flight", type=int, default=0)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--allowed-seconds", type=float)
    chosen = parser.parse_args()
    leaves = [Leave(**line) for line in read_lines(chosen.leaves)] if chosen.leaves else []
    with transaction() as session:
        evidence = collect(
            session,
            delivery_of(session, chosen.issue).id,
            read_lines(chosen.log),
            leaves=leaves,
            rate=chosen.rate,
            in_flight=chosen.in_flight,
            seconds=chosen.seconds,
            allowed_seconds=chosen.allowed_seconds,
        )
    found = verdict(evidence)
    print(found.table())
    print(found.broken())
    return 0 if found.is_clean else 1


def read_lines(path: Path) -> list[dict[str, Any]]:
    """A file with a JSON document on each line."""
    return [json.loads(line) for line in path.read_text().splitlines()]


if __name__ == "__main__":
    sys.exit(main())
