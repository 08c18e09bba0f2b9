"""The processes: each command becomes one of them, or (`up`, `demo`) runs them all on this machine.

A command that is one process replaces itself by it, so that whoever started it holds the real thing by its number.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

import curator
from curator.settings import get_settings

if TYPE_CHECKING:
    from curator.embedded.supervisor import Supervisor


def demo() -> None:
    """Everything, with a mailbox and a sample newsletter, and a link to sign in."""
    from curator.embedded.supervisor import Supervisor

    with Supervisor(get_settings(), mailbox=True) as running:
        _use(running)
        from curator.demo.fill import fill, sign_in_address

        fill(running.settings)
        running.wait_ready()
        _tell(f"Curator is ready. Sign in once with {sign_in_address(running.settings)} (Ctrl-C stops everything)")
        running.run()


def up() -> None:
    """Everything but the mailbox and the sample."""
    from curator.embedded.supervisor import Supervisor

    with Supervisor(get_settings()) as running:
        _use(running)
        running.wait_ready()
        _tell(f"Curator is ready at {running.settings.public_url} (Ctrl-C stops everything). {_next_step()}".rstrip())
        running.run()


def web() -> None:
    """The pages, the public addresses and the tracking."""
    settings = get_settings()
    address = ("--host", settings.host, "--port", str(settings.port))
    quiet = ("--no-access-log", "--log-level", "warning", "--no-server-header", "--no-proxy-headers")
    stop = ("--timeout-graceful-shutdown", "3")  # pages that follow a delivery live hold their connection open
    _become("uvicorn", "curator.web.app:create_app", "--factory", *address, *quiet, *stop)


def worker(
    processes: Annotated[int, typer.Option(min=0, help="Processes; 0 takes the setting worker_processes.")] = 0,
    queues: Annotated[str, typer.Option(help="Only these, separated by commas; all when left out.")] = "",
) -> None:
    """One worker. Start as many as you like, on any number of machines."""
    _become("workers.main", f"--processes={processes}", *([f"--queues={queues}"] if queues else []))


def beat() -> None:
    """The scheduler. One is enough; two do no harm."""
    _become("workers.beat")


def receiver() -> None:
    """Takes mail for newsletters over SMTP or LMTP, behind a mail server of yours. Relays nothing."""
    _become("workers.receiver")


def mailbox() -> None:
    """An SMTP server on loopback that keeps what it receives and shows it at /mailbox. Delivers to nobody."""
    _become("curator.embedded.mailbox")


def _become(module: str, *arguments: str) -> NoReturn:
    """Replace this process by `python -m module`, with this very package first on the path."""
    ours = str(Path(curator.__file__).parents[1])
    others = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part and part != ours]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([ours, *others])}
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, "-P", "-m", module, *arguments], environment)  # noqa: S606


def _use(running: "Supervisor") -> None:
    """Settings and database of this process are those of the servers that have just been started."""
    os.environ.update(running.environment)
    get_settings.cache_clear()


def _next_step() -> str:
    """For a fresh installation: how the first person gets in."""
    from sqlalchemy import exists, select

    from curator.accounts.models import User
    from curator.db.session import transaction

    with transaction() as session:
        if session.scalar(select(exists(select(User.id)))):
            return ""
    return "Next: curator users add EMAIL --role owner, then curator users link EMAIL"


def _tell(line: str) -> None:
    print(line, flush=True)  # noqa: T201
