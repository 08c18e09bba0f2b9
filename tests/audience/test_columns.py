"""Columns: guessed from names and contents, corrected by a mapping, explained when they cannot be found."""

import io
from collections.abc import Mapping

import pytest

from curator.audience.columns import Columns, find_columns
from curator.audience.csv_file import look_at
from curator.errors import Invalid


def find(text: str, mapping: Mapping[str, str] | None = None) -> Columns:
    return find_columns(look_at(io.BytesIO(text.encode())), mapping or {})


def test_by_name() -> None:
    found = find("Naam;E-mailadres;Taal;Status\nAnna;anna@example.org;nl;active\n")
    assert found == Columns(("Naam", "E-mailadres", "Taal", "Status"), True, 1, 0, 2, 3)
    assert found.mapping() == {"email": "E-mailadres", "name": "Naam", "language": "Taal", "state": "Status"}


def test_by_content() -> None:
    found = find("wie,waar\nAnna,anna@example.org\nBen,ben@example.org\n")
    assert (found.email, found.name, found.has_header) == (1, None, True)


def test_without_header() -> None:
    found = find("anna@example.org\tAnna\nben@example.org\tBen\n", {"name": "2"})
    assert found == Columns(("column 1", "column 2"), False, 0, 1, None, None)


def test_one_column() -> None:
    assert find("anna@example.org\nben@example.org\n") == Columns(("column 1",), False, 0, None, None, None)


def test_mapping_wins() -> None:
    text = "email,second mail,name\na@example.org,b@example.org,Anna\n"
    found = find(text, {"email": "Second Mail", "name": ""})
    assert (found.email, found.name) == (1, None)


def test_names_are_made_different_and_harmless() -> None:
    assert find("email,,x,x\na@example.org,1,2,3\n").names == ("email", "column 2", "x", "x (4)")
    assert find('email,"a\x1b[0m\nb"\na@example.org,1\n').names[1] == "a [0m b"


@pytest.mark.parametrize(
    ("mapping", "part"), [({"email": "adres"}, "wie, waar"), ({"email": "9"}, "wie, waar"), ({"mail": "waar"}, "email")]
)
def test_wrong_mapping_says_what_there_is(mapping: dict[str, str], part: str) -> None:
    with pytest.raises(Invalid) as caught:
        find("wie,waar\nAnna,anna@example.org\n", mapping)
    assert part in caught.value.message


def test_no_addresses_at_all() -> None:
    with pytest.raises(Invalid, match="No column holds addresses"):
        find("wie,waar\nAnna,hier\n")


def test_a_broken_first_line_is_not_the_header() -> None:
    found = find('"broken" line,x\nemail,name\na@example.org,Anna\n')
    assert (found.names, found.has_header, found.email) == (("email", "name"), True, 0)
