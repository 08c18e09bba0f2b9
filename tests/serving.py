"""An HTTP server of a test on loopback, in a thread that ends with it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """The client may hang up; that is often what a test is about."""


@contextmanager
def serving(
    handler: type[BaseHTTPRequestHandler], wrap: Callable[[ThreadingHTTPServer], None] | None = None
) -> Iterator[int]:
    """Its port, while it answers by `handler`; `wrap` may change the server before it starts."""
    server = _Server(("127.0.0.1", 0), handler)
    if wrap:
        wrap(server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
