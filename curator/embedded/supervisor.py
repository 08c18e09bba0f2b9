"""One process that runs all of Curator on one machine: servers, web, worker, beat and, for the demo, the mailbox.

Starts them in the order of their needs, starts again what dies, and stops everything in reverse on Ctrl-C or SIGTERM.
kill -9 of it leaves no process and loses no row: the kernel ends the children, the data is in the servers' files.
"""

import http.client
import signal
import sys
import time
from types import FrameType, TracebackType
from typing import Self

from curator.embedded.claim import Claim, free_port, refuse_busy_port
from curator.embedded.command import Command
from curator.embedded.postgres import Postgres
from curator.embedded.valkey import Valkey
from curator.errors import CuratorError, Unavailable
from curator.settings import Settings

_READY_SECONDS = 60.0
_WATCH_SECONDS = 0.5
_SERVER_PAUSE_SECONDS = 2.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """`with Supervisor(settings) as running: running.wait_ready(); …; running.run()`

    Entering starts everything and returns when the database is migrated and the processes are starting; leaving stops
    everything. Between the two Ctrl-C, SIGTERM and SIGHUP raise KeyboardInterrupt; a second one during the stop kills
    instead of waiting. Use it from the main thread.
    """

    def __init__(self, settings: Settings, mailbox: bool = False) -> None:
        self._settings = settings.model_copy(update={"home": settings.home.absolute()})
        self._claim = Claim(self._settings.home)
        self._with_mailbox = mailbox
        self._postgres: Postgres | None = None
        self._valkey: Valkey | None = None
        self._commands: dict[str, Command] = {}
        self._asked_to_stop = 0
        self._servers_pause_until = 0.0
        self._former: dict[signal.Signals, object] = {}
        self.environment: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._claim.take()
        try:
            self._catch_signals()
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def settings(self) -> Settings:
        """The settings with the addresses of the servers that run now, for code in this process."""
        return self._settings

    def ready(self) -> bool:
        """Does the web process answer? Its /health says 503 while the others are starting: it is up all the same."""
        host = "127.0.0.1" if self._settings.host in ("0.0.0.0", "::") else self._settings.host
        line = http.client.HTTPConnection(host, self._settings.port, timeout=5)
        try:
            line.request("GET", "/health")
            return line.getresponse().status in (200, 503)
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    def wait_ready(self, seconds: float = _READY_SECONDS) -> None:
        """Until `ready()`; `Unavailable` with the end of web's log when it ends or time runs out."""
        self._commands["web"].wait_until(self.ready, seconds)

    def run(self) -> None:
        """Watch over the processes until Ctrl-C or SIGTERM; then return, so that leaving the `with` stops them."""
        try:
            while True:
                self._revive()
                time.sleep(_WATCH_SECONDS)
        except KeyboardInterrupt:
            return

    def _start(self) -> None:
        self._choose_ports()
        self._start_servers()
        self._migrate()
        self._claim.write(self.environment)
        for name in ("web", "worker", "beat", *(["mailbox"] if self._with_mailbox else [])):
            self._commands[name] = Command(name, self._settings.home, self.environment)
            self._commands[name].start()

    def _choose_ports(self) -> None:
        refuse_busy_port(self._settings.host, self._settings.port, "CURATOR_PORT")
        if self._with_mailbox:
            self._settings = self._settings.model_copy(update={"mailbox_port": self._mailbox_port()})

    def _mailbox_port(self) -> int:
        """The one that was asked for; a free one where nobody asked and the usual one is taken, as by a second demo."""
        wanted = self._settings.mailbox_port or free_port("127.0.0.1")
        try:
            refuse_busy_port("127.0.0.1", wanted, "CURATOR_MAILBOX_PORT")
        except Unavailable:
            if "mailbox_port" in self._settings.model_fields_set:
                raise
            return free_port("127.0.0.1")
        return wanted

    def _start_servers(self) -> None:
        """Those no address is given for; both start at once."""
        home, given = self._settings.home, self._settings
        if not given.redis_url:
            self._valkey = Valkey(home)
            self._valkey.start()
        if not given.database_url:
            self._postgres = Postgres(home)
            self._postgres.start()
            self._postgres.wait()
        if self._valkey:
            self._valkey.wait()
        self._settings = given.model_copy(
            update={
                "database_url": self._postgres.url if self._postgres else given.database_url,
                "redis_url": self._valkey.url if self._valkey else given.redis_url,
            }
        )
        self.environment = self._describe()

    def _describe(self) -> dict[str, str]:
        settings = self._settings
        return {
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "CURATOR_HOME": str(settings.home),
            "CURATOR_HOST": settings.host,
            "CURATOR_PORT": str(settings.port),
            "CURATOR_BASE_URL": settings.public_url,
            "CURATOR_MAILBOX_PORT": str(settings.mailbox_port),
        }

    def _migrate(self) -> None:
        from curator.db.upgrade import upgrade  # loaded while the servers start, not before the ports are checked

        upgrade(self._settings.database_url)

    def _revive(self) -> None:
        """Start again whatever ended, each with its own growing pause."""
        for server in (self._postgres, self._valkey):
            if server is not None and not server.is_running():
                self._revive_server(server)
        for command in self._commands.values():
            if notice := command.revive():
                _tell(notice)

    def _revive_server(self, server: Postgres | Valkey) -> None:
        if time.monotonic() < self._servers_pause_until:
            return
        _tell(f"{type(server).__name__} ended; starting it again. Its log: {server.log}")
        self._servers_pause_until = time.monotonic() + _SERVER_PAUSE_SECONDS
        server.stop()
        try:
            server.start()
            server.wait()
        except CuratorError as error:
            _tell(error.message)

    def _stop(self) -> None:
        """In reverse order of need. Nothing new comes in, work in hand is finished, then the servers go."""
        self._asked_to_stop = max(self._asked_to_stop, 1)
        for names, seconds in ((("web", "beat"), 5.0), (("worker",), 30.0), (("mailbox",), 5.0)):
            stopping = [self._commands[name] for name in names if name in self._commands]
            for command in stopping:
                command.ask_to_stop()
            for command in stopping:
                command.wait_for_end(seconds, lambda: self._asked_to_stop > 1)
        for server in (self._valkey, self._postgres):
            if server is not None:
                server.stop()
        self._claim.release()
        for number, former in self._former.items():
            signal.signal(number, former)  # type: ignore[arg-type]

    def _catch_signals(self) -> None:
        for number in _SIGNALS:
            self._former[number] = signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._asked_to_stop += 1
        if self._asked_to_stop == 1:
            raise KeyboardInterrupt


def _tell(line: str) -> None:
    sys.stderr.write(f"curator: {line}\n")
    sys.stderr.flush()
