"""Reads a CSV file of any size, encoding and delimiter in bounded memory, and never gives up on a bad line.

A broken line comes out with its number and a reason; the lines after it are read as if it were not there.
"""

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator
from typing import IO, NamedTuple

from curator.errors import Invalid

LONGEST_LINE = 65_536  # characters; what follows on the line is passed over
MOST_LINES = 20  # of one record: more means that a quote was opened and never closed
MOST_COLUMNS = 500
_SAMPLE_BYTES = 262_144
_SAMPLE_ROWS = 30
_DELIMITERS = ",;\t|:^~"
_NO_DELIMITER = "\x1f"
_FALLBACK = "curator-cp1252"


class Row(NamedTuple):
    """One record. `line` is the number of its first line, from 1; `problem` is empty when it could be read."""

    line: int
    cells: list[str]
    problem: str


class Shape(NamedTuple):
    """What a file looks like: how it is written, and its first rows."""

    encoding: str
    delimiter: str
    skip: int  # lines before the first record, such as a spreadsheet's `sep=;`
    sample: tuple[Row, ...]


def look_at(file: IO[bytes], delimiters: str = _DELIMITERS) -> Shape:
    """Find out encoding and delimiter from the start of a seekable file. `Invalid` when it is no text or empty."""
    file.seek(0)
    head = file.read(_SAMPLE_BYTES)
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise Invalid("This is a spreadsheet, not a CSV file. Open it, choose Save as, and take CSV (UTF-8).")
    encoding = _encoding(head)
    text = codecs.getincrementaldecoder(_codec(encoding))(_errors(encoding)).decode(head)
    if len(head) == _SAMPLE_BYTES:
        text = text[: text.rfind("\n") + 1] or text  # the last line is cut: do not judge by it
    if not text.strip("\ufeff \t\r\n\x00"):
        raise Invalid("The file is empty.")
    first = text.split("\n", 1)[0].strip()
    skip = int(first.lower().startswith("sep=") and len(first) == 5)
    delimiter = first[4] if skip else max(delimiters, key=lambda sign: _fit(_sample(text, sign, 0)))
    sample = tuple(_sample(text, delimiter, skip))
    if all(row.problem for row in sample):
        raise Invalid("No line of this file can be read as CSV. Look for a quote that is not closed.")
    return Shape(encoding, delimiter, skip, sample)


def look_at_links(file: IO[bytes]) -> Shape:
    """The same of a file of web addresses: a colon parts none of them, and a list of one to a line is never parted."""
    shape = look_at(file, ",;\t|")
    widths = [len(row.cells) for row in shape.sample if not row.problem]
    return shape if max(set(widths), key=widths.count) > 1 else shape._replace(delimiter=_NO_DELIMITER)


def read_rows(file: IO[bytes], shape: Shape) -> Iterator[Row]:
    """Every record of the file from its start; empty lines are passed over."""
    file.seek(0)
    text = io.TextIOWrapper(file, _codec(shape.encoding), _errors(shape.encoding), newline="")
    try:
        yield from _rows(text, shape.delimiter, shape.skip)
    finally:
        text.detach()  # the file stays the caller's


def _rows(text: io.TextIOBase, delimiter: str, skip: int) -> Iterator[Row]:
    lines = _Lines(text, skip)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = lines.next_record()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _Unclosed):
            lines.put_back_all_but_the_first()
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            yield Row(line, [], "A quote on this line is not closed, or text follows it.")
            continue
        if lines.is_too_long:
            yield Row(line, [], f"The line is longer than {LONGEST_LINE} characters.")
        elif len(cells) > MOST_COLUMNS:
            yield Row(line, [], f"The line has more than {MOST_COLUMNS} columns.")
        elif cells and any(cells):
            yield Row(line, cells, "")


class _Unclosed(Exception):
    """A record goes on for more lines than any honest one."""


class _Lines:
    """The lines of a text for csv.reader, remembering those of the current record so that they can be read again."""

    def __init__(self, text: io.TextIOBase, skip: int) -> None:
        self._text, self._again = text, deque[str]()
        self._record: list[str] = []
        self._number = 0
        self.is_too_long = False
        for _ in range(skip):
            next(self, None)

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if len(self._record) >= MOST_LINES:
            raise _Unclosed
        line = self._again.popleft() if self._again else self._text.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        if len(line) == LONGEST_LINE and line[-1] not in "\r\n":
            line = self._pass_over()
        self._number += 1
        self._record.append(line)
        return line

    def next_record(self) -> int:
        """Forget the record read so far; the number of the line the next one starts on."""
        self._record.clear()
        self.is_too_long = False
        return self._number + 1

    def put_back_all_but_the_first(self) -> None:
        self._again.extendleft(reversed(self._record[1:]))
        self._number -= max(0, len(self._record) - 1)

    def _pass_over(self) -> str:
        self.is_too_long = True
        while rest := self._text.readline(LONGEST_LINE):
            if rest[-1] in "\r\n":
                break
        return "\n"


def _sample(text: str, delimiter: str, skip: int) -> list[Row]:
    rows = _rows(io.StringIO(text, newline=""), delimiter, skip)
    return [row for row, _ in zip(rows, range(_SAMPLE_ROWS), strict=False)]


def _fit(rows: list[Row]) -> tuple[int, float, int]:
    """How well a delimiter explains the rows: cells that are one address, rows of equal width, that width."""
    widths = [len(row.cells) for row in rows if not row.problem]
    usual = max(set(widths), key=widths.count, default=0)
    looks_alone = sum(any(_is_one_address(cell) for cell in row.cells) for row in rows)
    if usual < 2:
        return (looks_alone, 0.0, 0)
    return (looks_alone, widths.count(usual) / len(rows), usual)


def _is_one_address(cell: str) -> bool:
    return cell.count("@") == 1 and not set(cell.strip()) & set(' ,;|\t:"')


def _encoding(head: bytes) -> str:
    """utf-8, utf-8-sig, utf-16 in its forms, or cp1252."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    half = max(1, len(head) // 2)
    if head[1::2].count(0) > half * 0.6:
        return "utf-16-le"
    if head[0::2].count(0) > half * 0.6:
        return "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _codec(encoding: str) -> str:
    # Files are glued together from several programs: read as UTF-8, and what is not, letter by letter as cp1252.
    return "utf-8" if encoding == "cp1252" else encoding


def _errors(encoding: str) -> str:
    if encoding.startswith("utf-16"):
        return "replace"
    codecs.register_error(_FALLBACK, _as_cp1252)
    return _FALLBACK


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end
