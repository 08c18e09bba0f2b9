"""Connections of which every step ends at one deadline, however slowly the other side drips."""

import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore2

_MOST_TRIED = 3


class TimedBackend(httpcore2.NetworkBackend):
    """Connects to one of the addresses that `answers` gives for a host; everything is over `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._sockets = httpcore2.SyncBackend()

    def answers(self, host: str, port: int) -> list[str]:
        """The addresses to try, in order; a `ConnectError` says why there is none."""
        raise NotImplementedError

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception = httpcore2.ConnectError("no such host")
        for answer in self.answers(host.strip("[]"), port)[:_MOST_TRIED]:
            try:
                return TimedStream(self._sockets.connect_tcp(answer, port, timeout=self.left() / 2), self.left)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    def left(self) -> float:
        """Seconds until the deadline; `ReadTimeout` when there are none."""
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise httpcore2.ReadTimeout("deadline")
        return seconds


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
