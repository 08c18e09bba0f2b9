"""How fast is one reader's message: our join of segments, against building an EmailMessage per reader.

Both make the same bodies and headers in one process, in turns, and the medians of the rounds are printed (CPU time):
    python bench/merge.py [MESSAGES PER ROUND] [ROUNDS]
"""

import statistics
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from curator.editions.merge import Reader
from curator.tokens import Purpose
from tests.editions import sample

NOW = datetime.now(UTC)


def main() -> None:
    """Print the medians in microseconds per message, and the ratio."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    content = sample.issue(
        sections=tuple(
            sample.section(f"Sectie {number}", *(sample.item(number * 9 + n, f"Titel {n}") for n in range(5)))
            for number in range(4)
        )
    )
    merger = sample.merger(content)
    text, page = sample.bodies(merger.message(sample.READER, NOW))
    joined, built = [], []
    for _ in range(rounds):
        joined.append(_time(lambda reader: merger.message(reader, NOW), count))
        built.append(_time(lambda reader: _build(reader, text, page), max(20, count // 50)))
    ours, theirs = statistics.median(joined), statistics.median(built)
    size = len(merger.message(sample.READER, NOW))
    print(f"message of {size / 1024:.0f} KB, medians of {rounds} rounds")
    print(f"segments joined     {ours:9.1f} us a message   {1e6 / ours:9,.0f} messages/s")
    print(f"EmailMessage built  {theirs:9.1f} us a message   {1e6 / theirs:9,.0f} messages/s")
    print(f"ratio               {theirs / ours:9.0f}")


def _time(make: Callable[[Reader], bytes], count: int) -> float:
    readers = [
        Reader(f"lezer{number}@example.com", f"Lezer {number}", number + 1, uuid.uuid4(), number + 9, True)
        for number in range(count)
    ]
    start = time.process_time()
    for reader in readers:
        make(reader)
    return (time.process_time() - start) / count * 1e6


def _build(reader: Reader, text: str, page: str) -> bytes:
    """What most senders do for every reader: replace, set headers, flatten."""
    token = sample.SIGNER.sign(Purpose.LEAVE, reader.subscription_id, reader.message_row_id)
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = "De Week in Techniek <redactie@nieuws.example.org>"
    message["To"] = reader.address
    message["Subject"] = "Eigen rekenkracht, en een batterij die in negen minuten laadt"
    message["Date"] = format_datetime(NOW)
    message["Message-ID"] = f"<{reader.message_id.hex}@nieuws.example.org>"
    message["List-Unsubscribe"] = f"<https://desk.example.org/u/{token}>"
    message.set_content(text.replace("Sanne", reader.name), cte="quoted-printable")
    message.add_alternative(page.replace("Sanne", reader.name), subtype="html", cte="quoted-printable")
    return message.as_bytes()


if __name__ == "__main__":
    main()
