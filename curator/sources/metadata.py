"""What a page says about itself: JSON-LD before Open Graph before meta before the visible heading.

Pure. Authors are wrong on a quarter of the web: a suggestion to edit, never a fact.
"""

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo
from html import unescape
from typing import Any

from lxml.html import HtmlElement

from curator.sources.dates import read_date
from curator.sources.linked_data import linked_article
from curator.sources.markup import absolute, text_of_element
from curator.sources.picture_choice import FoundPicture, choose_pictures
from curator.sources.prose import clean_line, clean_text

_LONGEST_BODY = 500_000
_MARKS = (" | ", " - ", " – ", " — ", " :: ", " • ", " · ", " » ", ": ")
_DAYS = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_BESIDE_NAMES = re.compile(
    rf"^(?:by|door|von|par)\s+|\s@\w.*|\s\|.*|,?\s+{_DAYS}\b.*|"
    r",?\s+(?:january|february|march|april|june|july|august|september|october|november|december)(?:\s*\d.*|,.*)?$",
    re.IGNORECASE,
)
_NOT_NAMES = re.compile(
    r"^(?:https?://|www\.|@)|^\w+(?:\.\w+){2,}$|^(?:admin|redactie|editor|staff|author|unknown|none|null|written by)$|"
    r"^(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?:[a-zé]{2,6})?\b(?!\s\D)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Metadata:
    """Strings are "" where the page is silent. `pictures` are candidates, best first; addresses are absolute.

    `is_dated`: the page states a day, though perhaps in a way that can be read as two.
    """

    title: str
    author: str
    site: str
    language: str
    published_at: datetime | None
    tags: tuple[str, ...]
    description: str
    pictures: tuple[FoundPicture, ...]
    canonical: str | None
    body: str
    is_dated: bool
    is_free: bool | None = None


def read_metadata(tree: HtmlElement, base: str | None, zone: tzinfo) -> Metadata:
    """The facts of the page parsed as `tree`; its addresses are seen from `base`, times without an offset in `zone`."""
    linked = linked_article(tree)
    meta = _meta(tree)
    language = _text(linked.get("inLanguage")) or str(tree.get("lang", "")) or meta.get("og:locale", "")
    site = _name(linked.get("publisher")) or _first(meta, "og:site_name", "application-name", "twitter:site")
    dates, short = _dates(tree, linked, meta), re.split("[-_]", language)[0].lower()
    described = _first(meta, "og:description", "description", "twitter:description")
    return Metadata(
        title=_title(tree, linked, meta, site),
        author=_author(tree, linked, meta, site),
        site=clean_line(site.lstrip("@"), 200),
        language=language,
        published_at=next((at for value in dates if (at := read_date(value, zone, short))), None),
        tags=_tags(tree, linked, meta),
        description=clean_line(described or _text(linked.get("description")), 420),
        pictures=choose_pictures(tree, linked, meta, base),
        canonical=_canonical(tree, meta, base),
        is_free=_is_free(linked, meta),
        body=_body(linked),
        is_dated=bool(dates),
    )


def _title(tree: HtmlElement, linked: dict[str, Any], meta: dict[str, str], site: str) -> str:
    headings = [text_of_element(h) for h in tree.iter("h1")][:5]
    heading = next((h for h in headings if len(h) > 3), "") if len(headings) < 3 else ""
    title = _text(linked.get("headline")) or _first(meta, "og:title", "twitter:title", "dc.title", "title")
    named = clean_line(unescape(title or heading or words_of(tree, "title")))
    return _without_site(named, site, headings)


def words_of(tree: HtmlElement, tag: str) -> str:
    """The words of the first element of this name."""
    found = tree.find(f".//{tag}")
    return "" if found is None else text_of_element(found)


def _without_site(title: str, site: str, headings: list[str]) -> str:
    """`Title | Site` and `Site: Title` are `Title` when the page says so: by its heading or by its site's name."""
    folded = {heading.casefold() for heading in headings}
    sites = {site.casefold(), site.casefold().removeprefix("www.")} - {""}
    for mark in _MARKS:
        for head, _, tail in (title.rpartition(mark), title.partition(mark)):
            if head and tail and (head.casefold() in folded or tail.strip().casefold() in sites):
                return head.strip()
            if head and tail and (tail.casefold() in folded or head.strip().casefold() in sites):
                return tail.strip()
    return title


def as_author(text: str) -> str:
    """The names in a byline, without "by" and the day; "" for an address, a month or a word for anybody."""
    line = clean_line(_BESIDE_NAMES.sub("", text.strip(" ,;|")), 200).strip(" ,;|")
    return line if 2 < len(line) <= 120 and not _NOT_NAMES.search(line) else ""


def _author(tree: HtmlElement, linked: dict[str, Any], meta: dict[str, str], site: str) -> str:
    """Who wrote it; never the site, which is named anyway."""
    candidates = [
        _names(linked.get("author")) or _names(linked.get("creator")),
        _first(meta, "author", "article:author", "parsely-author", "dc.creator", "sailthru.author", "byl"),
        *(text_of_element(e) for e in tree.xpath("//*[@rel='author' or @itemprop='author']")[:2]),
    ]
    names = (as_author(candidate) for candidate in candidates)
    return next((name for name in names if name and name.casefold() != site.casefold()), "")


def _dates(tree: HtmlElement, linked: dict[str, Any], meta: dict[str, str]) -> list[str]:
    """The day of publication as written, what is surest first."""
    written = [
        _text(linked.get("datePublished")) or _text(linked.get("dateCreated")),
        _first(meta, "article:published_time", "og:article:published_time", "og:published_time"),
        _first(meta, "datepublished", "parsely-pub-date", "sailthru.date", "date", "dc.date", "dc.date.issued"),
        _first(meta, "pubdate", "publishdate", "publish-date", "citation_publication_date", "dcterms.created"),
        *(str(e.get("content") or e.get("datetime") or "") for e in tree.xpath("//*[@itemprop='datePublished']")[:2]),
        *(str(e.get("datetime")) for e in tree.xpath("//article//time[@datetime] | //header//time[@datetime]")[:1]),
    ]
    return [value for value in written if value]


def _tags(tree: HtmlElement, linked: dict[str, Any], meta: dict[str, str]) -> tuple[str, ...]:
    listed = [str(e.get("content", "")) for e in tree.xpath("//meta[@property='article:tag']")[:20]]
    keywords = linked.get("keywords")
    if isinstance(keywords, list):
        listed += [_name(k) for k in keywords[:20]]
    else:
        listed += re.split(r"\s*[,;]\s*", _text(keywords) or _first(meta, "news_keywords", "keywords"))
    return tuple(unescape(tag) for tag in listed if tag.strip())


def _body(linked: dict[str, Any]) -> str:
    """The text of the article as stated for machines, lines kept; "" when it is not stated."""
    body = linked.get("articleBody")
    return clean_text(unescape(body[:_LONGEST_BODY])).strip() if isinstance(body, str) else ""


def _canonical(tree: HtmlElement, meta: dict[str, str], base: str | None) -> str | None:
    links = [str(e.get("href", "")) for e in tree.xpath("//link[@rel='canonical'][@href]")[:1]]
    stated = next(iter(links), "") or meta.get("og:url", "")
    return absolute(stated, base) if stated else None


def _is_free(linked: dict[str, Any], meta: dict[str, str]) -> bool | None:
    """What the page tells search engines about its paywall; None where it is silent."""
    parts = linked.get("hasPart")
    stated = [linked, *(part for part in (parts if isinstance(parts, list) else [parts]) if isinstance(part, dict))]
    words = [str(one["isAccessibleForFree"]).strip().lower() for one in stated if "isAccessibleForFree" in one]
    words += [{"free": "true", "locked": "false", "metered": "false"}.get(_first(meta, "article:content_tier"), "")]
    if any(word in ("false", "no", "0") or word.endswith("/false") for word in words):
        return False
    return True if any(word in ("true", "yes", "1") or word.endswith("/true") for word in words) else None


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
