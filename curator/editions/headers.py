"""Header fields written by us, byte for byte: nothing a library may fold or encode behind our back.

The standard library's policies turn a long List-Unsubscribe into encoded-words and decode encoded-words inside values
into real headers. Here user text is cleaned, subject and names are encoded (RFC 2047), all else stands verbatim.
"""

import re
from email.header import Header

from curator.errors import Invalid

_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]+")
_ENCODED_WORD = re.compile(r"=(?=\?)|\?(?==)")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_ADDRESS = re.compile(r"[!-;=?A-~]+@[A-Za-z0-9.\[\]:_-]+")
_LONGEST = 78


def clean_value(text: str) -> str:
    """One line of text without controls; what looks like an encoded-word is taken apart so that it stays text."""
    line = _BREAKS.sub(" ", text.encode("utf-8", "replace").decode("utf-8"))
    return " ".join(_ENCODED_WORD.sub(r"\g<0> ", line).split())


def subject_field(text: str) -> bytes:
    """The Subject field, folded; ASCII as it is, everything else as encoded-words of at most 75 characters."""
    return _folded("Subject", _phrase(clean_value(text), len("Subject: "), is_quoted=False))


def mailbox_field(name: str, display_name: str, address: str) -> bytes:
    """From or Reply-To with one address; the display name quoted or encoded as needed."""
    checked = checked_address(address)
    phrase = _phrase(clean_value(display_name), len(name) + 2, is_quoted=True)
    return _folded(name, [*phrase, f"<{checked}>"] if phrase else [checked])


def verbatim_field(name: str, *values: str) -> bytes:
    """A field whose values stand as they are, one per line; refuses what would not be one printable ASCII line."""
    for value in values:
        if not value.isascii() or not value.isprintable():
            raise Invalid(f"{name} cannot hold {value!r}: only printable ASCII.")
    head = f"{name}: {values[0]}"
    return ("\r\n ".join([head, *values[1:]]) + "\r\n").encode("ascii")


def checked_address(address: str) -> str:
    """The address if it is one that a header can hold verbatim (RFC 5321, ASCII); `Invalid` otherwise."""
    if not _ADDRESS.fullmatch(address) or len(address) > 320 or "=?" in address:
        raise Invalid("A mail address has a character that a mail header cannot hold. Correct the address.")
    return address


def ascii_phrase(text: str) -> str:
    """A phrase for fields that may not hold encoded-words (List-Id, RFC 2919); empty when nothing is left of it."""
    cleaned = clean_value(text)
    return cleaned if cleaned and _ATOMS.fullmatch(cleaned) and len(cleaned) <= 60 else ""


def _phrase(text: str, used: int, *, is_quoted: bool) -> list[str]:
    """The words of a line, to be folded between; one encoded-word per line where ASCII will not do."""
    if not text:
        return []
    words = text.split(" ")
    if text.isascii() and all(len(word) < _LONGEST - 12 for word in words):
        if not is_quoted or _ATOMS.fullmatch(text):
            return words
        if len(text) < _LONGEST - 12:
            escaped = text.replace("\\", "\\\\").replace('"', '\\"')
            return [f'"{escaped}"']
    encoded = Header(text, "utf-8", maxlinelen=_LONGEST - 3, header_name="x" * used).encode(linesep="\n")
    return [line.strip() for line in encoded.split("\n")]


def _folded(name: str, words: list[str]) -> bytes:
    lines, current = [], f"{name}:"
    for word in words:
        if len(current) + 1 + len(word) > _LONGEST and current != f"{name}:":
            lines.append(current)
            current = ""
        current += " " + word
    return ("\r\n".join([*lines, current]) + "\r\n").encode("ascii")
