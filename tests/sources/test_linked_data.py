import json

from curator.sources.linked_data import linked_article
from curator.sources.markup import parse


def linked(*values: object) -> dict[str, object]:
    scripts = "".join(f'<script type="application/ld+json">{json.dumps(value)}</script>' for value in values)
    tree = parse(f"<html><head>{scripts}</head><body><p>x</p></body></html>")
    assert tree is not None
    return linked_article(tree)


def test_the_article_is_the_object_that_says_most() -> None:
    bare, full = {"@type": "Article"}, {"@type": "NewsArticle", "headline": "Kop", "author": "Anna"}
    assert linked(bare, {"@type": "Recipe", "headline": "Soep"}, full)["headline"] == "Kop"
    assert linked({"@type": "Recipe", "headline": "Soep"}) == {}


def test_references_are_what_they_refer_to() -> None:
    graph = [
        {"@type": "BlogPosting", "author": [{"@id": "#anna"}], "image": {"@id": "#p"}, "publisher": {"@id": "#gone"}},
        {"@type": "Person", "@id": "#anna", "name": "Anna"},
        {"@type": "ImageObject", "@id": "#p", "url": "/p.jpg"},
    ]
    article = linked({"@graph": graph})
    assert article["author"] == [{"@type": "Person", "@id": "#anna", "name": "Anna"}]
    assert article["image"] == {"@type": "ImageObject", "@id": "#p", "url": "/p.jpg"}
    assert article["publisher"] == {"@id": "#gone"}


def test_the_page_fills_in_what_the_article_does_not_state() -> None:
    page = {"@type": "WebPage", "datePublished": "2025-02-11", "primaryImageOfPage": {"url": "/p.jpg"}, "headline": "x"}
    article = linked(page, {"@type": "Article", "headline": "Kop"})
    assert (article["headline"], article["datePublished"], article["image"]) == ("Kop", "2025-02-11", {"url": "/p.jpg"})
    assert linked(page, {"@type": "Article", "datePublished": "2024-01-01"})["datePublished"] == "2024-01-01"


def test_circles_and_depth_come_to_an_end() -> None:
    circle = {"@type": "Article", "@id": "#a", "author": {"@id": "#a"}}
    deep: object = "x"
    for _ in range(400):
        deep = [deep]
    assert linked({"@graph": [circle]})["@id"] == "#a"
    assert linked({"@type": "Article", "author": deep})["@type"] == "Article"
    assert linked([circle] * 50_000)["@id"] == "#a"
