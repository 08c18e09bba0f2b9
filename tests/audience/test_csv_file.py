"""CSV as it comes: every encoding and delimiter, broken lines, and files made to hurt."""

import codecs
import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.audience.csv_file import LONGEST_LINE, MOST_COLUMNS, MOST_LINES, look_at, look_at_links, read_rows
from curator.errors import Invalid


def read(data: bytes) -> list[tuple[int, list[str]]]:
    file = io.BytesIO(data)
    return [(row.line, row.cells or [row.problem]) for row in read_rows(file, look_at(file))]


@pytest.mark.parametrize(
    ("codec", "encoding"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("cp1252", "cp1252"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
def test_encodings(codec: str, encoding: str) -> None:
    data = "email;naam\r\nzoe@example.org;Zoë Brüning €\r\n".encode(codec)
    assert look_at(io.BytesIO(data)).encoding == encoding
    assert read(data) == [(1, ["email", "naam"]), (2, ["zoe@example.org", "Zoë Brüning €"])]


def test_encodings_glued_together() -> None:
    data = b"email,name\n" + "a@example.org,Zoë\n".encode() + "b@example.org,Zoë\n".encode("cp1252")
    assert [cells[1] for _, cells in read(data)] == ["name", "Zoë", "Zoë"]


@pytest.mark.parametrize("delimiter", list(",;\t|:^~"))
def test_delimiters(delimiter: str) -> None:
    lines = [f"email{delimiter}name", f"a@example.org{delimiter}Anna", f"b@example.org{delimiter}Ben"]
    file = io.BytesIO("\n".join(lines).encode())
    assert look_at(file).delimiter == delimiter
    assert [row.cells for row in read_rows(file, look_at(file))][2] == ["b@example.org", "Ben"]


@pytest.mark.parametrize(
    ("data", "cells"),
    [
        ("https://a.example/1\nhttps://a.example/x,y.html\n", [["https://a.example/1"], ["https://a.example/x,y.html"]]),
        ("https://a.example/1\n", [["https://a.example/1"]]),
        ("https://a.example/1;Een\n", [["https://a.example/1", "Een"]]),
        ('url\n"https://a.example/x,y"', [["url"], ["https://a.example/x,y"]]),
        ("https://a.example/1\tEen: twee\n", [["https://a.example/1", "Een: twee"]]),
    ],
)  # fmt: skip
def test_addresses_of_the_web_are_not_parted(data: str, cells: list[list[str]]) -> None:
    file = io.BytesIO(data.encode())
    assert [row.cells for row in read_rows(file, look_at_links(file))] == cells


def test_delimiter_inside_names() -> None:
    data = b"a@example.org;Vries, Anna de\nb@example.org;Bakker, Ben\n"
    assert read(data) == [(1, ["a@example.org", "Vries, Anna de"]), (2, ["b@example.org", "Bakker, Ben"])]


def test_spreadsheet_says_its_delimiter() -> None:
    assert read(b"sep=^\r\nemail^name\r\na@example.org^Anna\r\n") == [
        (2, ["email", "name"]),
        (3, ["a@example.org", "Anna"]),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_numbers(end: str) -> None:
    data = end.join(["email,note", "", 'a@example.org,"two', 'lines"', "b@example.org,x", ""])
    rows = read(data.encode())
    assert [line for line, _ in rows] == [1, 3, 5]
    assert rows[1][1] == ["a@example.org", f"two{end}lines"]


def test_unclosed_quote_costs_one_line() -> None:
    data = 'email,name\na@example.org,"Anna\n' + "".join(f"r{n}@example.org,R\n" for n in range(100))
    rows = read(data.encode())
    assert rows[1] == (2, ["A quote on this line is not closed, or text follows it."])
    assert rows[2:] == [(n + 3, [f"r{n}@example.org", "R"]) for n in range(100)]


def test_unclosed_quote_at_the_end() -> None:
    assert read(b'a@example.org,x\nb@example.org,"Ben\nc@example.org,y')[1:] == [
        (2, ["A quote on this line is not closed, or text follows it."]),
        (3, ["c@example.org", "y"]),
    ]


def test_text_after_a_quote() -> None:
    rows = read(b'a@example.org,"An"na\nb@example.org,Ben "de Man"\n')
    assert rows == [
        (1, ["A quote on this line is not closed, or text follows it."]),
        (2, ["b@example.org", 'Ben "de Man"']),
    ]


def test_a_line_without_end_is_not_held_in_memory() -> None:
    class Endless(io.RawIOBase):
        """60 MB of one line between two good ones, never in memory at once."""

        size = 60_000_000

        def __init__(self) -> None:
            self.at = 0
            self.head, self.tail = b"email,name\na@example.org,Anna\n", b"\nb@example.org,Ben\n"

        def readable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return True

        def seek(self, offset: int, whence: int = 0) -> int:
            self.at = offset
            return offset

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            total = len(self.head) + self.size + len(self.tail)
            count = min(len(buffer), total - self.at)
            for place in range(count) if count < 200 else ():
                buffer[place] = self._byte(self.at + place)
            if count >= 200:
                block = bytearray(b"x" * count)
                for start, part in ((0, self.head), (len(self.head) + self.size, self.tail)):
                    for offset, byte in enumerate(part):
                        if 0 <= start + offset - self.at < count:
                            block[start + offset - self.at] = byte
                buffer[:count] = block
            self.at += count
            return count

        def _byte(self, at: int) -> int:
            if at < len(self.head):
                return self.head[at]
            at -= len(self.head) + self.size
            return self.tail[at] if at >= 0 else ord("x")

    file = io.BufferedReader(Endless())
    tracemalloc.start()
    rows = [(row.line, row.cells or row.problem) for row in read_rows(file, look_at(file))]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows[1:] == [
        (2, ["a@example.org", "Anna"]),
        (3, f"The line is longer than {LONGEST_LINE} characters."),
        (4, ["b@example.org", "Ben"]),
    ]
    assert peak < 20_000_000


def test_ten_thousand_columns() -> None:
    rows = read(b"a@example.org,Anna\n" + b"," * 10_000 + b"x\nb@example.org,Ben\n")
    assert rows[1] == (2, [f"The line has more than {MOST_COLUMNS} columns."])
    assert rows[2] == (3, ["b@example.org", "Ben"])


def test_nul_characters_do_not_stop_it() -> None:
    assert read(b"a@example.org,An\x00na\nb@example.org,Ben\n")[1] == (2, ["b@example.org", "Ben"])


@pytest.mark.parametrize("data", [b"", b"\n\n \r\n", codecs.BOM_UTF8])
def test_empty(data: bytes) -> None:
    with pytest.raises(Invalid, match="empty"):
        look_at(io.BytesIO(data))


@pytest.mark.parametrize("magic", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"])
def test_a_spreadsheet_is_named(magic: bytes) -> None:
    with pytest.raises(Invalid, match="Save as"):
        look_at(io.BytesIO(magic + b"\x00" * 100))


@given(st.binary(max_size=3000))
def test_never_stops_in_the_middle(data: bytes) -> None:
    try:
        lines = [line for line, _ in read(data)]
    except Invalid:
        return
    assert lines == sorted(set(lines))


@given(st.lists(st.sampled_from(['a@b.example,"x\n', "c@d.example,y\n", '"z" z,q\n', '""\n', "\n"]), max_size=80))
def test_every_good_line_after_a_bad_one_is_found(lines: list[str]) -> None:
    lines = ["first@example.org,x\n", *lines, *["c@d.example,y\n"] * MOST_LINES, "last@example.org,x\n"]
    rows = read("".join(lines).encode())
    assert rows[0][0] == 1 and rows[-1] == (len(lines), ["last@example.org", "x"])
