"""How closely a relay's rate is kept: 1, 2 and 4 sending processes, a relay that answers after 0, 50 and 200 ms.

Every process sends slice after slice like a worker does. Counted is what the sink accepted, by its own clock, without
the first two seconds: `ratio` is achieved/asked, then the most in any window of 1 s and of 60 s beside what is allowed.
`starved` is the share of the time in which something on the machine waited for a processor (Linux's pressure): a row
with much of it tells of the machine, not of the pace. The last rows: more than a minute of one cell, for its window; a
worker killed and replaced; Valkey emptied.

    python -m bench.pace --rate 100 --seconds 20
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

SLICES = (
    "import sys; from curator.settings import get_settings; from curator.delivery.engine import run_slice\n"
    "while True: run_slice(int(sys.argv[1]), settings=get_settings(), should_stop=lambda: False)"
)
SETTLING = 2.0
_numbers = count()


def main() -> None:
    """Start servers, run every cell, print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--only", help="one cell: WORKERS,MILLISECONDS")
    parser.add_argument("--table", action="store_true", help="without the last rows")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="curator-bench-") as folder:
        Path(folder).chmod(0o711)
        run(Path(folder), chosen.rate, chosen.seconds, only=chosen.only, table_only=chosen.table)


def run(folder: Path, rate: float, seconds: float, *, only: str | None, table_only: bool) -> None:
    """All cells on servers of their own."""
    from curator.db.upgrade import upgrade
    from curator.embedded.postgres import Postgres
    from curator.embedded.valkey import Valkey

    postgres, valkey = Postgres(folder), Valkey(folder)
    try:
        valkey.start()
        postgres.start()
        postgres.wait()
        valkey.wait()
        os.environ |= {"DATABASE_URL": postgres.url, "REDIS_URL": valkey.url, "CURATOR_HOME": str(folder)}
        upgrade(postgres.url)
        print("workers  latency  starved  ratio  most in 1 s  most in 60 s (allowed)", flush=True)
        if only:
            wanted, milliseconds = only.split(",")
            return cell(folder, rate, seconds, int(wanted), float(milliseconds) / 1000)
        for workers in (1, 2, 4):
            for latency in (0.0, 0.05, 0.2):
                cell(folder, rate, seconds, workers, latency)
        if table_only:
            return None
        cell(folder, rate, 65, 2, 0.05, note="long")
        cell(folder, rate, seconds, 2, 0.05, note="a worker killed, another started", trouble=replace_one)
        cell(folder, rate, seconds, 2, 0.05, note="Valkey emptied in the middle", trouble=empty_redis)
    finally:
        postgres.stop()
        valkey.stop()


def cell(
    folder: Path,
    rate: float,
    seconds: float,
    workers: int,
    latency: float,
    note: str = "",
    trouble: Callable[[list["subprocess.Popen[bytes]"], int, float], None] | None = None,
) -> None:
    """One delivery, never finished, by this many processes for this long; prints what the sink saw."""
    log = folder / f"sink-{next(_numbers)}"
    faults = json.dumps({"delay": latency})
    sink = subprocess.Popen(
        [sys.executable, "-m", "tests.sink", "--log", str(log), "--faults", faults], stdout=subprocess.PIPE, text=True
    )
    senders: list[subprocess.Popen[bytes]] = []
    try:
        assert sink.stdout is not None
        delivery_id = a_delivery(int(sink.stdout.readline()), rate, int(rate * (seconds + 10)), workers)
        senders += [start(delivery_id) for _ in range(workers)]
        while not (log.exists() and log.stat().st_size):
            time.sleep(0.05)
        ends_at, waited = time.monotonic() + SETTLING + seconds, _waited()
        if trouble is not None:
            trouble(senders, delivery_id, ends_at)
        time.sleep(max(ends_at - time.monotonic(), 0))
        starved = (_waited() - waited) / (SETTLING + seconds)
        if died := [process.pid for process in senders if process.poll() is not None and process.returncode != -9]:
            note += f" {len(died)} senders ended by themselves: " + (folder / "senders.log").read_text()[-2000:]
    finally:
        for process in (*senders, sink):
            process.kill()
            process.wait()
    times = sorted(json.loads(line)["at"] for line in log.read_text().splitlines())
    say(times, rate, seconds, f"{workers:7}  {latency * 1000:4.0f} ms  {starved:7.0%}", note)


def say(times: list[float], rate: float, seconds: float, head: str, note: str) -> None:
    """One line of the table."""
    first, span = times[0] + SETTLING, seconds - 1
    # Averaged over where the count begins: a clump at an edge is no rate.
    counts = [sum(first + part <= at < first + part + span for at in times) for part in (n / 20 for n in range(20))]
    ratio = sum(counts) / len(counts) / (rate * span)
    in_minute = f"{most_within(times, 60)} ({60 * rate:.0f})" if times[-1] - times[0] > 60 else "-"
    print(f"{head}  {ratio:.3f}  {most_within(times, 1):4} ({rate:.0f})  {in_minute}  {note}", flush=True)


def replace_one(senders: list["subprocess.Popen[bytes]"], delivery_id: int, ends_at: float) -> None:
    """Kill a sender in the middle and start another."""
    time.sleep(max((ends_at - time.monotonic()) / 2, 0))
    senders[0].kill()
    senders.append(start(delivery_id))


def empty_redis(senders: list["subprocess.Popen[bytes]"], delivery_id: int, ends_at: float) -> None:
    """Forget everything: it costs a second."""
    import redis

    time.sleep(max((ends_at - time.monotonic()) / 2, 0))
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.flushall()


def start(delivery_id: int) -> "subprocess.Popen[bytes]":
    """A process that sends slice after slice."""
    with Path(os.environ["CURATOR_HOME"], "senders.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-c", SLICES, str(delivery_id)], stdout=log, stderr=log)


def a_delivery(port: int, rate: float, readers: int, workers: int) -> int:
    """A delivery that is sending, over as many connections as a latency of 200 ms needs."""
    from curator.db.session import transaction
    from curator.delivery.freeze import freeze
    from curator.delivery.plan import send_issue
    from curator.delivery.relays import set_relay
    from curator.issues.compose import add_item, create_issue
    from curator.issues.newsletters import create_newsletter
    from curator.settings import get_settings
    from tests.delivery.cast import add_readers
    from tests.issues.rows import an_article

    settings, number = get_settings(), next(_numbers)
    with transaction() as session:
        newsletter = create_newsletter(session, f"bench{number}", name="Bench", from_address="bench@example.org")
        issue = create_issue(session, newsletter.id, "Bench")
        article = an_article(session, newsletter, str(number))
        add_item(session, issue.id, article.id, issue.sections[0].name, "Een zin over dit artikel.")
        add_readers(session, settings, newsletter, [f"r{number}-{reader}@example.org" for reader in range(readers)])
        lines = max(int(rate * 0.2 * 2.0 / workers), 4)
        set_relay(session, "default", host="127.0.0.1", port=port, security="none", connections=lines, rate=rate)
        delivery = send_issue(session, issue.id, by="bench", now=True, settings=settings)
        assert freeze(session, delivery.id, settings)
    return delivery.id


def _waited() -> float:
    """Seconds in which something waited for a processor, since the start of the machine; 0 where nobody counts."""
    pressure = Path("/proc/pressure/cpu")
    return int(pressure.read_text().split("total=")[1].split()[0]) / 1e6 if pressure.exists() else 0.0


def most_within(times: list[float], seconds: float) -> int:
    """The most of these in any window of this length."""
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


if __name__ == "__main__":
    main()
