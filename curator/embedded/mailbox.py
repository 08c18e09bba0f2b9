"""The mailbox: an SMTP server on loopback that keeps what it receives and delivers it to nobody. For trying and tests.

A mail is on the disk before its 250. Never listens to other machines, never sends anything.
"""

import asyncio
import signal
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session

from curator.embedded.mailbox_store import Received, Writer, folder
from curator.logs import configure_logs
from curator.settings import get_settings

LARGEST = 50_000_000
"""Bytes of one mail."""


class Keeper:
    """aiosmtpd's handler. Mails that arrive together wait together for one write to the disk."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._waiting: list[tuple[Received, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """The final reply to a mail: 250 once it is kept."""
        content = envelope.original_content or b""
        mail = Received(envelope.mail_from or "", tuple(envelope.rcpt_tos), content)
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((mail, kept))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write())
        try:
            await kept
        except OSError as error:
            return f"451 4.3.0 The mailbox could not keep it: {error.strerror}"
        return "250 2.0.0 Kept"

    async def _write(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._writer.keep, [mail for mail, _ in group])
            except OSError as error:
                for _, kept in group:
                    kept.set_exception(error)
            else:
                for _, kept in group:
                    kept.set_result(None)


async def serve(home: Path, port: int, ready: "asyncio.Event | None" = None) -> None:
    """Listen on loopback until cancelled. `port` 0 takes a free one; the number is in the file `port`."""
    writer = Writer(home)
    loop = asyncio.get_running_loop()
    make = partial(SMTP, Keeper(writer), data_size_limit=LARGEST, enable_SMTPUTF8=True, hostname="mailbox.localhost")
    server = await loop.create_server(make, "127.0.0.1", port)
    number = server.sockets[0].getsockname()[1]
    (folder(home) / "port").write_text(f"{number}\n")
    sys.stderr.write(f"mailbox listens on 127.0.0.1:{number}\n")
    if ready is not None:
        ready.set()
    try:
        await asyncio.Future()
    finally:
        server.close()
        writer.close()


def main() -> None:
    """The process `curator mailbox`."""
    settings = get_settings()
    configure_logs(settings.log_level)
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        uvloop.run(_until_signalled(settings.home, settings.mailbox_port))


async def _until_signalled(home: Path, port: int) -> None:
    task: asyncio.Task[Any] = asyncio.create_task(serve(home, port))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    await task


if __name__ == "__main__":
    main()
