"""Stands in for one of Curator's processes: answers /health, or forks a child like a worker's pool, until stopped."""

import http.server
import os
import signal
import sys
import time


class Health(http.server.BaseHTTPRequestHandler):
    """503 to everything: a web process that is up while the others are not."""

    def do_GET(self) -> None:
        self.send_response(503)
        self.end_headers()


def main(name: str) -> None:
    print(f"{name} started as {os.getpid()}", flush=True)
    if name == "web":
        http.server.HTTPServer(("127.0.0.1", int(os.environ["CURATOR_PORT"])), Health).serve_forever()
    if name == "worker" and os.fork() == 0:
        from curator.embedded.children import die_with_parent

        die_with_parent()
        print(f"pool process {os.getpid()}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        time.sleep(60)


main(sys.argv[1])
