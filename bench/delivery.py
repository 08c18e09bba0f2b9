"""How fast the product sends, beside the way most programs do it, in one run on one machine.

Ours: one slice of a real delivery, with ledger, marker, tokens and per-reader links, over a relay of `--connections`
lines. Naive: smtplib and an EmailMessage per reader, one connection. Both into the same sink, another process that
takes everything and keeps nothing. Prints messages a second of each pair and the median ratio.

    python -m bench.delivery --readers 5000 --pairs 3
"""

import argparse
import json
import os
import resource
import smtplib
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from email.message import EmailMessage
from pathlib import Path

NAIVE_SHARE = 20
"""The naive way gets this many times fewer messages: it is only a rate we want from it."""


def main() -> None:
    """Start servers and sink, run the pairs, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=5000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="curator-bench-") as folder:
        Path(folder).chmod(0o711)
        run(Path(folder), chosen.readers, chosen.pairs, chosen.connections)


def run(folder: Path, readers: int, pairs: int, connections: int) -> None:
    """All pairs on servers of their own, durable as in production."""
    from curator.embedded.postgres import Postgres
    from curator.embedded.valkey import Valkey

    postgres, valkey = Postgres(folder), Valkey(folder)
    sink = subprocess.Popen([sys.executable, "-m", "tests.sink"], stdout=subprocess.PIPE, text=True)
    try:
        valkey.start()
        postgres.start()
        postgres.wait()
        valkey.wait()
        os.environ |= {"DATABASE_URL": postgres.url, "REDIS_URL": valkey.url, "CURATOR_HOME": str(folder)}
        assert sink.stdout is not None
        port = int(sink.stdout.readline())
        results = [one_pair(number, port, readers, connections) for number in range(pairs)]
    finally:
        sink.kill()
        postgres.stop()
        valkey.stop()
    for result in results:
        print(json.dumps(result))
    print(f"median ratio ours / naive: {statistics.median(result['ratio'] for result in results):.1f}")


def one_pair(number: int, port: int, readers: int, connections: int) -> dict[str, float]:
    """Ours, then naive, into the same sink."""
    size, ours, cpu = send_ours(number, port, readers, connections)
    naive = send_naive(port, max(readers // NAIVE_SHARE, 50), size)
    return {
        "bytes": size,
        "ours_per_second": round(ours),
        "naive_per_second": round(naive),
        "ratio": round(ours / naive, 1),
        "sender_cpu_seconds_per_1000": round(cpu, 3),
    }


def send_ours(number: int, port: int, readers: int, connections: int) -> tuple[int, float, float]:
    """Bytes of a message, messages a second and CPU seconds of this process per 1,000, for one whole delivery."""
    from curator.db.session import transaction
    from curator.db.upgrade import upgrade
    from curator.delivery.claim import Claimed
    from curator.delivery.engine import run_slice
    from curator.delivery.freeze import freeze
    from curator.delivery.plan import send_issue
    from curator.delivery.relays import set_relay
    from curator.delivery.work import load_work
    from curator.issues.compose import add_item, create_issue
    from curator.issues.newsletters import create_newsletter
    from curator.settings import get_settings
    from tests.delivery.cast import add_readers
    from tests.issues.rows import an_article

    settings = get_settings().model_copy(update={"slice_seconds": 3600.0})
    if number == 0:
        upgrade(settings.database_url)
    with transaction() as session:
        newsletter = create_newsletter(session, f"bench{number}", name="Bench", from_address="bench@example.org")
        issue = create_issue(session, newsletter.id, "Bench")
        for place in range(12):
            article = an_article(session, newsletter, f"{number}-{place}")
            add_item(session, issue.id, article.id, issue.sections[0].name, "Een zin over dit artikel. " * 8)
        add_readers(session, settings, newsletter, [f"r{number}-{reader}@example.org" for reader in range(readers)])
        set_relay(session, "default", host="127.0.0.1", port=port, security="none", connections=connections)
        delivery = send_issue(session, issue.id, by="bench", now=True, settings=settings)
        assert freeze(session, delivery.id, settings)
    with transaction() as session:
        work = load_work(session, delivery.id, settings)
        assert work is not None
        size = len(work.message(Claimed(1, "r@example.org", "", uuid.uuid4(), 1, False, 0, True)))
    before, started = _cpu(), time.perf_counter()
    result = run_slice(delivery.id, settings=settings, should_stop=lambda: False)
    seconds = time.perf_counter() - started
    assert result.sent == readers, result
    return size, readers / seconds, (_cpu() - before) / readers * 1000


def send_naive(port: int, readers: int, size: int) -> float:
    """Messages a second of smtplib with an EmailMessage per reader."""
    words = "Een zin over dit artikel. " * (size // 52)
    started = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as connection:
        for reader in range(readers):
            message = EmailMessage()
            message["From"], message["To"], message["Subject"] = "bench@example.org", f"r{reader}@example.org", "Bench"
            message.set_content(f"{reader} {words}")
            message.add_alternative(f"<p>{reader} {words}</p>", subtype="html")
            connection.send_message(message)
    return readers / (time.perf_counter() - started)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
