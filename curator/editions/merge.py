"""One reader's message out of the segments of an edition: sign up to four tokens, join bytes, nothing else.

What is the same for all readers of a kind is joined once, when the `Merger` is made. Values are encoded for where they
stand: header, HTML or text, both inside quoted-printable.
"""

import html
import re
import uuid
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from curator.editions.dkim import DomainKey, Signature
from curator.editions.headers import checked_address
from curator.editions.plain_text import without_markup
from curator.editions.quoted import encode_value
from curator.editions.segments import Blanks, Segments
from curator.editions.slots import Slot
from curator.editions.wording import written_day
from curator.errors import Invalid
from curator.issues.models import Tracking
from curator.tokens import Purpose, Signer

_NOT_IN_A_NAME = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True)
class Reader:
    """Who a message is for, from its ledger row. `is_individual` is consent to be measured as a person."""

    address: str
    name: str
    message_row_id: int
    message_id: uuid.UUID
    subscription_id: int
    is_individual: bool


class Merger:
    """Makes the messages of one edition. `day` is the date printed in the issue; by default the day of `now`.

    Give the delivery's own day so that readers served after midnight get the same issue (one body per delivery).
    With a `domain_key` every message is signed by it (DKIM).
    """

    def __init__(
        self,
        segments: Segments,
        *,
        edition_id: int,
        tracking: Tracking,
        signer: Signer,
        sender_domain: str,
        day: date | None = None,
        domain_key: DomainKey | None = None,
    ) -> None:
        self._edition_id = edition_id
        self._signer = signer
        self._sender_domain = sender_domain.encode("ascii")
        self._language = str(segments.facts["language"])
        self._zone = ZoneInfo(str(segments.facts["timezone"]))
        self._second: tuple[int, bytes] = (-1, b"")
        self._written_days: dict[date, bytes] = {}
        view = {"view": self._signed(Purpose.VIEW, 0, edition_id)}
        if day is not None:
            view["day"] = self._written_day(day)
        clicks = {"click": self._signed(Purpose.AGGREGATE_CLICK, 0, edition_id)}
        opens = {"open": self._signed(Purpose.AGGREGATE_OPEN, 0, edition_id)}
        self._for_all = _Program(segments, view | clicks | opens, domain_key)
        for_one = {Tracking.INDIVIDUAL: view, Tracking.HYGIENE: view | clicks}
        self._for_one = _Program(segments, for_one.get(tracking, view | clicks | opens), domain_key)

    def message(self, reader: Reader, now: datetime) -> bytes:
        """The bytes for the wire, ending in CRLF, without the final dot. `now` is aware and becomes Date."""
        program = self._for_one if reader.is_individual else self._for_all
        return program.fill([self._value(slot, reader, now) for slot in program.slots], now)

    def plain(self, reader: Reader, now: datetime) -> bytes:
        """The bytes of a .eml file: the same, because no line starts with a dot."""
        return self.message(reader, now)

    def _value(self, slot: Slot, reader: Reader, now: datetime) -> bytes:
        match slot.name:
            case "to":
                return checked_address(reader.address).encode("ascii")
            case "message_id":
                return reader.message_id.hex.encode("ascii") + b"@" + self._sender_domain
            case "date":
                return self._date(now)
            case "day":
                return self._written_day(now.astimezone(self._zone).date())
            case "open":
                return self._signed(Purpose.OPEN, reader.message_row_id, self._edition_id)
            case "click":
                return self._signed(Purpose.CLICK, reader.message_row_id, self._edition_id)
            case "leave":
                return self._signed(Purpose.LEAVE, reader.subscription_id, reader.message_row_id)
            case "preferences":
                return self._signed(Purpose.PREFERENCES, reader.subscription_id, reader.message_row_id)
            case "name_html":
                return encode_value(html.escape(_name(reader, slot)))
            case "name_text":
                return encode_value(without_markup(_name(reader, slot)))
        raise Invalid(f"This edition has a slot nobody fills: {slot.name}. Render the issue again.")

    def _signed(self, purpose: Purpose, a: int, b: int) -> bytes:
        return self._signer.sign(purpose, a, b).encode("ascii")

    def _date(self, now: datetime) -> bytes:
        """The Date field of RFC 5322; kept for the second it is good for."""
        second = int(now.timestamp())
        if self._second[0] != second:
            self._second = (second, format_datetime(now.astimezone(self._zone)).encode("ascii"))
        return self._second[1]

    def _written_day(self, day: date) -> bytes:
        if day not in self._written_days:
            self._written_days = {day: encode_value(written_day(self._language, day))}
        return self._written_days[day]


class _Program:
    """Segments with what is the same for every reader of a kind joined in; only `slots` remain to be filled."""

    def __init__(self, segments: Segments, constants: dict[str, bytes], domain_key: DomainKey | None) -> None:
        parts = [part if isinstance(part, bytes) else constants.get(part.name, part) for part in segments.parts]
        self.slots = list(dict.fromkeys(part for part in parts if isinstance(part, Slot)))
        self._blanks = Blanks(parts, self.slots)
        self._signature = Signature(parts, self.slots, domain_key) if domain_key is not None else None

    def fill(self, values: list[bytes], now: datetime) -> bytes:
        """The message with a value for each of `slots`, signed where there is a key."""
        message = self._blanks.fill(values)
        return message if self._signature is None else self._signature.field(values, now) + message


def _name(reader: Reader, slot: Slot) -> str:
    return " ".join(_NOT_IN_A_NAME.sub(" ", reader.name).split()) or slot.argument
