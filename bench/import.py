"""How fast is an import, against adding people one by one in the same database? Prints both and the ratio.

Runs on the embedded PostgreSQL with its everyday settings, in a folder that is removed afterwards:
    python bench/import.py [ROWS] [ROWS ONE BY ONE]
"""

import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Import ROWS (a million) people twice, then a few thousand one by one."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    singles = int(sys.argv[2]) if len(sys.argv) > 2 else 2_000
    home = Path(tempfile.mkdtemp(prefix="curator-bench-"))
    os.environ["CURATOR_HOME"] = str(home)
    from curator.db import upgrade
    from curator.embedded.postgres import Postgres

    server = Postgres(home)
    try:
        server.start()
        server.wait()
        os.environ["DATABASE_URL"] = server.url
        upgrade.upgrade(server.url)
        _measure(home, rows, singles)
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


def _measure(home: Path, rows: int, singles: int) -> None:
    from curator.audience.imports import import_csv
    from curator.audience.subscribe import confirm, request
    from curator.db.session import transaction
    from curator.issues.newsletters import create_newsletter
    from curator.settings import get_settings

    settings = get_settings()
    with transaction() as session:
        newsletter_id = create_newsletter(session, "bench", name="Bench", from_address="bench@example.org").id
    path = home / "people.csv"
    with path.open("w") as file:
        file.write("email,name,language\n")
        file.writelines(f"reader.{n}@mail{n % 997}.example.org,Reader {n},nl\n" for n in range(rows))
    for label in ("import", "import again"):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        with transaction() as session:
            result = import_csv(
                session, newsletter_id, path, mapping={}, confirmed=True, tracking_consent=True, dry_run=False,
                actor="bench", file_name=path.name, settings=settings,
            )  # fmt: skip
        seconds = time.perf_counter() - start
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(
            f"{label}: {rows:,} rows in {seconds:.1f} s = {rows / seconds:,.0f}/s, memory +{grown:.0f} MB, {result[:5]}"
        )
        if label == "import":
            by_set = rows / seconds
    start = time.perf_counter()
    for number in range(singles):
        with transaction() as session:
            address = f"single{number}@example.org"
            asked = request(session, newsletter_id, address, form="bench", wording="bench", settings=settings)
            assert asked.subscription is not None
            confirm(session, asked.subscription.id, form="bench", wording="bench")
    seconds = time.perf_counter() - start
    print(f"one by one: {singles:,} people in {seconds:.1f} s = {singles / seconds:,.0f}/s")
    print(f"ratio: {by_set / (singles / seconds):,.0f} times as fast")


if __name__ == "__main__":
    main()
