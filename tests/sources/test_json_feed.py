import json
from typing import Any

import pytest

from curator.errors import NotAFeed
from curator.sources.entries import Entry, Feed
from curator.sources.feed import read_feed

ADDRESS = "https://example.org/feed.json"


def feed_of(items: Any, **about: Any) -> Feed:
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Chips", "items": items, **about}
    return read_feed(json.dumps(feed).encode(), "application/feed+json", ADDRESS)


def entry_of(**item: Any) -> Entry:
    return feed_of([item]).entries[0]


def test_an_item_in_full() -> None:
    entry = entry_of(
        id="1",
        url="/a",
        title="{{ 7*7 }} <script>",
        content_html="<p>Tekst</p>",
        content_text="anders",
        date_published="2025-02-11T14:56:00+01:00",
        authors=[{"name": "Anna"}, {"name": "Bert"}],
        tags=["ai", 7, "chips"],
        image="/p.png",
    )
    assert (entry.address, entry.title, entry.html) == ("https://example.org/a", "{{ 7*7 }} <script>", "<p>Tekst</p>")
    assert entry.published_at is not None
    assert entry.published_at.isoformat() == "2025-02-11T14:56:00+01:00"
    assert (entry.author, entry.tags) == ("Anna, Bert", ("ai", "chips"))
    assert entry.picture == ("https://example.org/p.png", "")


def test_a_picture_among_attachments_or_words() -> None:
    files = [{"url": "/a.mp3", "mime_type": "audio/mpeg"}, 5, {"url": "/b.jpg", "mime_type": "image/jpeg"}]
    assert entry_of(id="1", title="x", attachments=files).picture == ("https://example.org/b.jpg", "")
    words = entry_of(id="1", title="x", url="/blog/one", content_html="<p>Woord</p><img src='c.jpg'>")
    assert words.picture == ("https://example.org/blog/c.jpg", "")
    assert entry_of(id="1", title="x", attachments="none", content_html="<p>Woord</p>").picture is None


def test_text_becomes_paragraphs_and_names_an_untitled_item() -> None:
    entry = entry_of(id="https://example.org/b", content_text="Een <b> alinea.\n\nTwee.")
    assert entry.html == "<p>Een &lt;b&gt; alinea.</p><p>Twee.</p>"
    assert entry.title == "Een <b> alinea. Twee."
    assert entry.address == "https://example.org/b"


def test_the_author_of_version_1_and_of_the_feed() -> None:
    assert entry_of(id="1", title="x", author={"name": "Anna"}).author == "Anna"
    assert feed_of([{"id": "1", "title": "x"}], author={"name": "Blad"}).entries[0].author == "Blad"


def test_the_site_is_named() -> None:
    feed = feed_of([], home_page_url="https://example.org/")
    assert (feed.title, feed.site_address, feed.entries) == ("Chips", "https://example.org/", ())


def test_wrong_types_count_as_absent() -> None:
    assert feed_of("no list").entries == ()
    assert len(feed_of([None, 1, "x", {"id": 5}]).entries) == 1
    entry = entry_of(id=1, url=["x"], title={}, content_html=3, date_published=9, authors="Anna", tags="ai", image=1)
    assert (entry.address, entry.title, entry.html, entry.published_at) == (None, "", "", None)


@pytest.mark.parametrize("body", ["{", "{}", '{"version": 1}', '{"items": []}', '{"a":' * 100_000])
def test_other_json_is_no_feed(body: str) -> None:
    with pytest.raises(NotAFeed) as refused:
        read_feed(body.encode(), "application/json", ADDRESS)
    assert refused.value.facts == {"alternates": []}


def test_floods_are_refused() -> None:
    with pytest.raises(NotAFeed, match="5,000 entries"):
        feed_of([{"id": "x"}] * 5_001)


def test_a_bare_version_is_one_where_there_are_items() -> None:
    assert read_feed(b'{"version": "1.1", "title": "t", "items": []}', "", ADDRESS).title == "t"
    with pytest.raises(NotAFeed):
        read_feed(b'{"version": "1.1", "name": "a package"}', "", ADDRESS)
