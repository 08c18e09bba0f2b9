import pytest

from curator.editions.designs import MAIN_FILE, design_files
from curator.errors import Invalid
from curator.issues.brand import DESIGNS, FONTS, check_colour_or_none, check_design, check_font, font_stack, logo_size


@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_is_a_folder_with_a_page(name: str) -> None:
    assert next(iter(design_files(name))) == MAIN_FILE
    assert check_design(name) == name


@pytest.mark.parametrize("name", ["", "shared", "wording", "../email", "Classic"])
def test_nothing_else_is_a_design(name: str) -> None:
    with pytest.raises(Invalid):
        check_design(name)


def test_fonts_are_from_the_list_and_safe_to_write_into_a_style() -> None:
    assert check_font(None) == "" and font_stack("") == ""
    for name, (_, stack) in FONTS.items():
        assert check_font(name) == name
        assert stack.endswith(("serif", "monospace")) and not set("\"';{}<>") & set(stack)
    with pytest.raises(Invalid):
        check_font("Comic Sans; background: url(x)")


def test_a_colour_may_be_left_to_the_design() -> None:
    assert check_colour_or_none("") == ""
    assert check_colour_or_none("#AABBCC") == "#aabbcc"
    with pytest.raises(Invalid):
        check_colour_or_none("red")


@pytest.mark.parametrize(
    ("size", "stands"),
    [
        ((1200, 300), (280, 70)),
        ((840, 300), (202, 72)),
        ((100, 40), (100, 40)),
        ((10, 4000), (1, 72)),
        ((0, 0), (1, 1)),
    ],
)
def test_a_logo_fits_and_never_grows(size: tuple[int, int], stands: tuple[int, int]) -> None:
    assert logo_size(*size) == stands
