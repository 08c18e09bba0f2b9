"""What a page says about itself: JSON-LD before Open Graph before meta before the visible heading.

Pure. Authors are wrong on a quarter of the web: a suggestion to edit, never a fact.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from html import unescape
from typing import Any

from lxml.html import HtmlElement

from curator.sources.dates import read_date
from curator.sources.markup import absolute, text_of_element
from curator.sources.prose import clean_line, clean_text

_ARTICLE = re.compile(r"article|blogposting|report|review|creativework|liveblog|newsstory", re.IGNORECASE)
_MOST_NODES = 2_000
_LONGEST_BODY = 500_000
_NOT_NAMES = re.compile(r"^(?:https?://|www\.|@)|^(?:admin|redactie|editor|staff|author|unknown|none|null)$", re.I)


@dataclass(frozen=True)
class Metadata:
    """Strings are "" where the page is silent. `picture` and `canonical` are absolute addresses."""

    title: str
    author: str
    site: str
    language: str
    published_at: datetime | None
    tags: tuple[str, ...]
    description: str
    picture: str | None
    canonical: str | None
    body: str


def read_metadata(tree: HtmlElement, address: str | None, zone: tzinfo) -> Metadata:
    """The facts of the page parsed as `tree`; `zone` is that of times without an offset."""
    linked = _linked_article(tree)
    meta = _meta(tree)
    language = _text(linked.get("inLanguage")) or str(tree.get("lang", "")) or meta.get("og:locale", "")
    site = _name(linked.get("publisher")) or _first(meta, "og:site_name", "application-name", "twitter:site")
    described = _first(meta, "og:description", "description", "twitter:description")
    return Metadata(
        title=_title(tree, linked, meta, site),
        author=_author(tree, linked, meta),
        site=clean_line(site.lstrip("@"), 200),
        language=language,
        published_at=_published(tree, linked, meta, zone, re.split("[-_]", language)[0].lower()),
        tags=_tags(tree, linked, meta),
        description=clean_line(described or _text(linked.get("description")), 420),
        picture=_picture(linked, meta, address),
        canonical=_canonical(tree, meta, address),
        body=_body(linked),
    )


def _title(tree: HtmlElement, linked: dict[str, Any], meta: dict[str, str], site: str) -> str:
    headings = [text_of_element(h) for h in tree.iter("h1")][:5]
    heading = next((h for h in headings if len(h) > 3), "") if len(headings) < 3 else ""
    title = _text(linked.get("headline")) or _first(meta, "og:title", "twitter:title", "dc.title", "title")
    named = clean_line(title or heading or words_of(tree, "title"))
    return _without_site(named, site, headings)


def words_of(tree: HtmlElement, tag: str) -> str:
    """The words of the first element of this name."""
    found = tree.find(f".//{tag}")
    return "" if found is None else text_of_element(found)


def _without_site(title: str, site: str, headings: list[str]) -> str:
    """`Title | Site` is `Title` when the page says so: by its heading or by its site's name."""
    head, separator, tail = max((title.rpartition(mark) for mark in (" | ", " - ", " – ", " — ", " :: ")), key=_cut)
    if not separator or not head:
        return title
    is_heading = head.casefold() in {h.casefold() for h in headings}
    is_site = bool(site) and tail.strip().casefold() in (site.casefold(), site.casefold().removeprefix("www."))
    return head.strip() if is_heading or is_site else title


def _cut(parts: tuple[str, str, str]) -> int:
    return len(parts[0]) if parts[1] else -1


def _author(tree: HtmlElement, linked: dict[str, Any], meta: dict[str, str]) -> str:
    candidates = [
        _names(linked.get("author")) or _names(linked.get("creator")),
        _first(meta, "author", "article:author", "parsely-author", "dc.creator", "sailthru.author", "byl"),
        *(text_of_element(e) for e in tree.xpath("//*[@rel='author' or @itemprop='author']")[:2]),
    ]
    for candidate in candidates:
        name = clean_line(re.sub(r"^(?:by|door|von|par)\s+|\s@\w.*", "", candidate.strip(), flags=re.I), 200)
        if 2 < len(name) <= 120 and not _NOT_NAMES.search(name):
            return name
    return ""


def _published(
    tree: HtmlElement, linked: dict[str, Any], meta: dict[str, str], zone: tzinfo, language: str
) -> datetime | None:
    written = [
        _text(linked.get("datePublished")) or _text(linked.get("dateCreated")),
        _first(meta, "article:published_time", "og:article:published_time", "og:published_time"),
        _first(meta, "datepublished", "parsely-pub-date", "sailthru.date", "date", "dc.date", "dc.date.issued"),
        _first(meta, "pubdate", "publishdate", "publish-date", "citation_publication_date", "dcterms.created"),
        *(str(e.get("content") or e.get("datetime") or "") for e in tree.xpath("//*[@itemprop='datePublished']")[:2]),
        *(str(e.get("datetime")) for e in tree.xpath("//article//time[@datetime] | //header//time[@datetime]")[:1]),
    ]
    return next((at for value in written if value and (at := read_date(value, zone, language))), None)


def _tags(tree: HtmlElement, linked: dict[str, Any], meta: dict[str, str]) -> tuple[str, ...]:
    listed = [str(e.get("content", "")) for e in tree.xpath("//meta[@property='article:tag']")[:20]]
    keywords = linked.get("keywords")
    if isinstance(keywords, list):
        listed += [_name(k) for k in keywords[:20]]
    else:
        listed += re.split(r"\s*[,;]\s*", _text(keywords) or _first(meta, "news_keywords", "keywords"))
    return tuple(unescape(tag) for tag in listed if tag.strip())


def _picture(linked: dict[str, Any], meta: dict[str, str], address: str | None) -> str | None:
    image = linked.get("image")
    image = image[0] if isinstance(image, list) and image else image
    in_linked = _text(image.get("url") or image.get("contentUrl")) if isinstance(image, dict) else _text(image)
    found = _first(meta, "og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")
    return absolute(found or in_linked, address) if found or in_linked else None


def _body(linked: dict[str, Any]) -> str:
    """The text of the article as stated for machines, lines kept; "" when it is not stated."""
    body = linked.get("articleBody")
    return clean_text(unescape(body[:_LONGEST_BODY])).strip() if isinstance(body, str) else ""


def _canonical(tree: HtmlElement, meta: dict[str, str], address: str | None) -> str | None:
    links = [str(e.get("href", "")) for e in tree.xpath("//link[@rel='canonical'][@href]")[:1]]
    stated = next(iter(links), "") or meta.get("og:url", "")
    return absolute(stated, address) if stated else None


def _meta(tree: HtmlElement) -> dict[str, str]:
    """The first content of each meta name or property, names in lower case."""
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        content = clean_line(element.get("content") or "", 2_000)
        if name and content:
            found.setdefault(name.strip().lower(), content)
    return found


def _first(meta: dict[str, str], *names: str) -> str:
    return next((meta[name] for name in names if meta.get(name)), "")


def _linked_article(tree: HtmlElement) -> dict[str, Any]:
    """The most article-like object of the page's JSON-LD; {} when there is none or it is broken."""
    scripts = tree.xpath("//script[contains(@type, 'ld+json')]")
    objects = [o for script in scripts[:20] for o in _objects(_json(script.text or ""))]
    articles = [o for o in objects if _ARTICLE.search(str(o.get("@type", ""))[:200])]
    return max(articles, key=lambda o: len({"headline", "datePublished", "author"} & o.keys()), default={})


def _json(text: str) -> Any:
    text = re.sub(r"^\s*(?:<!\[CDATA\[|<!--|//\s*<!\[CDATA\[)|(?:\]\]>|-->)\s*;?\s*$", "", text).strip().rstrip(";")
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON-LD value, lists and graphs flattened, without recursion."""
    waiting = [value]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        node = waiting.pop(0)
        if isinstance(node, list):
            waiting += node[:200]
        elif isinstance(node, dict):
            yield node
            waiting += [node[key] for key in ("@graph", "mainEntity", "mainEntityOfPage") if key in node]


def _text(value: Any) -> str:
    """A JSON-LD text: entities are written out, markup stays the literal text it is."""
    value = value[0] if isinstance(value, list) and value else value
    if isinstance(value, dict):
        value = value.get("@value") or value.get("name")
    return clean_line(unescape(value[:4_000]), 2_000) if isinstance(value, str) else ""


def _name(value: Any) -> str:
    return _text(value.get("name")) if isinstance(value, dict) else _text(value)


def _names(value: Any) -> str:
    people = value if isinstance(value, list) else [value]
    return ", ".join(dict.fromkeys(name for person in people[:5] if (name := _name(person))))
