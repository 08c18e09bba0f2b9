"""What a page states for machines as JSON-LD: the one object that is its article, with what it refers to put in.

Pure, and bounded whatever the page nests. Values are as the page wrote them: not cleaned, not to be trusted.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml.html import HtmlElement

_ARTICLE = re.compile(r"article|blogposting|report|review|creativework|liveblog|newsstory", re.IGNORECASE)
_PAGE = re.compile(r"webpage|itempage", re.IGNORECASE)
_MOST_NODES = 2_000
_MOST_SCRIPTS = 20
_REFERRING = ("author", "creator", "publisher", "image", "primaryImageOfPage")


def linked_article(tree: HtmlElement) -> dict[str, Any]:
    """The most article-like object of the page, {} when there is none or it is broken.

    Its author, publisher and image are objects even where it only names them by `@id`; date, language and image come
    from the object of the page where the article has none.
    """
    scripts = tree.xpath("//script[contains(@type, 'ld+json')]")
    objects = [o for script in scripts[:_MOST_SCRIPTS] for o in _objects(_json(script.text or ""))]
    named = {o["@id"]: o for o in objects if isinstance(o.get("@id"), str) and len(o) > 1}
    article = _best([o for o in objects if _is_a(o, _ARTICLE)])
    page = _best([o for o in objects if _is_a(o, _PAGE)])
    whole = dict(article)
    for name, other in (("datePublished",) * 2, ("inLanguage",) * 2, ("image", "primaryImageOfPage"), ("image",) * 2):
        if not whole.get(name) and page.get(other):
            whole[name] = page[other]
    for name in _REFERRING:
        if name in whole:
            whole[name] = _resolved(whole[name], named)
    return whole


def _best(objects: list[dict[str, Any]]) -> dict[str, Any]:
    return max(objects, key=lambda o: len({"headline", "datePublished", "author"} & o.keys()), default={})


def _is_a(value: dict[str, Any], kind: re.Pattern[str]) -> bool:
    return bool(kind.search(str(value.get("@type", ""))[:200]))


def _resolved(value: Any, named: dict[str, dict[str, Any]]) -> Any:
    """References replaced by what they refer to, one step deep."""
    if isinstance(value, list):
        return [_resolved(each, named) for each in value[:20] if not isinstance(each, list)]
    if isinstance(value, dict) and isinstance(value.get("@id"), str) and len(value) <= 2:
        return named.get(value["@id"], value)
    return value


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
