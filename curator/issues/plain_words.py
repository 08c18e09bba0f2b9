"""What a model wrote, reduced to words: no HTML, no Markdown, no merge field, no address but the item's own. Pure.

The material is a stranger's and the model may have obeyed it, so nothing here trusts either. What is taken out leaves a
space, never a join: no two halves become one whole.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

_READ = 4_000  # characters
_LINK = re.compile(r"!?\[([^\[\]]{0,500})\](?:\([^()]{0,2000}\)|\[[^\[\]]{0,200}\])")
_REFERENCE = re.compile(r"\[\s*\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*\s*\]")
_SILENT = re.compile(r"<(script|style)\b[^<>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(?=[a-zA-Z/!?])[^<>]*(?:>|$)")
_FIELD = re.compile(r"\{[^{}]*\}|\*\|[^|]{0,100}\|\*|%%[^%\s]{1,60}%%|\[\[[^\[\]]{0,100}\]\]")
_ADDRESS = re.compile(
    r"(?:\b[a-z][a-z0-9+.-]{1,20}:)?[/\\]{2}[^\s<>\"]+"
    r"|\b(?:mailto|tel|sms|javascript|data|file|vbscript|blob):[^\s<>\"]+"
    r"|\bwww\.[^\s<>\"]+"
    r"|[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"
    r"|\b(?:[^\W_][\w-]{0,62}\.)+[^\W\d_]{2,24}(?!\w)(?:[/?#:][^\s<>\"]*)?",
    re.IGNORECASE,
)
_NO_SPACE = re.compile(r"(?:[^\W\d_]+\.)+[A-Z][a-z]*")  # a sentence that begins without a space before it
_NAME = re.compile(r"([\w-]+)(?:\.[\w-]+)+")
_NO_ENDING = {"js", "ts", "jsx", "tsx", "exe", "pdf", "txt", "json", "xml", "csv"}  # names of programs, not of hosts
_MARKS = re.compile(r"\*\*|__|~~|`+|^\s{0,3}(?:#{1,6}|>|[-*+•])\s+", re.MULTILINE)
_EMPHASIS = re.compile(r"(?<![\w*])([*_])(?=\S)([^*_\n]{1,300})(?<=\S)\1(?![\w*])")
_EMPTY = re.compile(r"\(\s*[,;:]?\s*\)|\[\s*\]|«\s*»|“\s*”")
_BEFORE_STOP = re.compile(r"\s+([.,;!?])(?=\s|$)")
_DOTS = str.maketrans("․．｡", "...")  # which browsers read as the dot of a host
_KEPT_FORMATS = "\u200c\u200d"  # joiners that Persian and Indic scripts are written with
# Joiners and variation marks beside ASCII belong to no script; in a host browsers pass over them.
_UNSEEN = "[\u034f\u180b-\u180f\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]+"
_HIDING = re.compile(rf"(?<=[\x00-\x7f]){_UNSEEN}|{_UNSEEN}(?=[\x00-\x7f])")


def plain(text: str, own_addresses: Iterable[str | None] = ()) -> str:
    """One line of words. A host named in `own_addresses` may be named by its bare name; any other address goes."""
    text = "".join(map(_visible, html.unescape(text[:_READ]))).translate(_DOTS)
    text = _HIDING.sub("", text)
    for pattern, left in ((_SILENT, " "), (_LINK, r"\1"), (_TAG, " "), (_FIELD, " ")):
        text = _until_stable(pattern, left, text)
    text = re.sub(r"[{}]", " ", text)
    text = _REFERENCE.sub(" ", _EMPHASIS.sub(r"\2", _MARKS.sub("", text)))
    own = {host for address in own_addresses if (host := _host(address or ""))}
    text = _until_stable(_ADDRESS, lambda found: _named(found[0], own), text)
    text = _BEFORE_STOP.sub(r"\1", " ".join(_EMPTY.sub(" ", text).split()))
    return text.strip(" \"“”'") if text.count('"') == 2 and text[:1] == text[-1:] == '"' else text


def figures(text: str) -> set[str]:
    """Every number in a text by its digits alone: 3.400 and 3,400 are the same."""
    return {re.sub(r"\D", "", found) for found in re.findall(r"\d[\d.,]*", text)}


def _visible(sign: str) -> str:
    """Controls, NUL among them, part words; what cannot be seen or stored (formats, lone surrogates) is nothing."""
    kind = unicodedata.category(sign)
    if kind == "Cc":
        return " " if sign not in "\n\t" else sign
    return "" if kind == "Cs" or (kind == "Cf" and sign not in _KEPT_FORMATS) else sign


def _until_stable(pattern: re.Pattern[str], left: str | Callable[[re.Match[str]], str], text: str) -> str:
    for _ in range(6):
        fresh = pattern.sub(left, text)
        if fresh == text:
            break
        text = fresh
    return text


def _named(found: str, own: set[str]) -> str:
    """What stays of what looks like an address: the item's own host, a name without its ending, or nothing."""
    bare = found.rstrip(".,;:!?" if "(" in found else ".,;:!?)")
    rest = found[len(bare) :]
    if bare.lower().removeprefix("www.") in own:
        return bare.lower().removeprefix("www.") + rest
    if _NO_SPACE.fullmatch(bare):
        return bare.replace(".", ". ") + rest
    name = _NAME.fullmatch(bare)
    if name and "@" not in bare and not bare.lower().startswith("www."):
        return (bare if bare.rpartition(".")[2].lower() in _NO_ENDING else name[1]) + rest
    return " " + rest


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
