"""The receiver: takes mail for newsletters over SMTP or LMTP, behind a mail server of yours. Run by `curator receiver`.

A mail is in the database before it is answered with 250; a database that is away is a 451, and the sender tries again.
Knows no password and relays nothing: mail to an address that is nobody's here is refused.
"""

import asyncio
import signal
import sys
from contextlib import suppress
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from curator.db.session import transaction
from curator.errors import Conflict, CuratorError
from curator.logs import configure_logs
from curator.settings import Settings, get_settings
from curator.sources.mail_in import newsletter_of, receive_mail
from workers.mail_conversation import LARGEST_MAIL, LONGEST_LINE, Conversation, Next, unstuffed

log = structlog.get_logger(__name__)

MOST_CONNECTIONS = 50
LINE_SECONDS = 60.0
MAIL_SECONDS = 300.0
"""Longest time a mail may take to come in."""

_AWAY = (SQLAlchemyError, CuratorError, OSError)


async def serve(settings: Settings, started: "asyncio.Future[int] | None" = None) -> None:
    """Listen until cancelled; `started` gets the number of the port."""
    free = asyncio.Semaphore(MOST_CONNECTIONS)
    talk = partial(_accept, settings, free)
    server = await asyncio.start_server(talk, settings.receiver_host, settings.receiver_port, limit=LONGEST_LINE)
    number = server.sockets[0].getsockname()[1]
    sys.stderr.write(f"receiver listens on {settings.receiver_host}:{number}\n")
    if started is not None:
        started.set_result(number)
    async with server:
        await server.serve_forever()


async def _accept(
    settings: Settings, free: asyncio.Semaphore, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """One connection. Whatever the other side does, it ends, and disturbs no other."""
    try:
        if free.locked():
            writer.write(b"421 4.3.2 Too many connections\r\n")
            return
        async with free:
            await _talk(settings, reader, writer)
    except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
        log.info("mail_connection_broken")
    finally:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(5):
                await writer.drain()
        writer.close()


async def _talk(settings: Settings, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    conversation = Conversation(settings.inbound_domain or "localhost")
    writer.write(conversation.greeting())
    while True:
        async with asyncio.timeout(LINE_SECONDS):
            await writer.drain()
            line = await reader.readuntil(b"\r\n")
        following, reply = conversation.hear(line[:-2])
        if following is Next.ASK:
            following, reply = await _ask(settings, conversation)
        writer.write(reply)
        if following is Next.CLOSE:
            return
        if following is Next.DATA:
            async with asyncio.timeout(MAIL_SECONDS):
                await writer.drain()
                content = await _read_mail(reader)
            outcomes = await asyncio.to_thread(_keep, settings, conversation.recipients, content)
            writer.write(conversation.finish(outcomes))


async def _ask(settings: Settings, conversation: Conversation) -> tuple[Next, bytes]:
    try:
        is_ours = await asyncio.to_thread(_is_ours, conversation.asked, settings)
    except _AWAY:
        return Next.CLOSE, b"421 4.3.0 The database is away, try again later\r\n"
    return conversation.answer(is_ours)


async def _read_mail(reader: asyncio.StreamReader) -> bytes | None:
    """Up to the dot on its own line, as it came; None for one that is too large, which is read to its end all the same.

    Only CR LF . CR LF ends a mail: what a laxer server takes for an end must not begin a second mail here.
    """
    parts: list[bytes] = []
    size, is_start = 0, True
    while True:
        try:
            piece = await reader.readuntil(b"\r\n")
        except asyncio.LimitOverrunError as overrun:
            piece = await reader.readexactly(max(1, overrun.consumed))
        if is_start and piece == b".\r\n":
            return b"".join(parts) if size <= LARGEST_MAIL else None
        size += len(piece)
        if size <= LARGEST_MAIL:
            parts.append(piece)
        is_start = piece.endswith(b"\r\n")


def _keep(settings: Settings, recipients: list[str], content: bytes | None) -> list[tuple[int, str]]:
    """One outcome for each recipient."""
    if content is None:
        return [(552, "5.3.4 The mail is too large")] * len(recipients)
    mail = unstuffed(content)
    if mail is None:
        return [(554, "5.6.0 Lines end with CR LF, and neither stands alone")] * len(recipients)
    return [_keep_one(settings, recipient, mail) for recipient in recipients]


def _keep_one(settings: Settings, recipient: str, mail: bytes) -> tuple[int, str]:
    try:
        with transaction() as session:
            newsletter_id = newsletter_of(session, recipient, settings)
            if newsletter_id is None:
                return 550, "5.1.1 Nobody has that address here"
            receive_mail(session, newsletter_id, mail)
    except Conflict:
        return 452, "4.2.2 Too many mails wait there"
    except _AWAY as error:
        log.warning("mail_not_kept", error=type(error).__name__)
        return 451, "4.3.0 It could not be kept, try again later"
    return 250, "2.0.0 Kept"


def _is_ours(recipient: str, settings: Settings) -> bool:
    with transaction() as session:
        return newsletter_of(session, recipient, settings) is not None


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = get_settings()
    configure_logs(settings.log_level)
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_until_signalled(settings))


async def _until_signalled(settings: Settings) -> None:
    task = asyncio.create_task(serve(settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    await task


if __name__ == "__main__":
    main()
