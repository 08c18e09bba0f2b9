"""Names and languages as strangers type them, made harmless: no control characters, one line, a length."""

import re
import unicodedata

LONGEST_NAME = 120
# Controls, line separators, and the marks that turn the direction of the text after them.
_UNWANTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_].*)?", re.DOTALL)


def clean_name(text: str) -> str:
    """A person's name on one line, NFC, at most `LONGEST_NAME` characters; may come out empty."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())[:LONGEST_NAME]  # the common case: nothing can hide in it
    spaced = _UNWANTED.sub(" ", unicodedata.normalize("NFC", text))
    encodable = spaced.encode("utf-8", "ignore").decode()  # a lone surrogate cannot be stored
    return " ".join(encodable.split())[:LONGEST_NAME].strip()


def clean_language(text: str) -> str:
    """The primary language of a tag in lower case (`nl-BE` gives `nl`, BCP 47), or "" when it is not one."""
    found = _LANGUAGE.fullmatch(text.strip().lower())
    return found[1] if found else ""
