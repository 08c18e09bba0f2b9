"""How much of an article is found on real pages, and what it costs: ours beside plain trafilatura, in one run.

FOLDER holds `pages/*.html.gz` and `pages/ground-truth.json` (by name: url, articleBody, and where known headline,
author, datePublished, image). Pages are read in turns, three times; CPU time is the median of a page's three:
    python -m bench.extraction [--samples FOLDER] [--worst N]
"""

import argparse
import gzip
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curator.sources.extract import Extract
from curator.sources.page import read_page
from tests.sources.measure import Score, score, total

SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "samples"
ROUNDS = 3


@dataclass
class Way:
    """One way of extracting, and what it found: per page in order."""

    name: str
    read: Callable[[bytes, str], Any]
    found: list[Any] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    times: list[float] = field(default_factory=list)


def main() -> None:
    """Print both tables, or why there is nothing to read."""
    wanted = argparse.ArgumentParser()
    wanted.add_argument("--samples", type=Path, default=SAMPLES)
    wanted.add_argument("--worst", type=int, default=5)
    options = wanted.parse_args()
    folder = options.samples / "pages"
    if not (folder / "ground-truth.json").is_file():
        sys.exit(f"There are no sample pages in {folder}. Name a folder that has some: --samples FOLDER")
    truth: dict[str, dict[str, Any]] = json.loads((folder / "ground-truth.json").read_text())
    names = sorted(truth)
    ways = [Way("ours", _ours), Way("trafilatura, fast", _fast), Way("trafilatura", _full)]
    for way in ways:
        way.read(_page(folder, names[0]), "https://example.org/")
    for name in names:
        _measure(ways, _page(folder, name), truth[name])
    _print_scores(ways)
    _print_facts(ways[0].found, [truth[name] for name in names])
    _print_worst(ways, [truth[name]["url"] for name in names], options.worst)


def _page(folder: Path, name: str) -> bytes:
    return gzip.decompress((folder / f"{name}.html.gz").read_bytes())


def _ours(html: bytes, address: str) -> Extract:
    return read_page(html, address, timezone="UTC")


def _fast(html: bytes, address: str) -> str:
    import trafilatura

    return trafilatura.extract(html, url=address, fast=True, include_comments=False) or ""


def _full(html: bytes, address: str) -> str:
    import trafilatura

    return trafilatura.extract(html, url=address, include_comments=False) or ""


def _measure(ways: list[Way], html: bytes, facts: dict[str, Any]) -> None:
    times: dict[str, list[float]] = {way.name: [] for way in ways}
    for _ in range(ROUNDS):
        for way in ways:
            start = time.process_time()
            found = way.read(html, facts["url"])
            times[way.name].append((time.process_time() - start) * 1_000)
            if len(times[way.name]) == 1:
                way.found.append(found)
                text = found.body_text if isinstance(found, Extract) else found
                way.scores.append(score(text, facts["articleBody"]))
    for way in ways:
        way.times.append(statistics.median(times[way.name]))


def _print_scores(ways: list[Way]) -> None:
    print(f"{len(ways[0].scores)} pages, runs of four words; F1 of the means, mean F1 of the pages, F1 of each half")
    print(f"{'':20}{'F1':>7}{'prec.':>7}{'recall':>7}{'mean':>7}{'half':>7}{'half':>7}   CPU ms: median mean most")
    for way in ways:
        whole, halves = total(way.scores), (total(way.scores[::2]), total(way.scores[1::2]))
        mean = statistics.mean(each.f1 for each in way.scores)
        figures = (whole.f1, whole.precision, whole.recall, mean, halves[0].f1, halves[1].f1)
        spent = (statistics.median(way.times), statistics.mean(way.times), max(way.times))
        print(f"{way.name:20}" + "".join(f"{f:7.3f}" for f in figures) + "   " + " ".join(f"{t:9.1f}" for t in spent))


def _print_facts(extracts: list[Extract], truths: list[dict[str, Any]]) -> None:
    """How often each fact is found, and how often it is right among the pages whose truth has it."""
    known: dict[str, Callable[[Extract], str]] = {
        "headline": lambda extract: extract.title,
        "author": lambda extract: extract.author,
        "datePublished": lambda extract: extract.published_at.date().isoformat() if extract.published_at else "",
        "image": lambda extract: extract.pictures[0].address if extract.pictures else "",
        "inLanguage": lambda extract: extract.language,
        "quote": lambda extract: extract.quote,
    }
    for name, fact in known.items():
        told = [
            (fact(extract), str(truth[name])) for extract, truth in zip(extracts, truths, strict=True) if name in truth
        ]
        right = f"{sum(_is_same(ours, theirs) for ours, theirs in told)} of {len(told)} right" if told else "no truth"
        print(f"{name:20}found on {sum(bool(fact(extract)) for extract in extracts)} of {len(extracts)} pages, {right}")


def _is_same(ours: str, theirs: str) -> bool:
    """Without regard to case and space; of a date the day counts."""
    is_day = len(ours) == 10 and ours[4:5] == "-"
    return " ".join(ours.casefold().split()) == " ".join((theirs[:10] if is_day else theirs).casefold().split())


def _print_worst(ways: list[Way], addresses: list[str], count: int) -> None:
    if not count:
        return
    ours, plain = ways[0].scores, ways[1].scores
    print("the worst (F1, precision, recall; trafilatura's F1)")
    for number in sorted(range(len(ours)), key=lambda n: ours[n].f1)[:count]:
        page = ours[number]
        print(f"{page.f1:.3f} {page.precision:.3f} {page.recall:.3f}; {plain[number].f1:.3f}  {addresses[number][:80]}")


if __name__ == "__main__":
    main()
