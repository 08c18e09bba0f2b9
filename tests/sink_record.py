"""What a sink remembers of a message: whose it is by every sign, and a hash of everything that is not the reader's.

Tokens are read without their key: the claim they make is compared with the ledger later. What differs from reader to
reader by right (To, Date, Message-ID, a signature over them, tokens, the reader's name) is left out of the hash.
"""

import base64
import hashlib
import re
import struct
from typing import Any

A_NAME = "Lezer%dx"
"""The name of reader number N in the cast of a fault test: found again in the message, whatever stands around it."""

_HEAD = struct.Struct(">BBqq")
_TOKEN = re.compile(rb"(AQ[EIMQUYcg]AAAA[A-Za-z0-9_-]{39})")  # key 1, purposes 1 to 8, a number below 2^32
_NAME = re.compile(rb"Lezer\d+x")
_MESSAGE_ID = re.compile(rb"^Message-ID:[ \t]*(<[^>\r\n]+>)", re.IGNORECASE | re.MULTILINE)
_TO = re.compile(rb"^To:[ \t]*(.*?)\r?\n(?![ \t])", re.IGNORECASE | re.MULTILINE | re.DOTALL)
_OF_THE_READER = re.compile(
    rb"^(?:To|Date|Message-ID|DKIM-Signature):.*(?:\r\n[ \t].*)*\r\n", re.IGNORECASE | re.MULTILINE
)


def record(sender: str, recipient: str, content: bytes) -> dict[str, Any]:
    """One message as the sink's log has it: {recipient, sender, message_id, to, tokens, names, body}.

    `tokens` are [purpose, a, b] as signed, `body` is the hash.
    """
    head, _, body = content.partition(b"\r\n\r\n")
    head += b"\r\n"
    identity, to = _MESSAGE_ID.search(head), _TO.search(head)
    pieces = _TOKEN.split(_OF_THE_READER.sub(b"", head) + b"\r\n" + body)
    tokens = pieces[1::2]
    rest = b"".join([*pieces[::2], *(token[2:3] for token in tokens)])
    names: set[bytes] = set()
    if b"Lezer" in rest:
        names = set(_NAME.findall(rest))
        rest = _NAME.sub(b"Lezer", rest)
    return {
        "recipient": recipient,
        "sender": sender,
        "message_id": identity.group(1).decode() if identity else None,
        "to": to.group(1).decode() if to else None,
        "tokens": sorted(_claim(token) for token in set(tokens)),
        "names": sorted(name.decode() for name in names),
        "body": hashlib.sha1(rest).hexdigest(),
    }


def _claim(token: bytes) -> list[int]:
    """[purpose, a, b] of a token, unverified."""
    return list(_HEAD.unpack(base64.urlsafe_b64decode(token + b"==")[: _HEAD.size]))[1:]
