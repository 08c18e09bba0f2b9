import gzip
import os
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from curator.errors import FetchFailed
from curator.settings import Settings
from curator.sources import fetch as module
from curator.sources.fetch import MOST_REDIRECTS, Fetched, fetch
from tests import loopback
from tests.sources.site import Answer, Site, running_site

UNREACHABLE = "The address cannot be reached"


def get(address: str, settings: Settings, **more: object) -> Fetched:
    return fetch(address, settings=settings, accept="text/html", **more)  # type: ignore[arg-type]


def refusal(address: str, settings: Settings) -> str:
    with pytest.raises(FetchFailed) as refused:
        get(address, settings)
    return refused.value.message


def test_an_answer_comes_whole(site: Site, reach: Settings) -> None:
    address = site.page("/a?b=c%20d", "é", ETag='"1"')
    fetched = get(f"{address}#part", reach, headers={"If-None-Match": '"0"'})
    assert (fetched.address, fetched.status, fetched.body) == (address, 200, "é".encode())
    assert fetched.content_type == "text/html; charset=utf-8"
    assert fetched.headers["etag"] == '"1"'
    assert fetched.moved_to is None
    asked = site.asked[0].headers
    assert asked["host"] == f"127.0.0.1:{site.port}"
    assert asked["user-agent"].endswith(f"(+{reach.public_url})")
    assert asked["accept-encoding"] == "gzip"
    assert asked["if-none-match"] == '"0"'


def test_any_status_is_an_answer(site: Site, reach: Settings) -> None:
    assert get(site.at("/nowhere"), reach).status == 404
    assert get(site.page("/same", b"", status=304), reach).status == 304


def test_loopback_is_refused_unless_allowed(site: Site, settings: Settings) -> None:
    assert refusal(site.page("/", "secret"), settings).startswith(UNREACHABLE)
    assert site.asked == []


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "127.0.0.1", "0.0.0.0", "[::1]", "[::]", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]"),
        *("[2002:a9fe:a9fe::]", "169.254.169.254", "10.0.0.1", "192.168.0.1", "metadata.google.internal"),
    ],
)
def test_open_closed_private_and_unknown_are_told_in_the_same_words(host: str, site: Site, settings: Settings) -> None:
    messages = {refusal(f"http://{host}:{port}/", settings) for port in (80, 443, site.port, 1)}
    assert len(messages) == 1
    assert messages.pop().startswith(UNREACHABLE)
    assert site.asked == []


def test_a_closed_and_a_silent_port_sound_alike_where_fetching_is_allowed(
    site: Site, reach: Settings, free_port: object
) -> None:
    short = reach.model_copy(update={"fetch_seconds": 0.3})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = {refusal(f"http://127.0.0.1:{port}/", short) for port in (silent.getsockname()[1], free_port())}  # type: ignore[operator]
    assert len(said) == 1


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "gopher://example.org/", "data:text/html,x", "http://a:b@example.org/", "x", ""]
)
def test_other_schemes_and_names_in_the_address_are_refused(address: str, reach: Settings) -> None:
    assert "address" in refusal(address, reach)


@pytest.mark.parametrize("answers", [["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "127.0.0.1"], []])
def test_one_answer_that_is_not_public_refuses_the_host(
    answers: list[str], site: Site, reach: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "resolve", lambda *_: answers)
    assert refusal(f"http://mixed.example.org:{site.port}/", reach).startswith(UNREACHABLE)
    assert loopback.tries == []


def test_a_name_is_resolved_once_and_the_checked_address_connected_to(
    site: Site, reach: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resolver that changes its answer gains nothing: there is no second question."""
    site.page("/", "ok")
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    monkeypatch.setattr(module, "resolve", lambda *_: next(answers))
    assert get(f"http://changing.example.org:{site.port}/", reach).body == b"ok"
    assert site.asked[0].headers["host"] == f"changing.example.org:{site.port}"
    assert next(answers) == ["10.0.0.1"]


def test_only_the_usual_ports_of_public_addresses(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    connected: list[tuple[str, int]] = []

    def connect(_: object, host: str, port: int, **__: object) -> None:
        connected.append((host, port))
        raise module.httpcore2.ConnectError("closed")

    monkeypatch.setattr(module, "resolve", lambda *_: ["93.184.215.14"])
    monkeypatch.setattr(module.httpcore2.SyncBackend, "connect_tcp", connect)
    for port in (22, 80, 443, 8080, 5432):
        assert refusal(f"http://example.org:{port}/", settings).startswith(UNREACHABLE)
    assert connected == [("93.184.215.14", 80), ("93.184.215.14", 443)]


def test_redirects_are_followed_and_permanent_ones_reported(site: Site, reach: Settings) -> None:
    end = site.page("/end", "here")
    site.redirect("/two", "/end", 308)
    moved = get(site.redirect("/one", "two", 301), reach)
    assert (moved.address, moved.moved_to) == (end, end)
    site.redirect("/three", "/end", 302)
    assert get(site.redirect("/four", "/three", 301), reach).moved_to == site.at("/three")
    assert get(site.redirect("/five", "/four", 307), reach).moved_to is None


def test_five_redirects_and_no_more(site: Site, reach: Settings) -> None:
    site.page("/0", "end")
    for number in range(1, MOST_REDIRECTS + 2):
        site.redirect(f"/{number}", f"/{number - 1}")
    assert get(site.at(f"/{MOST_REDIRECTS}"), reach).body == b"end"
    site.asked.clear()
    assert "on and on" in refusal(site.at(f"/{MOST_REDIRECTS + 1}"), reach)
    assert len(site.asked) == MOST_REDIRECTS + 1
    assert "on and on" in refusal(site.redirect("/loop", "/loop"), reach)


@pytest.mark.parametrize(
    "target",
    ["http://10.0.0.1/", "http://[::ffff:10.0.0.1]/", "file:///etc/passwd", "http://u:p@example.org/", "http://["],
)
def test_a_redirect_is_checked_like_an_address(target: str, site: Site, reach: Settings) -> None:
    assert refusal(site.redirect("/away", target), reach).startswith(UNREACHABLE)


def test_headers_of_ours_do_not_follow_to_another_host(
    site: Site, reach: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "resolve", lambda *_: ["127.0.0.1"])
    site.page("/end", "here")
    address = site.redirect("/one", f"http://second.example.org:{site.port}/end")
    get(address, reach, headers={"If-None-Match": '"1"'})
    assert [("if-none-match" in asked.headers) for asked in site.asked] == [True, False]


def test_proxies_of_the_environment_are_not_used(site: Site, reach: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_site() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"):
            monkeypatch.setitem(os.environ, name, proxy.at(""))
        assert get(site.page("/", "direct"), reach).body == b"direct"
        assert proxy.asked == []


def test_too_many_bytes_are_refused_with_and_without_a_length(site: Site, reach: Settings) -> None:
    assert get(site.page("/fits", b"x" * 1000), reach, max_bytes=1000).body == b"x" * 1000
    with pytest.raises(FetchFailed, match=r"larger than 0\.001 MB"):
        get(site.page("/large", b"x" * 1001), reach, max_bytes=1000)

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            handler.wfile.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")

    site.answers["/endless"] = Answer(endless)
    with pytest.raises(FetchFailed, match=r"larger than 0\.1 MB"):
        get(site.at("/endless"), reach, max_bytes=100_000)


def test_gzip_is_unpacked_within_the_same_bounds(site: Site, reach: Settings) -> None:
    address = site.page("/small", gzip.compress("é".encode()), Content_Encoding="gzip")
    assert get(address, reach).body == "é".encode()
    bomb = site.page("/bomb", gzip.compress(b"\0" * 50_000_000), Content_Encoding="gzip")
    with pytest.raises(FetchFailed, match="larger than"):
        get(bomb, reach, max_bytes=1_000_000)
    with pytest.raises(FetchFailed, match="damaged"):
        get(site.page("/broken", b"not gzip at all", Content_Encoding="gzip"), reach)


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip"])
def test_other_encodings_are_refused(encoding: str, site: Site, reach: Settings) -> None:
    with pytest.raises(FetchFailed, match="not asked for"):
        get(site.page("/odd", b"x", Content_Encoding=encoding), reach)


@pytest.mark.parametrize("drip", ["headers", "body"])
def test_a_dripping_site_is_left_at_the_deadline(drip: str, site: Site, reach: Settings) -> None:
    """Every byte comes well within any timeout for one read; the total is what counts."""

    def one_by_one(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"Content-Length: 100000\r\n\r\n" if drip == "body" else b""))
        while True:
            handler.wfile.write(b"x")
            handler.wfile.flush()
            handler.connection.settimeout(0.01)
            try:
                if not handler.connection.recv(1):
                    return
            except TimeoutError:
                continue

    site.answers["/drip"] = Answer(one_by_one)
    message = refusal(site.at("/drip"), reach.model_copy(update={"fetch_seconds": 0.4}))
    assert message.startswith("The site answers too slowly" if drip == "body" else UNREACHABLE)


def test_too_many_headers_are_refused(site: Site, reach: Settings) -> None:
    site.answers["/many"] = Answer(b"", 200, tuple((f"X-{n}", "y") for n in range(200)))
    assert "headers" in refusal(site.at("/many"), reach)
    site.answers["/long"] = Answer(b"", 200, (("X-Long", "y" * 60_000),))
    assert refusal(site.at("/long"), reach)


def test_a_site_that_breaks_off_or_speaks_no_http(site: Site, reach: Settings) -> None:
    site.answers["/short"] = Answer(lambda h: h.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx") and None)
    assert "broke off" in refusal(site.at("/short"), reach)
    site.answers["/other"] = Answer(lambda h: h.wfile.write(b"220 mail.example.org ESMTP\r\n") and None)
    assert refusal(site.at("/other"), reach).startswith(UNREACHABLE)


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[Site, list[str | None], Path]]:
    """A site behind TLS whose certificate is for feed.example.org; the names it was called by; its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "feed.example.org")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("feed.example.org")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = tmp_path / "certificate.pem", tmp_path / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, private)
    named: list[str | None] = []
    context.sni_callback = lambda _, server_name, __: named.append(server_name)

    def wrap(server: ThreadingHTTPServer) -> None:
        server.socket = context.wrap_socket(server.socket, server_side=True)

    with running_site(wrap) as running:
        yield running, named, chain


def test_tls_keeps_the_name_though_the_number_is_connected_to(
    secure: tuple[Site, list[str | None], Path], reach: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, named, chain = secure
    site.page("/", "secure")
    monkeypatch.setattr(module, "resolve", lambda *_: ["127.0.0.1"])
    monkeypatch.setattr(module, "tls_context", lambda: ssl.create_default_context(cafile=str(chain)))
    assert get(f"https://feed.example.org:{site.port}/", reach).body == b"secure"
    assert named == ["feed.example.org"]
    assert refusal(f"https://other.example.org:{site.port}/", reach).startswith(UNREACHABLE)


def test_an_unknown_certificate_is_refused_whatever_the_environment_says(
    secure: tuple[Site, list[str | None], Path], reach: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, _, chain = secure
    module.tls_context.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    monkeypatch.setattr(module, "resolve", lambda *_: ["127.0.0.1"])
    assert refusal(f"https://feed.example.org:{site.port}/", reach).startswith(UNREACHABLE)
    assert site.asked == []
