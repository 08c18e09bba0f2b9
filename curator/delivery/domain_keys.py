"""The DKIM keys of sender domains: made, activated and switched off here. A private key leaves only to sign.

A domain has one active key at a time, and others while keys are changed; without an active one it does not sign.
"""

import base64
import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.utils import parseaddr
from typing import cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from curator.audience.addresses import canonical
from curator.delivery.models import DkimKey
from curator.delivery.sealed import Kind, Unreadable, seal, unseal
from curator.delivery.zone_file import zone_line
from curator.editions.dkim import DomainKey, sign_message
from curator.errors import Conflict, Invalid, NotFound, Unavailable

_BITS = 2048  # RFC 8301 3.2: at least 1024, better 2048; a longer one does not fit everybody's DNS
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def create_key(session: Session, domain: str, selector: str = "") -> DkimKey:
    """Make a key, not active yet. The selector is of this month by default; `Conflict` when the domain has it."""
    domain = checked_domain(domain)
    selector = _checked_selector(selector or f"curator{datetime.now(UTC):%Y%m}")
    if _find(session, domain, selector) is not None:
        raise Conflict(f"{domain} has a key {selector} already. Name another with --selector, like {selector}b.")
    private = generate_private_key(65537, _BITS)
    made = DkimKey(
        domain=domain,
        selector=selector,
        private_key=seal(private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()), Kind.DKIM_KEY),
        public_key=private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        is_active=False,
    )
    session.add(made)
    session.flush()
    return made


def list_keys(session: Session) -> list[DkimKey]:
    """Every key by domain, the newest first."""
    return list(session.scalars(select(DkimKey).order_by(DkimKey.domain, DkimKey.id.desc())))


def activate_key(session: Session, domain: str, selector: str) -> DkimKey:
    """Have the domain sign with this key and no other; a delivery that is sending follows within a slice."""
    domain = checked_domain(domain)
    keys = _locked(session, domain)
    chosen = next((key for key in keys if key.selector == selector.lower()), None)
    if chosen is None:
        raise NotFound(f"{domain} has no key {selector}. `curator dkim list` shows them.", domain=domain)
    for key in keys:
        key.is_active = key.is_active and key is chosen
    session.flush()  # first none besides it, then it: the index allows one at every moment
    chosen.is_active = True
    session.flush()
    return chosen


def switch_off(session: Session, domain: str) -> DkimKey:
    """Have the domain sign nothing any more. Its keys stay; the one that was active is returned."""
    domain = checked_domain(domain)
    active = next((key for key in _locked(session, domain) if key.is_active), None)
    if active is None:
        raise NotFound(f"{domain} does not sign: it has no active key.", domain=domain)
    active.is_active = False
    session.flush()
    return active


def active_key(session: Session, domain: str) -> DkimKey | None:
    """The key the domain signs with, or None when it does not sign."""
    return session.scalar(select(DkimKey).where(DkimKey.domain == domain.lower(), DkimKey.is_active))


def signing_key(session: Session, domain: str) -> DomainKey | None:
    """The active key, ready to sign. `Unavailable` when it cannot be read: a mail must not go out half as trusted."""
    query = select(DkimKey).where(DkimKey.domain == domain.lower(), DkimKey.is_active)
    key = session.scalar(query.options(undefer(DkimKey.private_key)))
    if key is None:
        return None
    try:
        private = unseal(key.private_key, Kind.DKIM_KEY)
    except Unreadable as error:
        raise Unavailable(
            f"The DKIM key of {key.domain} cannot be read: the key file is not the one it was stored with. "
            f"Restore CURATOR_HOME/secrets.json, or stop signing: curator dkim off {key.domain}."
        ) from error
    # Sealed bytes are the ones we made: the check of an RSA key takes 39 ms, as long as signing 100 messages.
    loaded = load_der_private_key(private, None, unsafe_skip_rsa_key_validation=True)
    return DomainKey(key.domain, key.selector, cast(RSAPrivateKey, loaded))


def signed(session: Session, message: bytes, now: datetime) -> bytes:
    """A finished message (7-bit, CRLF), with a signature when the domain of its From signs."""
    head = message.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    sender = parseaddr(str(message_from_bytes(head)["From"]))[1]
    key = signing_key(session, sender.rpartition("@")[2])
    return message if key is None else sign_message(message, key, now)


def record_name(key: DkimKey) -> str:
    """The name in DNS the key is published at (RFC 6376 3.6.2.1)."""
    return f"{key.selector}._domainkey.{key.domain}"


def record_value(key: DkimKey) -> str:
    """The TXT value to publish there (RFC 6376 3.6.1)."""
    return f"v=DKIM1; k=rsa; p={base64.b64encode(key.public_key).decode('ascii')}"


def record_line(key: DkimKey) -> str:
    """The record as a line of a zone file."""
    return zone_line(record_name(key), "TXT", record_value(key))


def checked_domain(domain: str) -> str:
    """The domain as it stands in From: A-labels in lower case; `Invalid` when it is none."""
    try:
        return canonical(f"postmaster@{domain.strip().rstrip('.')}").address.rpartition("@")[2]
    except Invalid as error:
        raise Invalid(
            f"{domain} is not a domain. Give the part after the @ of the sender, like example.org."
        ) from error


def _checked_selector(selector: str) -> str:
    lowered = selector.strip().lower()
    if len(lowered) > 100 or not all(_LABEL.fullmatch(label) for label in lowered.split(".")):
        raise Invalid("A selector is letters, digits and hyphens, like curator202611.")
    return lowered


def _find(session: Session, domain: str, selector: str) -> DkimKey | None:
    return session.scalar(select(DkimKey).filter_by(domain=domain, selector=selector))


def _locked(session: Session, domain: str) -> list[DkimKey]:
    """The keys of a domain as they stand now; two who choose at the same moment do it one after the other."""
    query = select(DkimKey).where(DkimKey.domain == domain).order_by(DkimKey.id)
    return list(session.scalars(query.with_for_update().execution_options(populate_existing=True)))
