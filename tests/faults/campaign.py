"""A delivery under attack: real workers and beats, and every attack as a verb that knows what doubt it may cause.

Attacks are drawn from one seeded `Random`. `in_flight` adds up the transactions that could be in flight at each attack:
more messages than that may not be unknown in the end. Only processes started here are signalled.
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from curator.audience.leave import leave
from curator.audience.models import Subscriber
from curator.db.session import transaction
from curator.delivery.models import Delivery, DeliveryState, Message, MessageState
from curator.delivery.plan import pause, resume, send_issue
from curator.errors import Conflict, Unavailable
from curator.settings import get_settings
from tests.faults.invariants import Leave
from tests.faults.servers import Processes, Servers, pool_of

AWAY = (OperationalError, psycopg.OperationalError, Unavailable)
BY = "editor@example.org"

_EARLIER = "make_interval(secs => :seconds)"
_LOCKED = "(SELECT id FROM {} WHERE delivery_id = :delivery AND {} ORDER BY id FOR UPDATE) AS found"
_OUTDATE = (
    f"UPDATE batch SET lease_until = lease_until - {_EARLIER}, not_before = batch.not_before - {_EARLIER}"
    f" FROM {_LOCKED.format('batch', 'is_open')} WHERE batch.id = found.id",
    f"UPDATE message SET not_before = not_before - {_EARLIER}"
    f" FROM {_LOCKED.format('message', 'not_before IS NOT NULL')} WHERE message.id = found.id",
    f"UPDATE delivery SET rests_until = rests_until - {_EARLIER} WHERE id = :delivery",
)
"""Every wait moved into the past, rows locked in the order everybody locks them in."""


class Campaign:
    """`lines` are the connections of one slice; `workers` and `beats` are running from the start."""

    def __init__(
        self,
        servers: Servers,
        processes: Processes,
        chance: random.Random,
        *,
        lines: int,
        workers: int = 2,
        beats: int = 2,
    ) -> None:
        self.servers = servers
        self.processes = processes
        self.chance = chance
        self.lines = lines
        self.workers = [processes.start_worker() for _ in range(workers)]
        self.beats = [processes.start_beat() for _ in range(beats)]
        self._frozen: dict[int, tuple[subprocess.Popen[bytes], float]] = {}
        self.revived = 0
        self.begin(0)

    def begin(self, delivery_id: int) -> None:
        """From now on it is about this delivery."""
        self.delivery_id = delivery_id
        self.in_flight = 0
        self.stopped_seconds = 0.0
        self.leaves: list[Leave] = []
        self._gone: set[int] = set()

    # -- looking -----------------------------------------------------------------------------------------------------

    def look(self, question: Callable[[Session], object]) -> object:
        """The answer of the database, None while it is away."""
        try:
            with transaction() as session:
                return question(session)
        except AWAY:
            return None

    def state(self) -> DeliveryState | None:
        """The delivery's state, None while nobody can say."""
        found = self.look(lambda session: session.scalar(select(Delivery.state).where(Delivery.id == self.delivery_id)))
        return found if isinstance(found, DeliveryState) else None

    def insist(self, verb: Callable[[Session], object], seconds: float = 60.0) -> object:
        """Do it in a transaction, again until the database is there."""
        gives_up_at = time.monotonic() + seconds
        while True:
            try:
                with transaction() as session:
                    return verb(session)
            except AWAY:
                if time.monotonic() > gives_up_at:
                    raise
                time.sleep(0.1)

    def busy(self) -> list[tuple[subprocess.Popen[bytes], int]]:
        """Pool processes with a message in flight now, with their workers."""
        owners = select(Message.owner).where(
            Message.delivery_id == self.delivery_id,
            Message.state == MessageState.ATTEMPTING,
            Message.owner.is_not(None),
        )
        found = self.look(lambda session: {int(o.split(":")[1]) for o in session.scalars(owners.distinct()) if o})
        senders = found if isinstance(found, set) else set()
        return [(worker, pid) for worker in self.workers for pid in pool_of(worker) if pid in senders]

    def revive(self) -> None:
        """Start again whoever left by itself, as every supervisor does."""
        for worker in [each for each in self.workers if each.poll() is not None]:
            self.workers[self.workers.index(worker)] = self.processes.start_worker()
            self.revived += 1
        for beat in [each for each in self.beats if each.poll() is not None]:
            self.beats[self.beats.index(beat)] = self.processes.start_beat()
            self.revived += 1

    # -- attacks -----------------------------------------------------------------------------------------------------

    def kill_sender(self) -> bool:
        """kill -9 of a process that is sending; False when nobody is."""
        if not (busy := self.busy()):
            return False
        _, pid = self.chance.choice(busy)
        os.kill(pid, signal.SIGKILL)
        self.in_flight += self.lines
        return True

    def kill_worker(self) -> bool:
        """kill -9 of a whole worker, started again at once."""
        worker = self.chance.choice(self.workers)
        self.in_flight += self.lines * max(len(pool_of(worker)), 1)
        self.processes.kill(worker)
        self.workers[self.workers.index(worker)] = self.processes.start_worker()
        return True

    def freeze_sender(self, seconds: float) -> bool:
        """SIGSTOP of a process that is sending; `thaw` goes on with it when the time is over."""
        awake = [(worker, pid) for worker, pid in self.busy() if pid not in self._frozen]
        if not awake:
            return False
        worker, pid = self.chance.choice(awake)
        self.in_flight += self.lines
        self.stopped_seconds = max(self.stopped_seconds, seconds + 30.0)  # `thaw` may have to wait for another attack
        os.kill(pid, signal.SIGSTOP)
        self._frozen[pid] = (worker, time.monotonic() + seconds)
        return True

    def thaw(self) -> None:
        """SIGCONT for whoever has been stopped long enough and still lives."""
        for pid, (worker, until) in list(self._frozen.items()):
            if time.monotonic() > until:
                del self._frozen[pid]
                if pid in pool_of(worker):
                    os.kill(pid, signal.SIGCONT)

    def roll_workers(self) -> bool:
        """A rolling restart: each one leaves when it has finished what is in flight. Causes no doubt."""
        for worker in list(self.workers):
            while any(worker is stopped for stopped, _ in self._frozen.values()):
                self.thaw()  # it can only leave awake
                time.sleep(0.1)
            self.workers[self.workers.index(worker)] = self.processes.start_worker()
            self.processes.leave(worker, 60)
        return True

    def crash_postgres(self, away_seconds: float = 0.0) -> bool:
        """Immediate restart."""
        self.in_flight += self.lines * len(self.workers)
        self.servers.crash_postgres(away_seconds)
        return True

    def fill_disk(self, size: int, seconds: float) -> bool:
        """PostgreSQL writes no further than `size` bytes in any file for a while; restarted if it does not bear that.

        The log begins a new file first, so that it is not what fails at once.
        """
        self.in_flight += self.lines * len(self.workers)
        self.insist(lambda session: session.execute(text("SELECT pg_switch_wal()")))
        self.servers.limit_files(size)
        time.sleep(seconds)
        if self.servers.postgres.is_running():
            self.servers.limit_files(-1)
            if self.state() is None:  # stuck in a recovery that could not write; whoever makes room restarts it
                self.servers.crash_postgres()
        self.start_postgres()
        return True

    def start_postgres(self) -> None:
        """Start it unless it runs: it may have ended by itself."""
        if not self.servers.postgres.is_running():
            self.servers.start_postgres()

    def empty_valkey(self, away_seconds: float = 0.0) -> bool:
        """kill -9, back empty."""
        self.servers.empty_valkey(away_seconds)
        return True

    def storm(self, times: int = 20) -> bool:
        """Pause and resume, as fast as it goes. Whoever pauses resumes, whatever happens to the database meanwhile."""
        for _ in range(times):
            for verb in (pause, resume):
                try:
                    self.insist(lambda session, verb=verb: verb(session, self.delivery_id, BY))  # type: ignore[misc]
                except Conflict:
                    if self.state() in (DeliveryState.SENT, DeliveryState.CANCELLED):
                        return True
        return True

    def unsubscribe(self, count: int) -> bool:
        """Some readers leave, each in a transaction of their own."""
        for message, subscription, address in self._readers(count):
            if subscription is not None:
                self.insist(lambda session, it=subscription: leave(session, it, form="one-click"))  # type: ignore[misc]
                self._left(message, address)
        return True

    def erase(self, count: int) -> bool:
        """Some readers are deleted."""
        for message, _, address in self._readers(count):
            gone = delete(Subscriber).where(Subscriber.address == address)
            self.insist(lambda session, it=gone: session.execute(it))  # type: ignore[misc]
            self._left(message, address)
        return True

    def press_send(self, times: int = 50) -> bool:
        """Send pressed again and again in parallel: everybody learns of the delivery there is."""

        def press(_: int) -> None:
            try:
                with transaction() as session:
                    send_issue(session, issue, by=BY, now=True, settings=get_settings())
            except (Conflict, *AWAY):
                return
            raise AssertionError("a second delivery of the same issue")

        issue = self.insist(lambda s: s.scalar(select(Delivery.issue_id).where(Delivery.id == self.delivery_id)))
        assert isinstance(issue, int)
        with ThreadPoolExecutor(10) as presses:
            list(presses.map(press, range(times)))
        return True

    def change_beats(self) -> bool:
        """One, two or three beats."""
        if len(self.beats) > 1 and self.chance.random() < 0.5:
            self.processes.kill(self.beats.pop())
        elif len(self.beats) < 3:
            self.beats.append(self.processes.start_beat())
        return True

    def set_clock(self, seconds: float) -> bool:
        """The wall clock of one machine is off by this from now on."""
        self.chance.choice(self.processes.clocks).set(seconds)
        return True

    def outdate(self, seconds: float = 7200.0) -> bool:
        """The database's clock jumps ahead, seen from what it decides: every lease, wait and rest is over.

        Whoever holds a lease looks silent until it is renewed, and may be cut off by a sweep.
        """
        self.in_flight += self.lines * len(self.workers)
        values = {"delivery": self.delivery_id, "seconds": seconds}
        for statement in _OUTDATE:
            self.insist(lambda session, it=statement: session.execute(text(it), values))  # type: ignore[misc]
        return True

    def _readers(self, count: int) -> list[tuple[int, int | None, str]]:
        """Some readers of the delivery that have not left yet: (message, subscription, address)."""
        lowest, highest = self.insist(
            lambda s: s.execute(
                select(func.min(Message.id), func.max(Message.id)).where(Message.delivery_id == self.delivery_id)
            ).one()
        )  # type: ignore[misc]
        chosen = {self.chance.randint(lowest, highest) for _ in range(count)} - self._gone
        wanted = select(Message.id, Message.subscription_id, Message.address).where(
            Message.delivery_id == self.delivery_id, Message.id.in_(chosen), Message.subscription_id.is_not(None)
        )
        return self.insist(lambda s: s.execute(wanted.order_by(Message.id)).all())  # type: ignore[return-value]

    def _left(self, message: int, address: str) -> None:
        self._gone.add(message)
        self.leaves.append(Leave(address, time.time()))
