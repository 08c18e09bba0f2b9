from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from curator.sources.markup import absolute, parse, sanitise, text_of, text_of_element

BASE = "https://example.org/a/page"


class _Tags(HTMLParser):
    """Every tag and attribute in a piece of HTML."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.depth = self.deepest = 0
        self.feed(markup)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)

    def handle_endtag(self, tag: str) -> None:
        self.depth -= 1


def test_only_simple_tags_and_safe_links_are_left() -> None:
    dirty = """<h1 onclick=x>Kop</h1><p style="color:red">Tekst <b>vet</b> <script>alert(1)</script>
      <a href="javascript:alert(1)">a</a> <a href="../b" onmouseover=x>b</a> <img src=x onerror=alert(1)></p>
      <iframe src="https://example.org"></iframe><svg onload=alert(1)></svg><form><input></form>"""
    clean = sanitise(dirty, BASE)
    assert _Tags(clean).tags == {"h2", "p", "b", "a"}
    assert _Tags(clean).attributes == {"href", "rel"}
    assert 'href="https://example.org/b"' in clean
    assert "alert" not in clean
    assert "javascript" not in clean


PIECES = (
    *("<p", ">", "<svg onload=x", "</p>", "'", '"', "<a href=", "javascript:", "x", "<!--", "-->"),
    *("&lt;script&gt;", "<math><mtext>", "<style>", "<textarea>"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_no_mixture_brings_a_tag_or_attribute_through(parts: list[str]) -> None:
    seen = _Tags(sanitise("".join(parts), BASE))
    assert seen.attributes <= {"href", "rel"}
    assert not seen.tags & {"script", "svg", "math", "style", "iframe", "img"}


def test_half_a_megabyte_of_nesting_is_cut_off() -> None:
    for piece in ("<div>", "<b>", "<table><tr><td>", "<ul><li>"):
        clean = sanitise(piece * (500_000 // len(piece)) + "text", BASE)
        assert _Tags(clean).deepest < 512  # a parser adds <tbody>


def test_links_have_an_end() -> None:
    assert sanitise('<a href="/x">y</a>' * 3_000, BASE).count("href") == 2_000


def test_text_has_a_line_per_block() -> None:
    markup = "<h2>Kop</h2><p>Een <b>vet</b>\n woord<br>nieuwe regel</p><ul><li>een</li></ul>los<hr><style>x</style>"
    assert text_of(markup) == "Kop\n\nEen vet woord\n\nnieuwe regel\n\neen\n\nlos"
    assert text_of("") == ""


def test_cells_do_not_run_together() -> None:
    assert text_of("<table><tr><td>een</td><td>twee</td></tr><tr><td>drie</td></tr></table>") == "een twee\n\ndrie"


def test_addresses_are_seen_from_the_page() -> None:
    assert absolute("b?x=1", BASE) == "https://example.org/a/b?x=1"
    assert absolute("//example.com/x", BASE) == "https://example.com/x"
    for wrong in ("javascript:x", "data:text/html,x", "http://[", "mailto:x@example.org"):
        assert absolute(wrong, BASE) is None


def test_the_words_of_an_element_include_those_after_inline_tags() -> None:
    tree = parse("<h1>Een <em>eigen</em> chip <b>voor</b> Europa</h1>niet dit")
    assert tree is not None
    assert text_of_element(next(tree.iter("h1"))) == "Een eigen chip voor Europa"
