from hypothesis import given
from hypothesis import strategies as st

from curator.editions.slots import NAMES, Marks, Slot


@given(st.lists(st.one_of(st.text(), st.tuples(st.sampled_from(NAMES), st.text()).map(lambda pair: Slot(*pair)))))
def test_splitting_finds_exactly_what_was_marked(pieces: list[str | Slot]) -> None:
    marks = Marks(b"some content")
    text = "".join(marks.mark(*piece) if isinstance(piece, Slot) else piece for piece in pieces)
    found = marks.split(text)
    assert [piece for piece in found if isinstance(piece, Slot)] == [p for p in pieces if isinstance(p, Slot)]
    assert "".join(piece for piece in found if isinstance(piece, str)) == "".join(
        piece for piece in pieces if isinstance(piece, str)
    )


def test_marks_of_other_content_mean_nothing() -> None:
    assert Marks(b"mine").split(Marks(b"another's").mark("leave")) == [Marks(b"another's").mark("leave")]


def test_marks_survive_addresses_and_html() -> None:
    assert Marks(b"x").mark("name_html", "één <lezer>").replace("_", "").replace("-", "").isalnum()
