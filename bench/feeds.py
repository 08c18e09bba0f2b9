"""How well are feeds of the open web read: a folder of real feeds, and feeds with the values another parser expects.

Neither is part of the project; give the folders of public collections you have fetched:
    python -m bench.feeds --collection fastfeedparser/benchmark_data --expected gofeed/testdata/translator
"""

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from curator.errors import CuratorError
from curator.sources.entries import Entry, Feed
from curator.sources.feed import read_feed
from curator.sources.markup import text_of

ADDRESS = "https://example.org/feed"


def main() -> None:
    """Print what each folder gives; every feed or value that is not as it should be has a line of its own."""
    parser = argparse.ArgumentParser(prog="python -m bench.feeds")
    parser.add_argument("--collection", type=Path)
    parser.add_argument("--expected", type=Path)
    options = parser.parse_args()
    if options.collection:
        read_all(options.collection)
    if options.expected:
        compare_all(options.expected)


def read_all(folder: Path) -> None:
    """Each file of a collection: does it parse, and has it entries with addresses, titles and dates?"""
    counts: Counter[str] = Counter()
    seconds = []
    for file in sorted(path for path in folder.iterdir() if path.is_file()):
        started = time.perf_counter()
        try:
            feed = read_feed(file.read_bytes(), "", ADDRESS)
        except CuratorError as refusal:
            counts["refused"] += 1
            print(f"{file.name}: refused: {refusal.message}")
            continue
        seconds.append(time.perf_counter() - started)
        counts["read"] += 1
        counts["entries"] += len(feed.entries)
        if lacking := _lacking(feed):
            print(f"{file.name}: {len(feed.entries)} entries, {lacking}")
    middle = sorted(seconds)[len(seconds) // 2] if seconds else 0.0
    print(f"{folder}: {dict(counts)}, median {middle * 1000:.0f} ms, slowest {max(seconds, default=0) * 1000:.0f} ms")


def compare_all(folder: Path) -> None:
    """Each value another parser expects of a feed, where we read the same kind of value."""
    counts: Counter[str] = Counter()
    for file, expected in _pairs(folder):
        try:
            feed = read_feed(file.read_bytes(), "", ADDRESS)
        except CuratorError as refusal:
            counts["refused"] += 1
            print(f"{file.name}: refused: {refusal.message}")
            continue
        for what, wanted, got in _values(expected, feed):
            counts["values"] += 1
            counts["same"] += wanted == got
            if wanted != got:
                print(f"{file.name}: {what}: {wanted!r} expected, {got!r} read"[:240])
    print(f"{folder}: {dict(counts)}")


def _lacking(feed: Feed) -> str:
    without = {
        "address": sum(not entry.address for entry in feed.entries),
        "title": sum(not entry.title for entry in feed.entries),
        "date": sum(not entry.published_at for entry in feed.entries),
    }
    said = [f"{count} without {what}" for what, count in without.items() if count]
    return ", ".join(said) if feed.entries else "no entries"


def _pairs(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for file in sorted(folder.rglob("*")):
        beside = {".xml": file.with_suffix(".json"), ".json": file.with_name(f"{file.stem}_expected.json")}
        if (expected := beside.get(file.suffix)) and expected.exists():
            yield file, json.loads(expected.read_text())


def _values(expected: dict[str, Any], feed: Feed) -> Iterator[tuple[str, Any, Any]]:
    yield from _given(("title", _line(expected.get("title")), feed.title))
    yield from _given(("link", expected.get("link"), feed.site_address))
    items = expected.get("items") or []
    yield "entries", len(items), len(feed.entries)
    for item, entry in zip(items, feed.entries, strict=False):
        yield from _given(*_values_of(item, entry))


def _values_of(item: dict[str, Any], entry: Entry) -> list[tuple[str, Any, Any]]:
    authors = [one.get("name") for one in item.get("authors") or [item.get("author") or {}]]
    words = max(item.get("content") or "", item.get("description") or "", key=len)
    moment = item.get("publishedParsed") or item.get("updatedParsed")
    return [
        ("title", _line(item.get("title")), entry.title),
        ("link", item.get("link"), entry.address),
        ("date", datetime.fromisoformat(moment) if moment else None, entry.published_at),
        ("author", authors[0] if len(authors) == 1 else None, entry.author),
        ("tags", tuple(item.get("categories") or ()), entry.tags),
        ("words", _line(text_of(words)) if words else None, _line(text_of(entry.html))),
        ("picture", (item.get("image") or {}).get("url"), entry.picture_address),
    ]


def _given(*values: tuple[str, Any, Any]) -> Iterator[tuple[str, Any, Any]]:
    return (value for value in values if value[1])


def _line(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "").strip()


if __name__ == "__main__":
    main()
