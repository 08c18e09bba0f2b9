"""What people type into one-line and many-line fields, made safe to store and to put in a mail header.

Pure. Controls, line ends in one-line values, and encoded-words are neutralised rather than refused, so that a
pasted title never fails an issue; only a value that is too long is refused.
"""

import re
import unicodedata

from curator.errors import Invalid

_ENCODED_WORD = re.compile(r"=\?|\?=")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\u202a-\u202e\ufff9-\ufffb]")
_CONTROLS_BUT_LINES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\u202a-\u202e\ufff9-\ufffb]")
_SPACES = re.compile(r"\s+")


def clean_line(text: str, *, limit: int, what: str) -> str:
    """One line without controls or encoded-word marks (RFC 2047), spaces collapsed; `Invalid` above `limit` characters.

    `=?utf-8?q?a=0d=0aBcc=3a_x?=` would become a real header in a naive mailer; without its marks it is only text.
    """
    line = _CONTROLS.sub(" ", _storable(text))
    line = _SPACES.sub(" ", _ENCODED_WORD.sub(" ", line)).strip()
    return _within(line, limit, what)


def clean_text(text: str, *, limit: int, what: str) -> str:
    """Many lines with `\\n` ends, without other controls; spaces kept; `Invalid` above `limit` characters."""
    lines = _storable(text).replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n\n")
    return _within(_CONTROLS_BUT_LINES.sub("", lines), limit, what)


def _storable(text: str) -> str:
    """Composed characters, and nothing the database or a mail could not hold (lone surrogates)."""
    return unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))


def _within(text: str, limit: int, what: str) -> str:
    if len(text) > limit:
        raise Invalid(
            f"{what} has {len(text):,} characters; at most {limit:,} fit. Shorten it.",
            length=len(text),
            limit=limit,
        )
    return text
