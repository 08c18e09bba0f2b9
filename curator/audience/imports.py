"""Import of people from CSV: a million rows by COPY into a staging table and a handful of statements over it.

A bad row is set aside with its line and a reason, the rest goes on. Importing again changes nothing. Whoever left
or is suppressed is never brought back. One transaction: an import that fails half-way leaves no trace.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.audience import staging
from curator.audience.addresses import LONGEST, address_hash, canonical
from curator.audience.clean import clean_language, clean_name
from curator.audience.columns import Columns, find_columns
from curator.audience.consent import wording_hash
from curator.audience.csv_file import Shape, look_at, read_rows
from curator.audience.formulas import neutralise, restore
from curator.audience.models import ImportRun
from curator.errors import Invalid, NotFound
from curator.settings import Settings

log = structlog.get_logger(__name__)

SHOWN_REJECTS = 1000  # kept with the run; the file has them all
UNCONFIRMED_NOTE = (
    "Imported as unconfirmed: these people get no mail until they confirm. "
    "No confirmation mail goes out to a whole import, and unconfirmed rows are deleted after {days} days."
)
_PROGRESS_EVERY = 10_000
# States in a file that say somebody must not be mailed, and those that say they have not confirmed.
_GONE = frozenset({"left", "unsubscribed", "uitgeschreven", "afgemeld", "bounced", "cleaned", "complained", "erased"})
_WAITING = frozenset({"pending", "unconfirmed", "onbevestigd"})


class ImportResult(NamedTuple):
    """What an import did, or would do. read = created + updated + unchanged + rejected, always."""

    read: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    rejects: list[tuple[int, str, str]]  # line, address as given, reason; the first SHOWN_REJECTS
    rejects_file: str | None
    note: str = ""
    run_id: int | None = None


def import_csv(
    session: Session,
    newsletter_id: int,
    path_or_file: str | Path | IO[bytes],
    *,
    mapping: Mapping[str, str],
    confirmed: bool,
    tracking_consent: bool,
    dry_run: bool,
    actor: str,
    file_name: str,
    settings: Settings,
    progress: Callable[[int], None] | None = None,
) -> ImportResult:
    """Bring the people of a CSV file into a newsletter.

    `mapping`: see `columns.find_columns`. `confirmed` declares that they confirmed elsewhere: they get mail at once;
    otherwise they are pending. `tracking_consent` declares the same for individual measuring. `progress` is told the
    rows read so far. A dry run writes nothing and counts the same. `Invalid` when the file as a whole cannot be used.
    """
    with _opened(path_or_file) as file:
        shape = look_at(file)
        columns = find_columns(shape, mapping)
        staged = _stage(file, shape, columns, settings.secret("pepper"), is_pending=not confirmed)
        session.flush()
        read = staging.copy_rows(session, _counted(staged, progress))
    counts = staging.make_plan(session, newsletter_id, tracking_consent=tracking_consent)
    rejected = read - counts.created - counts.updated - counts.unchanged
    rejects = staging.rejects(session, SHOWN_REJECTS)
    note = "" if confirmed or not counts.created else UNCONFIRMED_NOTE.format(days=settings.unconfirmed_days)
    result = ImportResult(read, *counts, rejected, rejects, None, note)
    if not dry_run:
        form = f"import {clean_name(file_name)}"
        wording = f"Imported by {actor}, declared as {'confirmed' if confirmed else 'not yet confirmed'}."
        staging.apply_plan(
            session,
            newsletter_id,
            {"wording": wording, "wording_hash": wording_hash(wording), "form": form, "actor": actor},
            tracking_consent=tracking_consent,
        )
        result = _keep_record(session, newsletter_id, result, actor, clean_name(file_name), settings)
    staging.drop(session)
    session.expire_all()
    log.info("subscribers_imported", newsletter=newsletter_id, dry_run=dry_run, read=read, **counts._asdict())
    return result


@contextmanager
def _opened(path_or_file: str | Path | IO[bytes]) -> Iterator[IO[bytes]]:
    if not isinstance(path_or_file, (str, Path)):
        yield path_or_file
        return
    try:
        file = Path(path_or_file).open("rb")  # noqa: SIM115 - closed below, apart from errors of reading
    except OSError as error:
        raise Invalid(f"{path_or_file} cannot be read: {error.strerror}.") from error
    with file:
        yield file


def rejects_path(session: Session, newsletter_id: int, run_id: int, settings: Settings) -> Path:
    """The file with the rejected rows of an import of this newsletter; `NotFound` when there is none."""
    found = session.scalar(select(ImportRun.id).where(ImportRun.id == run_id, ImportRun.newsletter_id == newsletter_id))
    path = _rejects_path(run_id, settings)
    if found is None or not path.is_file():
        raise NotFound("This import has no file of rejected rows.")
    return path


def _stage(
    file: IO[bytes], shape: Shape, columns: Columns, pepper: bytes, *, is_pending: bool
) -> Iterator[tuple[Any, ...]]:
    """The rows of the staging table, in the order of `staging.COLUMNS`."""
    is_header = columns.has_header
    at_email, at_name, at_language, at_state = columns[2:]
    for line, cells, problem in read_rows(file, shape):
        if is_header and not problem:
            is_header = False
            continue
        width = len(cells)
        given = restore(cells[at_email]) if at_email < width else ""
        state = cells[at_state].strip().lower() if at_state is not None and at_state < width else ""
        try:
            if problem or state in _GONE:
                raise Invalid(problem or f"The file says that this person is gone ({state}).")
            address, key = canonical(given)
        except Invalid as error:
            yield line, clean_name(given[:LONGEST]), None, None, "", "", False, error.message
            continue
        name = clean_name(restore(cells[at_name])) if at_name is not None and at_name < width else ""
        language = clean_language(cells[at_language]) if at_language is not None and at_language < width else ""
        yield line, address, key, address_hash(key, pepper), name, language, is_pending or state in _WAITING, None


def _counted(rows: Iterator[tuple[Any, ...]], progress: Callable[[int], None] | None) -> Iterator[tuple[Any, ...]]:
    number = 0
    for number, row in enumerate(rows, 1):
        yield row
        if progress and number % _PROGRESS_EVERY == 0:
            progress(number)
    if progress:
        progress(number)


def _keep_record(
    session: Session, newsletter_id: int, result: ImportResult, actor: str, file_name: str, settings: Settings
) -> ImportResult:
    """The row that remembers this import, and the file with every rejected row."""
    run = ImportRun(
        newsletter_id=newsletter_id,
        file_name=file_name,
        actor=actor,
        read=result.read,
        created=result.created,
        updated=result.updated,
        unchanged=result.unchanged,
        rejects=[{"line": line, "address": address, "reason": why} for line, address, why in result.rejects],
    )
    session.add(run)
    session.flush()
    if not result.rejected:
        return result._replace(run_id=run.id)
    path = _rejects_path(run.id, settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        path.chmod(0o600)
        writer = csv.writer(file)
        writer.writerow(("line", "address", "reason"))
        for line, address, why in staging.all_rejects(session):
            writer.writerow((line, neutralise(address), why))
    return result._replace(run_id=run.id, rejects_file=str(path))


def _rejects_path(run_id: int, settings: Settings) -> Path:
    return settings.home.absolute() / "imports" / f"rejects-{run_id}.csv"
