"""How fast the product sends, as ratios in one run: to Postfix's smtp-source, to smtplib, and of two workers to one.

Ours is the whole product: Celery workers, ledger with marker, tokens, links and headers of each reader. smtp-source is
a load generator in C that keeps no account; it drives the same smtp-sink with the same size of message and number of
sessions, in turns with ours. Needs smtp-source and smtp-sink (Debian: postfix); without them the rest is measured.

    python -m bench.delivery --readers 100000 --pairs 3          # about 6 minutes
    python -m bench.delivery --only workers                      # 1 worker, 2 workers, a relay that takes 50 ms
    python -m bench.delivery --only memory                       # 1,000 readers, then 1,000,000
"""

import argparse
import json
import os
import shutil
import smtplib
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from bench.stack import Stack

PARTS = ("pairs", "workers", "memory")
NAIVE_MESSAGES = 500
LATENCY = 0.05
_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"


def main() -> None:
    """Run what was asked for and print one JSON line a measurement, then the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=100_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32, help="of one worker; smtp-source gets as many as all")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=PARTS)
    asked = parser.parse_args()
    wanted = [asked.only] if asked.only else ["pairs", "workers"]
    if "pairs" in wanted:
        pairs(asked.readers, asked.pairs, asked.connections, asked.workers)
    if "workers" in wanted:
        one_and_two_workers(asked.pairs)
    if "memory" in wanted:
        memory(asked.connections)


def pairs(readers: int, rounds: int, connections: int, workers: int) -> None:
    """Ours and smtp-source in turns into one smtp-sink, then smtplib."""
    sessions = connections * workers
    with Stack() as stack, _sink() as port:
        found = []
        for number in range(rounds):
            size = prepare(f"pair{number}", readers, port, connections)
            result = {"bytes": size, **send(stack, workers), "naive_per_second": round(naive(port, size))}
            if c := smtp_source(port, readers, size, sessions):
                result |= {"smtp_source_per_second": round(c), "ratio": round(result["per_second"] / c, 3)}
            result["ratio_naive"] = round(result["per_second"] / result["naive_per_second"], 1)
            found.append(result)
            print(json.dumps(result), flush=True)
    for name in ("ratio", "ratio_naive", "cpu_seconds_per_1000"):
        values = [result[name] for result in found if name in result]
        print(f"median {name}: {statistics.median(values) if values else 'not measured (no smtp-source)'}", flush=True)


def one_and_two_workers(rounds: int, connections: int = 8, readers: int = 3_000) -> None:
    """The same delivery by one worker and by two, into a sink that thinks 50 ms about every message."""
    with Stack() as stack, _slow_sink() as port:
        found = []
        for number in range(rounds):
            rates = {}
            for workers in (1, 2):
                prepare(f"slow{number}-{workers}", readers, port, connections)
                rates[workers] = send(stack, workers)["per_second"]
            found.append(rates[2] / rates[1])
            print(json.dumps({"one": rates[1], "two": rates[2], "ratio": round(found[-1], 3)}), flush=True)
    print(f"median ratio of 2 workers to 1 with {LATENCY * 1000:.0f} ms a message: {statistics.median(found):.2f}")


def memory(connections: int) -> None:
    """What a worker process has in memory at most, after 1,000 readers and after 1,000,000."""
    with Stack() as stack, _sink() as port:
        for readers in (1_000, 1_000_000):
            prepare(f"many{readers}", readers, port, connections)
            result = send(stack, 1, and_memory=True)
            print(json.dumps({"readers": readers, **result}), flush=True)


def prepare(slug: str, readers: int, port: int, connections: int) -> int:
    """A newsletter with so many readers and an issue of twelve items, frozen. The size of one message in bytes."""
    from curator.db.session import transaction
    from curator.delivery.freeze import freeze
    from curator.delivery.plan import send_issue
    from curator.delivery.relays import set_relay
    from curator.delivery.work import load_work
    from curator.issues.compose import add_item, create_issue
    from curator.issues.newsletters import create_newsletter
    from curator.settings import get_settings
    from tests.delivery.cast import add_crowd, any_claim
    from tests.issues.rows import an_article

    settings = get_settings()
    with transaction() as session:
        newsletter = create_newsletter(session, slug, name="Bench", from_address="bench@example.org")
        issue = create_issue(session, newsletter.id, "Bench")
        for place in range(12):
            article = an_article(session, newsletter, f"{slug}-{place}")
            add_item(session, issue.id, article.id, issue.sections[0].name, "Een zin over dit artikel. " * 4)
        add_crowd(session, newsletter, readers)
        set_relay(session, "default", host="127.0.0.1", port=port, security="none", connections=connections)
        delivery = send_issue(session, issue.id, by="bench", now=True, settings=settings)
        session.info.pop("after_commit")  # no worker yet
        assert freeze(session, delivery.id, settings)
        session.info.pop("after_commit")
    with transaction() as session:
        work = load_work(session, delivery.id, settings)
        assert work is not None
        return len(work.message(any_claim()))


def send(stack: Stack, workers: int, *, and_memory: bool = False) -> dict[str, Any]:
    """The newest delivery, from the ring to `sent`: messages a second and CPU of everything of ours."""
    from sqlalchemy import select

    from curator.db.session import transaction
    from curator.delivery.ledger import delivery_status
    from curator.delivery.models import Delivery, DeliveryState
    from curator.doorbell import ring_now

    with transaction() as session:
        delivery_id, issue_id = session.execute(
            select(Delivery.id, Delivery.issue_id).order_by(Delivery.id.desc()).limit(1)
        ).one()
        session.connection().exec_driver_sql("UPDATE delivery SET state = 'paused' WHERE state = 'sending'")
    stack.start_workers(workers)
    try:
        time.sleep(3)  # started and quiet
        with transaction() as session:
            session.get_one(Delivery, delivery_id).state = DeliveryState.SENDING
        before, started = stack.cpu_seconds(), time.perf_counter()
        for _ in range(workers):
            ring_now("delivery.slice", delivery_id)
        while True:
            with transaction() as session:
                if session.get_one(Delivery, delivery_id).state is DeliveryState.SENT:
                    break
            time.sleep(0.02)
        seconds, cpu = time.perf_counter() - started, stack.cpu_seconds() - before
        peak = {"worker_megabytes": stack.worker_memory() // 2**20} if and_memory else {}
    finally:
        stack.stop_workers()
    with transaction() as session:
        status = delivery_status(session, issue_id)
    assert status["accepted"] == status["candidates"], status
    readers = status["candidates"]
    return {
        "per_second": round(readers / seconds),
        "cpu_seconds_per_1000": round(cpu / readers * 1000, 3),
        **peak,
    }


def smtp_source(port: int, messages: int, size: int, sessions: int) -> float | None:
    """Messages a second of Postfix's load generator; None where there is none."""
    command = shutil.which("smtp-source", path=_PATH)
    if command is None:
        return None
    started = time.perf_counter()
    subprocess.run(
        [command, "-s", str(sessions), "-m", str(messages), "-l", str(size), "-f", "bench@example.org",
         "-t", "reader@example.org", f"127.0.0.1:{port}"],
        check=True,
    )  # fmt: skip
    return messages / (time.perf_counter() - started)


def naive(port: int, size: int) -> float:
    """Messages a second of smtplib with an EmailMessage per reader, as most programs send."""
    words = "Een zin over dit artikel. " * (size // 52)
    started = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as connection:
        for reader in range(NAIVE_MESSAGES):
            message = EmailMessage()
            message["From"], message["To"], message["Subject"] = "bench@example.org", f"r{reader}@example.org", "Bench"
            message.set_content(f"{reader} {words}")
            message.add_alternative(f"<p>{reader} {words}</p>", subtype="html")
            connection.send_message(message)
    return NAIVE_MESSAGES / (time.perf_counter() - started)


@contextmanager
def _sink() -> Iterator[int]:
    """Postfix's smtp-sink, or where there is none the one of our tests; the port."""
    command = shutil.which("smtp-sink", path=_PATH)
    if command is None:
        with _slow_sink(0.0) as port:
            yield port
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [command, "-u", "nobody", f"127.0.0.1:{port}", "1000"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        yield port
    finally:
        process.kill()
        process.wait()


@contextmanager
def _slow_sink(delay: float = LATENCY) -> Iterator[int]:
    faults = json.dumps({"delay": delay})
    command = [sys.executable, "-m", "tests.sink", "--faults", faults]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit("smtp-sink does not listen")


if __name__ == "__main__":
    main()
