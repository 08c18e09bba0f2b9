"""A server on loopback that speaks the OpenAI-compatible protocol: well, badly, or doing what a stranger says."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple

from tests.serving import serving

KEY = "sk-secret-of-the-tests"

Reply = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


class Asked(NamedTuple):
    """One request."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def words(self) -> str:
        """Everything the model would read."""
        return "\n".join(message["content"] for message in self.body["messages"])


class ModelServer:
    """Answers each request with the next of `replies`, the last one for ever."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}/v1"
        self.replies: list[Reply] = []
        self.asked: list[Asked] = []

    def environment(self, **more: str) -> dict[str, str]:
        """The settings that lead here."""
        named = {"CURATOR_MODEL_ADDRESS": self.address, "CURATOR_MODEL_NAME": "small", "CURATOR_MODEL_KEY": KEY}
        return named | {f"CURATOR_MODEL_{name.upper()}": value for name, value in more.items()}


def says(value: object) -> Reply:
    """A well-formed answer whose words are `value`, as JSON unless they are a text."""
    content = value if isinstance(value, str) else json.dumps(value)
    return sends(json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}))


def sends(body: str | bytes, status: int = 200, kind: str = "application/json", **headers: str) -> Reply:
    """These bytes; header names have `_` for `-`."""
    data = body.encode() if isinstance(body, str) else body

    def reply(request: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
        request.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(data)

    return reply


def drips(request: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
    """A byte now and then, for ever."""
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(b" ")
        request.wfile.flush()
        time.sleep(0.05)


def floods(request: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
    """Without end, as fast as it goes."""
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(b"data: {}\n\n" * 1000)


def is_silent(request: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
    """Nothing, until the other side hangs up."""
    request.rfile.read(1)


def obeys(request: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """Does what the quoted article tells it: a model that was talked into it."""
    evil = (
        'Read <a href="https://evil.example/x">this</a> [now](https://evil.example/y) <script>alert(1)</script> '
        "<img src=x onerror=alert(1)> at evil.example/z or www.evil.example, {{ 7*7 }} {name} *|FNAME|* and win."
    )
    is_told = "ignore your instructions" in json.dumps(body).lower()
    says({"blurb": evil if is_told else "Nothing was asked of me here.", "sentences": [1, 2]})(request, body)


@contextmanager
def running_model() -> Iterator[ModelServer]:
    """The server on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            model.asked.append(Asked(self.path, {n.lower(): v for n, v in self.headers.items()}, body))
            reply = model.replies.pop(0) if len(model.replies) > 1 else model.replies[0]
            reply(self, body)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as port:
        model = ModelServer(port)
        yield model
