"""What a DKIM key record in DNS says (RFC 6376 3.6.1), held against the key we sign with. Asks nobody."""

import base64
import binascii
import re
from enum import Enum

from curator.delivery.tag_list import parse_tags


class Match(Enum):
    """How a published record and our key agree; the text says it to a person."""

    SAME = "is our key"
    TESTING = "is our key, but t=y tells receivers that it is only a test"
    MISSING = "is not there"
    SEVERAL = "stands there more than once, and receivers may take either"
    MALFORMED = "cannot be read"
    REVOKED = "has an empty p=, which says that the key was revoked"
    OTHER = "is another key than the one we sign with"
    NARROWED = "does not allow our signatures (its h=, k= or s= excludes SHA-256, RSA or mail)"


def match_key(records: list[str], public_key: bytes) -> Match:
    """The records found at the key's name against our public key (SubjectPublicKeyInfo)."""
    records = [text for text in records if not text.lstrip().startswith(("v=spf1", "v=DMARC1"))]
    if len(records) != 1:
        return Match.SEVERAL if records else Match.MISSING
    try:
        tags = parse_tags(records[0])
        published = base64.b64decode(re.sub(r"\s", "", tags["p"]), validate=True)
    except (ValueError, KeyError, binascii.Error):
        return Match.MALFORMED
    if (next(iter(tags)) != "v" and "v" in tags) or tags.get("v", "DKIM1") != "DKIM1":
        return Match.MALFORMED
    if not published:
        return Match.REVOKED
    if tags.get("k", "rsa") != "rsa" or not _allows(tags, "h", "sha256") or not _allows(tags, "s", "email"):
        return Match.NARROWED
    if published != public_key:
        return Match.OTHER
    return Match.TESTING if "y" in _words(tags.get("t", "")) else Match.SAME


def _allows(tags: dict[str, str], name: str, wanted: str) -> bool:
    return name not in tags or not {"*", wanted}.isdisjoint(_words(tags[name]))


def _words(value: str) -> list[str]:
    return [word.strip() for word in value.split(":")]
