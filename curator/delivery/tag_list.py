"""Records made of `tag=value;` pairs, as DKIM keys and DMARC policies are (RFC 6376 3.2)."""

import re

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def parse_tags(text: str) -> dict[str, str]:
    """Tags in the order they stand, values without surrounding white space. `ValueError` says what is wrong with it."""
    tags: dict[str, str] = {}
    for piece in text.split(";"):
        name, equals, value = (word.strip() for word in piece.partition("="))
        if not piece.strip():
            continue
        if not equals or not _NAME.fullmatch(name):
            raise ValueError(f"“{piece.strip()[:40]}” is not a tag with a value")
        if name in tags:
            raise ValueError(f"the tag {name}= stands in it twice")
        tags[name] = value
    return tags
