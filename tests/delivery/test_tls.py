"""Certificates are verified: signed by somebody we trust, for this host, not expired. What was agreed can be shown."""

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from curator.delivery.connect import Trouble, open_line
from curator.delivery.models import Security
from curator.delivery.relay_plan import RelayPlan
from curator.delivery.replies import Answer, Phase, is_lasting
from curator.delivery.smtp import Waits
from curator.delivery.tls import Protection, client_context

NOW = datetime.datetime.now(datetime.UTC)
LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
WAITS = Waits(dot=2.0, phase=2.0)


class Signed(NamedTuple):
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def sign(
    name: str, by: Signed | None = None, *, days: int = 30, host: x509.GeneralName = LOOPBACK, ca: bool = False
) -> Signed:
    """A certificate signed by another one, or by itself; `days` until it ends."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=60))
        .not_valid_after(NOW + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([host]), critical=False)
        .sign(by.key if by else key, hashes.SHA256())
    )
    return Signed(made, key)


@pytest.fixture(scope="module")
def authority() -> Signed:
    return sign("Test Authority", ca=True)


@pytest.fixture
def trusting(authority: Signed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The authority is one the system trusts."""
    path = tmp_path / "authority.pem"
    path.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


@pytest.fixture
def try_with(tmp_path: Path) -> Callable[[Signed, Security], Answer | Protection | None]:
    """Open a line to a relay with this certificate: what protects it, or the answer that refused it."""

    def run(signed: Signed, security: Security) -> Answer | Protection | None:
        path = tmp_path / "relay.pem"
        secret = signed.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(signed.certificate.public_bytes(serialization.Encoding.PEM) + secret)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(path)
        return asyncio.run(_open(context, security))

    return run


async def _open(context: ssl.SSLContext, security: Security) -> Answer | Protection | None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        while line := await reader.readline():
            if line == b"STARTTLS\r\n":
                writer.write(b"220 go\r\n")
                await writer.start_tls(context)
            else:
                writer.write(b"250-hi\r\n250 STARTTLS\r\n" if line.startswith(b"EHLO") else b"221 bye\r\n")

    is_tls = security is Security.TLS
    server = await asyncio.start_server(
        serve, "127.0.0.1", 0, ssl=context if is_tls else None, ssl_handshake_timeout=2 if is_tls else None
    )
    plan = RelayPlan(id=1, name="t", host="127.0.0.1", port=server.sockets[0].getsockname()[1], security=security)
    try:
        line = await open_line(plan, WAITS, "me")
    except Trouble as trouble:
        return trouble.answer
    finally:
        server.close()
    protection = line.protection
    await line.quit()
    return protection


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_good_certificate_is_taken_and_shown(
    authority: Signed, try_with: Callable[[Signed, Security], object], security: Security
) -> None:
    shown = try_with(sign("relay.test", authority), security)
    assert isinstance(shown, Protection)
    assert shown.version == "TLSv1.3"
    assert (shown.subject, shown.issuer) == ("relay.test", "Test Authority")
    assert shown.cipher
    assert abs(shown.expires - NOW - datetime.timedelta(days=30)) < datetime.timedelta(minutes=1)
    assert "relay.test" in str(shown)


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"days": -1}, "expired"),
        ({"host": x509.DNSName("other.test")}, "127.0.0.1"),
        ({"by": None}, "self"),
    ],
)
def test_a_wrong_certificate_is_refused_with_the_reason(
    authority: Signed,
    try_with: Callable[[Signed, Security], object],
    security: Security,
    wrong: dict[str, object],
    words: str,
) -> None:
    answer = try_with(sign("relay.test", **{"by": authority, **wrong}), security)  # type: ignore[arg-type]
    assert isinstance(answer, Answer)
    assert answer.phase is Phase.TLS
    assert answer.why.startswith("its certificate is not accepted")
    assert words in answer.why
    assert is_lasting(answer)


def test_an_authority_nobody_trusts_is_refused(
    authority: Signed, try_with: Callable[[Signed, Security], object]
) -> None:
    answer = try_with(sign("relay.test", authority), Security.TLS)
    assert isinstance(answer, Answer)
    assert "not accepted" in answer.why


def test_one_context_serves_many_lines() -> None:
    assert client_context() is client_context()
