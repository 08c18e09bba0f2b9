import pytest

from curator.sources.feed import read_feed
from curator.sources.feed_pictures import Named, picture_of_entry

FEED = "https://example.org/feeds/all.xml"
ENTRY = "https://example.org/2025/chips/"


def picture_in(html: str) -> str | None:
    found = picture_of_entry([], html, ENTRY, FEED)
    return found.address if found else None


def picture_of(item: str) -> str | None:
    body = f"<rss version='2.0' xmlns:media='http://search.yahoo.com/mrss/'><channel><title>x</title><item>{item}"
    (entry,) = read_feed(f"{body}</item></channel></rss>".encode(), "application/rss+xml", FEED).entries
    return entry.picture.address if entry.picture else None


def test_the_widest_of_several_sizes() -> None:
    sizes = "".join(f"<media:content width='{n}' url='https://example.org/{n}.jpg'/>" for n in (140, 460, 700, 4000))
    assert picture_of(sizes) == "https://example.org/700.jpg"
    assert picture_of(f"<media:group>{sizes}</media:group>") == "https://example.org/700.jpg"
    huge = "<media:content width='4000' medium='image' url='https://example.org/4000.jpg'/>"
    assert picture_of(huge) == "https://example.org/4000.jpg"


def test_a_sound_or_a_film_is_no_picture() -> None:
    sound = "<media:content type='audio/mpeg' url='https://example.org/a.mp3'/>"
    film = "<media:content medium='video' url='https://example.org/a.mp4'/>"
    assert picture_of(sound + film) is None
    assert (
        picture_of(f"{film}<media:thumbnail url='https://example.org/still.jpg'/>") == "https://example.org/still.jpg"
    )


def test_an_enclosure_without_a_type_is_known_by_its_name() -> None:
    assert picture_of("<enclosure url='https://example.org/a.JPG?x'/>") == "https://example.org/a.JPG?x"
    assert picture_of("<enclosure url='https://example.org/a.mp3'/>") is None


def test_a_thumbnail_that_is_too_small_gives_way_to_the_words() -> None:
    small = "<media:thumbnail url='https://example.org/72.jpg' width='72' height='72'/>"
    words = "<description>&lt;img src='https://example.org/big.jpg'&gt;</description>"
    assert picture_of(small + words) == "https://example.org/big.jpg"
    face = "<media:content medium='image' url='https://secure.gravatar.com/avatar/1'/>"
    assert picture_of(face + words) == "https://example.org/big.jpg"


def test_words_are_seen_from_the_entry_and_names_from_the_feed() -> None:
    assert picture_in("<p>Woord</p><IMG SRC='big.jpg'>") == "https://example.org/2025/chips/big.jpg"
    assert picture_of_entry([Named("big.jpg")], "", ENTRY, FEED) == ("https://example.org/feeds/big.jpg", "")


@pytest.mark.parametrize(
    "first",
    [
        '<img src="https://example.org/c.gif" width="1" height="1">',
        '<img src="https://s.w.org/images/core/emoji/1f600.png" class="wp-smiley">',
        '<img src="/face.png" class="avatar">',
        '<img src="data:image/png;base64,AAAA">',
        '<img src="javascript:alert(1)">',
        "<img>",
    ],
)
def test_counters_smileys_and_faces_are_passed_over(first: str) -> None:
    assert picture_in(f"{first}<p>Woord</p>") is None
    assert picture_in(f'{first}<img alt="x" src="/big.jpg">') == "https://example.org/big.jpg"


def test_a_picture_that_is_loaded_late_and_in_sizes() -> None:
    assert picture_in('<img src="data:image/gif;base64,R0" data-src="/late.jpg">') == "https://example.org/late.jpg"
    assert picture_in('<img src="/s.jpg" srcset="/m.jpg 800w, /l.jpg 4000w">') == "https://example.org/m.jpg"


def test_its_description_comes_along() -> None:
    found = picture_of_entry([], '<img src="/big.jpg" alt="Een wafer onder een lamp">', ENTRY, FEED)
    assert found == ("https://example.org/big.jpg", "Een wafer onder een lamp")
