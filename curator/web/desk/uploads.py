"""Files on their way into an import: kept between upload and import, readable by us alone, gone after a day."""

import re
import secrets
import shutil
import time
from pathlib import Path
from typing import IO, NamedTuple

from curator.audience.clean import clean_name
from curator.errors import Invalid, NotFound
from curator.settings import Settings

LARGEST = 500_000_000  # bytes; about ten million people
_KEPT_SECONDS = 24 * 3600
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")


class Upload(NamedTuple):
    """A file that was uploaded for one newsletter. `name` is what it was called, for people only."""

    token: str
    path: Path
    name: str


def keep_upload(file: IO[bytes], name: str, newsletter_id: int, settings: Settings) -> Upload:
    """Store the file; `Invalid` when it is too large. Uploads of yesterday are removed."""
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    _remove_old(folder)
    token = secrets.token_urlsafe(16)
    path = _path(folder, newsletter_id, token)
    path.touch(mode=0o600)
    file.seek(0, 2)
    if file.tell() > LARGEST:
        raise Invalid(f"The file is larger than {LARGEST // 1_000_000} MB. Split it, or use the command line.")
    file.seek(0)
    with path.open("wb") as kept:
        shutil.copyfileobj(file, kept, 1_048_576)
    path.with_suffix(".name").write_text(clean_name(name) or "people.csv")
    return Upload(token, path, clean_name(name) or "people.csv")


def find_upload(token: str, newsletter_id: int, settings: Settings) -> Upload:
    """The upload of this token for this newsletter; `NotFound` for any other."""
    path = _path(_folder(settings), newsletter_id, token)
    if not _TOKEN.fullmatch(token) or not path.is_file():
        raise NotFound("This file is not here any more. Upload it again.")
    return Upload(token, path, path.with_suffix(".name").read_text())


def forget_upload(upload: Upload) -> None:
    """Remove the file."""
    upload.path.unlink(missing_ok=True)
    upload.path.with_suffix(".name").unlink(missing_ok=True)


def _folder(settings: Settings) -> Path:
    return settings.home.absolute() / "imports" / "uploads"


def _path(folder: Path, newsletter_id: int, token: str) -> Path:
    return folder / f"{newsletter_id}-{token}.csv"


def _remove_old(folder: Path) -> None:
    before = time.time() - _KEPT_SECONDS
    for path in folder.iterdir():
        if path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
