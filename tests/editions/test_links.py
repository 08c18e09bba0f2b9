import pytest
from lxml import etree

from curator.editions.links import Links
from curator.editions.slots import Marks

MARKS = Marks(b"content")


def taken(body: str) -> tuple[Links, str]:
    links = Links(MARKS)
    page = etree.fromstring(f"<html><body>{body}</body></html>", etree.HTMLParser())
    links.take_from(page)
    return links, etree.tostring(page, method="html", encoding="unicode")


def test_an_address_has_one_number_per_item_and_the_first_words_as_label() -> None:
    links, page = taken(
        '<div data-item="5"><a href="https://a.example.org/"><img alt="foto"></a><h3><a href="https://a.example.org/">'
        'Een <b>titel</b></a></h3></div><a href="https://a.example.org/">elders</a>'
    )
    assert [(link.number, link.label, link.item_id) for link in links.found.values()] == [
        (1, "Een titel", 5),
        (2, "elders", None),
    ]
    assert page.count(MARKS.mark("link", "1")) == 2


@pytest.mark.parametrize(
    "address", ["/relative", "javascript:alert(1)", "ftp://example.org", "data:text/html,x", "http://"]
)
def test_an_address_readers_cannot_follow_is_taken_out_and_told(address: str) -> None:
    links, page = taken(f'<a href="{address}">x</a>')
    assert links.refused == [address]
    assert "href" not in page


@pytest.mark.parametrize("address", ["mailto:a@example.org", "tel:+31201234567", "#top"])
def test_other_ways_stay_as_they_are(address: str) -> None:
    links, page = taken(f'<a href="{address}">x</a>')
    assert not links.found
    assert f'href="{address}"' in page


def test_slots_are_not_links() -> None:
    links, _ = taken(f'<a href="https://desk.example.org/u/{MARKS.mark("leave")}">weg</a>')
    assert not links.found


def test_in_text_the_longest_known_address_is_the_link() -> None:
    links, _ = taken('<a href="https://a.example.org/x">x</a><a href="https://a.example.org/x/y">y</a>')
    text = links.take_from_text("(https://a.example.org/x/y). https://b.example.org/", None)
    assert text == f"({MARKS.mark('link', '2')}). https://b.example.org/"
