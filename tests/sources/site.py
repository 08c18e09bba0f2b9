"""A web site on loopback that answers what a test tells it to, and remembers what it was asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from tests.serving import serving


class Answer(NamedTuple):
    """What a path answers. A body that is a function writes to the socket itself."""

    body: bytes | Callable[[BaseHTTPRequestHandler], None] = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


class Asked(NamedTuple):
    """One request."""

    path: str
    headers: dict[str, str]
    method: str = "GET"


class Site:
    """Answers by path; anything else is 404."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answers: dict[str, Answer] = {}
        self.asked: list[Asked] = []

    def at(self, path: str) -> str:
        """The address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def page(
        self, path: str, body: str | bytes, *, kind: str = "text/html; charset=utf-8", status: int = 200, **headers: str
    ) -> str:
        """Let `path` answer; header names have `_` for `-`."""
        named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        body = body.encode() if isinstance(body, str) else body
        self.answers[path] = Answer(body, status, (("Content-Type", kind), *named))
        return self.at(path)

    def redirect(self, path: str, target: str, status: int = 302) -> str:
        """Let `path` lead to `target`."""
        self.answers[path] = Answer(b"", status, (("Location", target),))
        return self.at(path)

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [asked.path for asked in self.asked]


@contextmanager
def running_site(wrap: Callable[[ThreadingHTTPServer], None] | None = None) -> Iterator[Site]:
    """A site on a free port; `wrap` may put TLS around the listening socket."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append(Asked(self.path, {n.lower(): v for n, v in self.headers.items()}))
            answer = site.answers.get(self.path, Answer(b"no such page", 404))
            if callable(answer.body):
                answer.body(self)
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def do_HEAD(self) -> None:
            site.asked.append(Asked(self.path, {n.lower(): v for n, v in self.headers.items()}, "HEAD"))
            answer = site.answers.get(self.path, Answer(b"no such page", 404))
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", "12345")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler, wrap) as port:
        site = Site(port)
        yield site
