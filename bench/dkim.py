"""What does a signature cost a message: ours over prepared segments, its parts, and dkimpy over the finished bytes.

All sign the same messages in one process, in turns; the medians of the rounds are printed (CPU time):
    python -m bench.dkim [MESSAGES PER ROUND] [ROUNDS]
"""

import statistics
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import dkim
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from curator.editions.dkim import OVERSIGNED, SIGNED, DomainKey, sign_message
from curator.editions.merge import Reader
from tests.editions import sample

NOW = datetime.now(UTC)
NAMES = [name.lower().encode() for name in (*OVERSIGNED, *OVERSIGNED, *SIGNED)]


def main() -> None:
    """Print the medians in microseconds per message, and the ratio of what signing adds."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    private = rsa.generate_private_key(65537, 2048)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    key = DomainKey("nieuws.example.org", "bench", private)
    sections = (
        sample.section(f"Sectie {number}", *(sample.item(number * 9 + n, f"Titel {n}") for n in range(5)))
        for number in range(4)
    )
    content = sample.issue(sections=tuple(sections))
    plain, signing = sample.merger(content), sample.merger(content, domain_key=key)
    no_rsa: Any = _NoRsa()
    hashing = sample.merger(content, domain_key=DomainKey(key.domain, key.selector, no_rsa))
    raw = plain.message(sample.READER, NOW)
    ways: dict[str, tuple[Callable[[Reader], object], int]] = {
        "merged, not signed": (lambda reader: plain.message(reader, NOW), count),
        "RSA-2048 alone": (lambda _: key.sign(raw[:1500]), count),
        "all but the RSA": (lambda reader: hashing.message(reader, NOW), count),
        "merged and signed": (lambda reader: signing.message(reader, NOW), count),
        "signed when finished": (lambda _: sign_message(raw, key, NOW), count),
        "dkimpy": (lambda _: _theirs(raw, pem), max(10, count // 20)),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (way, messages) in ways.items():
            times[name].append(_time(way, messages))
    medians = {name: statistics.median(found) for name, found in times.items()}
    print(f"message of {len(raw) / 1024:.0f} KB, medians of {rounds} rounds, us a message")
    for name, median in medians.items():
        print(f"{name:22s}{median:9.1f}")
    ours = medians["merged and signed"] - medians["merged, not signed"]
    besides = medians["all but the RSA"] - medians["merged, not signed"]
    print(f"{'signing adds':22s}{ours:9.1f}   without the RSA {besides:.1f}")
    print(f"{'dkimpy / signing':22s}{medians['dkimpy'] / ours:9.1f}")


class _NoRsa:
    """A key that signs at once: what is left is ours."""

    def sign(self, *_: Any) -> bytes:
        return bytes(256)


def _theirs(raw: bytes, pem: bytes) -> bytes:
    canonical = (b"relaxed", b"relaxed")
    return bytes(dkim.sign(raw, b"bench", b"nieuws.example.org", pem, canonicalize=canonical, include_headers=NAMES))


def _time(way: Callable[[Reader], object], count: int) -> float:
    readers = [
        Reader(f"lezer{number}@example.com", f"Lezer {number}", number + 1, uuid.uuid4(), number + 9, True)
        for number in range(count)
    ]
    start = time.process_time()
    for reader in readers:
        way(reader)
    return (time.process_time() - start) / count * 1e6


if __name__ == "__main__":
    main()
