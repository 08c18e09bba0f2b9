"""A network stream whose every step ends at one deadline, however slowly the other side drips."""

import ssl
from collections.abc import Callable
from typing import Any

import httpcore2


class TimedStream(httpcore2.NetworkStream):
    """`left` answers with the seconds until the deadline, or raises `ReadTimeout` when there are none."""

    def __init__(self, line: httpcore2.NetworkStream, left: Callable[[], float]) -> None:
        self._line = line
        self._left = left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._line.read(max_bytes, self._left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._line.write(buffer, self._left())

    def close(self) -> None:
        self._line.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return TimedStream(self._line.start_tls(ssl_context, server_hostname, self._left()), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._line.get_extra_info(info)
