"""Everything at once: `make chaos` (RECIPIENTS=100000 MINUTES=10 SEED=…). Prints its seed first, for another run of it.

Real workers, two beats, PostgreSQL and Valkey of its own, wall clocks that are set at will, a sink that misbehaves in
every phase, and an attack drawn every few seconds. One delivery after another until the time is over, each judged by
all invariants; exit 1 when one is broken. Loopback only; ends by itself; kills nothing but what it started.
"""

import argparse
import contextlib
import json
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

import curator.db.session as database
from curator.db.session import transaction
from curator.delivery.models import Delivery, DeliveryState
from curator.delivery.plan import resume
from curator.errors import Conflict
from curator.issues.models import Newsletter
from curator.settings import get_settings
from tests.faults.campaign import BY, Campaign
from tests.faults.cast import a_newsletter, aim, an_issue, start
from tests.faults.certificates import Authority
from tests.faults.check import read_lines
from tests.faults.evidence import collect
from tests.faults.invariants import Verdict, verdict
from tests.faults.servers import ROOT, Processes, Servers

LINES = 16
RATES = (None, 400.0, 1500.0)
MACHINES = 3
CLOCKS = (-86_400.0, -3600.0, -5.0, 0.0, 5.0, 3600.0, 86_400.0)
FREEZE_SECONDS = 7.0  # the lease is 5
EXPIRED_SECONDS = 3.0
SAY_SECONDS = 10.0
SLOWEST = 100.0
"""Messages a second that even a delivery under attack must reach: with outages, lease and 60 s, the time allowed."""

MISBEHAVIOUR = {
    "connect": ["close", "reset", "421 4.3.2 later", "stall", "garbage"],
    "ehlo": ["close", "421 4.3.2 later", "slow", "garbage"],
    "mail": ["close", "reset", "451 4.3.0 later", "stall", "split", "late", "garbage"],
    "rcpt": ["close", "450 4.2.1 later", "452 4.2.2 full", "550 5.1.1 nobody here", "slow", "lines", "late"],
    "data": ["close", "reset", "451 4.3.0 later", "454 4.7.0 not now", "split", "stall"],
    "body": ["close", "reset", "421 4.3.2 later", "slow", "stall"],
    "dot": ["close", "reset", "421 4.3.2 later", "451 4.3.0 later", "stall", "552 5.2.2 full", "late", "garbage"],
    "after": ["close", "reset", "stall", "late", "slow", "250 2.0.0 taken, goodbye", "garbage"],
    "idle": ["421 4.4.2 idle for too long", "close", "reset"],
}


class SinkProcess:
    """A sink of its own process, with a log of its own; ends with us."""

    def __init__(self, log: Path, seed: int, certificate: Path | None = None) -> None:
        self.log = log
        words = [
            sys.executable,
            "-m",
            "tests.sink",
            "--obey",
            "--log",
            str(log),
            "--faults",
            json.dumps({"seed": seed}),
            *(["--certificate", str(certificate)] if certificate is not None else []),
        ]
        self._process = subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def misbehave(self, plan: dict[str, list[tuple[float, str]]]) -> bool:
        """From now on, this goes wrong."""
        return self._order(plan)

    def show(self, certificate: Path) -> bool:
        """From now on, this is shown to new connections."""
        return self._order(str(certificate))

    def _order(self, order: object) -> bool:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        return True

    def stop(self) -> None:
        """Write the rest of the log and end."""
        self._process.terminate()
        self._process.wait(30)


class Chaos:
    """The deliveries of one run."""

    def __init__(
        self,
        campaign: Campaign,
        chance: random.Random,
        folder: Path,
        authority: Authority,
        ends_at: float,
        seed: int,
    ) -> None:
        self.campaign = campaign
        self.authority = authority
        self.chance = chance
        self.folder = folder
        self.ends_at = ends_at
        self.seed = seed
        self.attacks: Counter[str] = Counter()
        self.outage_seconds = 0.0
        self._is_tls = False
        self._expired_at: float | None = None

    def deliver(self, newsletter_id: int, number: int, recipients: int) -> Verdict:
        """One delivery to everybody, attacked until it is sent or the time is over, and judged."""
        rate = self.chance.choice(RATES)
        self._is_tls, self._expired_at = self.chance.random() < 0.5, None
        certificate = self.authority.good if self._is_tls else None
        sink = SinkProcess(self.folder / f"sink-{number}.log", self.seed + number, certificate)
        try:
            delivery_id = self._begin(newsletter_id, sink.port, rate)
            way = "by TLS" if self._is_tls else "without TLS"
            say(f"delivery {number}: {recipients} recipients, rate {rate or 'unlimited'}, {way}")
            self.campaign.begin(delivery_id)
            self.outage_seconds = 0.0
            began = time.monotonic()
            allowed = recipients / min(SLOWEST, rate or SLOWEST) + 5 + 60
            self._fight(sink, allowed)
            seconds = time.monotonic() - began
        finally:
            sink.stop()
        return self._judge(delivery_id, sink.log, rate, seconds, allowed + self.outage_seconds)

    def _begin(self, newsletter_id: int, port: int, rate: float | None) -> int:
        def begin(session: Session) -> Delivery:
            aim(session, port, connections=LINES, rate=rate, security="tls" if self._is_tls else "none")
            return start(session, get_settings(), an_issue(session, session.get_one(Newsletter, newsletter_id)))

        found = self.campaign.insist(begin)
        assert isinstance(found, Delivery)
        return found.id

    def _fight(self, sink: SinkProcess, allowed: float) -> None:
        """Attack after attack; peace when the time is over, so that the end can be waited for."""
        started, next_attack, next_word = time.monotonic(), time.monotonic() + 1.0, 0.0
        is_peace, c = False, self.campaign
        while (state := self.campaign.state()) not in (DeliveryState.SENT, DeliveryState.CANCELLED):
            now = time.monotonic()
            c.thaw()
            c.revive()
            self._replace(sink, state)
            if now - started > allowed + self.outage_seconds:
                return
            if now > next_word:
                next_word = now + SAY_SECONDS
                attacks = ", ".join(f"{name} {count}" for name, count in sorted(self.attacks.items()))
                where = state or "database away"
                say(f"{where}, {accepted(sink.log)} accepted; {attacks or 'no attack'}; {c.revived} revived")
            if not is_peace and now > self.ends_at:
                is_peace = True
                sink.misbehave({})
                say("the time is over: no more attacks")
            elif not is_peace and now > next_attack:
                self._attack(sink)
                next_attack = time.monotonic() + self.chance.uniform(0.5, 6.0)
            time.sleep(0.1)

    def _attack(self, sink: SinkProcess) -> None:
        c, chance = self.campaign, self.chance
        attacks: dict[str, tuple[float, Callable[[], object]]] = {
            "kill sender": (4, c.kill_sender),
            "kill worker": (2, c.kill_worker),
            "freeze": (2, lambda: c.freeze_sender(FREEZE_SECONDS)),
            "roll workers": (1, c.roll_workers),
            "crash postgres": (2, lambda: c.crash_postgres(chance.choice((0.0, 0.5, 3.0)))),
            "empty valkey": (2, lambda: c.empty_valkey(chance.choice((0.0, 0.5, 3.0)))),
            "all servers": (1, lambda: (c.empty_valkey(), c.crash_postgres(1.0))),
            "pause storm": (1, c.storm),
            "unsubscribe": (4, lambda: c.unsubscribe(20)),
            "erase": (2, lambda: c.erase(5)),
            "press send": (1, c.press_send),
            "beats": (1, c.change_beats),
            "set clock": (3, lambda: c.set_clock(chance.choice(CLOCKS))),
            "outdate": (1, c.outdate),
            "fill disk": (
                1,
                lambda: c.fill_disk(chance.choice((100_000, 1 << 20, 4 << 20)), chance.choice((1.0, 4.0))),
            ),
            "certificate": (2 * self._is_tls, lambda: self._expire(sink)),
            "relay": (5, lambda: sink.misbehave(self._plan())),
        }
        name = chance.choices(list(attacks), [weight for weight, _ in attacks.values()])[0]
        began = time.monotonic()
        if attacks[name][1]():
            self.attacks[name] += 1
        self.outage_seconds += time.monotonic() - began

    def _expire(self, sink: SinkProcess) -> bool:
        """The relay's certificate is over, and lines have to be opened again; `_replace` mends it."""
        if self._expired_at is not None:
            return False
        self._expired_at = time.monotonic()
        return sink.show(self.authority.expired) and sink.misbehave({"mail": [(0.2, "421 4.3.2 restarting")]})

    def _replace(self, sink: SinkProcess, state: DeliveryState | None) -> None:
        """A person sees why it is paused, puts a good certificate in place, and resumes."""
        if self._expired_at is not None and time.monotonic() > self._expired_at + EXPIRED_SECONDS:
            sink.show(self.authority.good)
            self.outage_seconds += time.monotonic() - self._expired_at
            self._expired_at = None
        if self._is_tls and self._expired_at is None and state is DeliveryState.PAUSED:
            with contextlib.suppress(Conflict):
                self.campaign.insist(lambda session: resume(session, self.campaign.delivery_id, BY))

    def _plan(self) -> dict[str, list[tuple[float, str]]]:
        """What the relay does wrong for a while: a few things in some phases, or, now and then, nothing works."""
        chance = self.chance
        if chance.random() < 0.1:
            return {"connect": [(1.0, "close")], "mail": [(1.0, "421 4.3.2 shutting down")]}
        phases = chance.sample(list(MISBEHAVIOUR), chance.randint(1, 5))
        return {
            phase: [(chance.uniform(0.0005, 0.01), act) for act in chance.sample(MISBEHAVIOUR[phase], 2)]
            for phase in phases
        }

    def _judge(self, delivery_id: int, log: Path, rate: float | None, seconds: float, allowed: float) -> Verdict:
        seen: dict[str, Any] = {
            "leaves": self.campaign.leaves,
            "in_flight": self.campaign.in_flight,
            "stopped_seconds": self.campaign.stopped_seconds,
            "rate": rate,
            "seconds": seconds,
            "allowed_seconds": allowed,
        }
        with transaction() as session:
            evidence = collect(session, delivery_id, read_lines(log), **seen)
        found = verdict(evidence)
        say(
            f"judged after {seconds:.0f} s (allowed {allowed:.0f}): {dict(Counter(row.state for row in evidence.rows))}"
        )
        doubts = evidence.doubts_of_the_sink()
        say(f"in flight at faults: at most {evidence.in_flight}, and {doubts} left unanswered by the sink")
        print(found.table(), flush=True)
        if not found.is_clean:
            print(found.broken(), flush=True)
        return found


def main() -> int:
    """Set up, deliver until the time is over, say what held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipients", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--keep", type=Path, help="leave the logs of a run that broke something here")
    chosen = parser.parse_args()
    seed = chosen.seed if chosen.seed is not None else secrets.randbelow(10**6)
    print(f"SEED={seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="curator-chaos-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        verdicts = run(folder, seed, chosen.recipients, chosen.minutes)
        is_clean = all(each.is_clean for each in verdicts)
        if not is_clean and chosen.keep:
            chosen.keep.mkdir(parents=True, exist_ok=True)
            for path in folder.glob("*.log"):
                (chosen.keep / path.name).write_bytes(path.read_bytes())
    print(f"{len(verdicts)} deliveries, seed {seed}: {'every invariant held' if is_clean else 'BROKEN'}", flush=True)
    return 0 if is_clean else 1


def run(folder: Path, seed: int, recipients: int, minutes: float) -> list[Verdict]:
    """The verdicts on the deliveries of one run."""
    chance = random.Random(seed)
    verdicts: list[Verdict] = []
    with Servers(folder, durable=True) as servers, Processes(folder, machines=MACHINES) as processes:
        environment = servers.environment
        os.environ.update(environment)
        get_settings.cache_clear()
        database.get_engine.cache_clear()
        authority = Authority(folder)
        processes.environment.update({**environment, "SSL_CERT_FILE": str(authority.path)})
        with transaction() as session:
            newsletter_id = a_newsletter(session, get_settings(), recipients).id
        say("the audience is there")
        ends_at = time.monotonic() + minutes * 60
        campaign = Campaign(servers, processes, chance, lines=LINES)
        chaos = Chaos(campaign, chance, folder, authority, ends_at, seed)
        while time.monotonic() < ends_at and all(each.is_clean for each in verdicts):
            verdicts.append(chaos.deliver(newsletter_id, len(verdicts) + 1, recipients))
        database.get_engine().dispose()
    return verdicts


def accepted(log: Path) -> int:
    """Messages in a sink's log."""
    with log.open("rb") as file:
        return sum(b'"fault"' not in line for line in file)


def say(words: str) -> None:
    """A line of progress."""
    print(f"{time.strftime('%H:%M:%S')} {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
