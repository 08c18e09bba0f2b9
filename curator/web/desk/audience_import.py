"""The import of a CSV file in three steps: upload, look at it with a dry run, import. Rejected rows stay readable."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Query, Request, UploadFile
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from curator.accounts import audit
from curator.audience.columns import FIELDS, find_columns
from curator.audience.csv_file import look_at
from curator.audience.formulas import restore
from curator.audience.imports import ImportResult, import_csv, rejects_path
from curator.audience.models import ImportRun
from curator.audience.people import list_imports
from curator.errors import Invalid, NotFound
from curator.settings import get_settings
from curator.web.access import Db, Desk, Editor
from curator.web.desk.audience_person import RowId
from curator.web.desk.uploads import Upload, find_upload, forget_upload, keep_upload
from curator.web.pages import page

router = APIRouter(prefix="/n/{slug}/audience")

_SHOWN_ROWS, _SHOWN_COLUMNS, _SHOWN_REJECTS = 6, 12, 200


class Choices(BaseModel):
    """What the editor says about a file: where the fields are, and what the people agreed to. None: guess."""

    email: str | None = None
    name: str | None = None
    language: str | None = None
    state: str | None = None
    confirmed: bool = False
    tracking_consent: bool = False

    def mapping(self) -> dict[str, str]:
        """Field to column, for what was said."""
        given = {field: getattr(self, field) for field in FIELDS}
        return {field: column for field, column in given.items() if column is not None}


async def choices_of_form(request: Request) -> Choices:
    """The same choices, from a form."""
    given = {key: value for key, value in (await request.form()).items() if isinstance(value, str)}
    return Choices.model_validate({key: given[key] for key in Choices.model_fields if key in given})


@router.get("/import")
def start(request: Request, desk: Editor, db: Db) -> HTMLResponse:
    """Choose a file."""
    return _start(request, desk, db)


@router.post("/import")
def upload(request: Request, desk: Editor, db: Db, file: Annotated[UploadFile, File()]) -> Response:
    """Keep the file and go on to look at it, when it is one that can be read."""
    try:
        if not file.filename:
            raise Invalid("Choose a CSV file first.")
        look_at(file.file)
        kept = keep_upload(file.file, file.filename, desk.newsletter.id, get_settings())
    except Invalid as error:
        return _start(request, desk, db, problem=error.message, status=422)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/audience/import/{kept.token}", status_code=303)


@router.get("/import/{token}")
def preview(request: Request, desk: Editor, db: Db, token: str, choices: Annotated[Choices, Query()]) -> HTMLResponse:
    """The first rows, which column is what, and what an import would do. Nothing is written."""
    found = find_upload(token, desk.newsletter.id, get_settings())
    values = _look(found, choices)
    try:
        result = _run(db, desk, found, choices, dry_run=True)
    except Invalid as error:
        return _preview(request, desk, found, choices, values, None, problem=error.message)
    return _preview(request, desk, found, choices, values, result)


@router.post("/import/{token}")
def carry_out(
    request: Request, desk: Editor, db: Db, token: str, choices: Annotated[Choices, Depends(choices_of_form)]
) -> Response:
    """Import, then show what became of it."""
    found = find_upload(token, desk.newsletter.id, get_settings())
    try:
        result = _run(db, desk, found, choices, dry_run=False)
    except Invalid as error:
        return _preview(request, desk, found, choices, _look(found, choices), None, problem=error.message)
    facts = {"created": result.created, "updated": result.updated, "rejected": result.rejected, "run": result.run_id}
    audit.record(db, desk.by, "subscribers.imported", "newsletter", desk.newsletter.id, **facts)
    forget_upload(found)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/audience/imports/{result.run_id}", status_code=303)


@router.get("/imports/{run_id}")
def result_page(request: Request, desk: Editor, db: Db, run_id: RowId) -> HTMLResponse:
    """What an import did, with the rows it set aside."""
    run = _run_of(db, desk, run_id)
    rejected = run.read - run.created - run.updated - run.unchanged
    return page(
        request,
        "web/desk/audience_imported.html",
        desk=desk,
        current="audience",
        run=run,
        rejected=rejected,
        rejects=run.rejects[:_SHOWN_REJECTS],
    )


@router.get("/imports/{run_id}/rejects.csv")
def rejects(desk: Editor, db: Db, run_id: RowId) -> FileResponse:
    """Every rejected row with its line and reason."""
    path = rejects_path(db, desk.newsletter.id, run_id, get_settings())
    name = f"{desk.newsletter.slug}-rejected-{run_id}.csv"
    return FileResponse(
        path, media_type="text/csv; charset=utf-8", filename=name, headers={"Cache-Control": "no-store"}
    )


def _run(session: Session, desk: Desk, found: Upload, choices: Choices, *, dry_run: bool) -> ImportResult:
    return import_csv(
        session,
        desk.newsletter.id,
        found.path,
        mapping=choices.mapping(),
        confirmed=choices.confirmed,
        tracking_consent=choices.tracking_consent,
        dry_run=dry_run,
        actor=desk.by,
        file_name=found.name,
        settings=get_settings(),
    )


def _look(found: Upload, choices: Choices) -> dict[str, Any]:
    """The columns, the guessed or chosen places, and the first rows, for the page."""
    with found.path.open("rb") as file:
        shape = look_at(file)
    try:
        columns = find_columns(shape, choices.mapping())
    except Invalid:
        columns = find_columns(shape, {"email": "1"})  # none fits: let the editor choose
    rows = [row.cells for row in shape.sample if not row.problem][columns.has_header :][:_SHOWN_ROWS]
    return {
        "encoding": shape.encoding,
        "delimiter": {",": "comma", ";": "semicolon", "\t": "tab"}.get(shape.delimiter, shape.delimiter),
        "names": columns.names,
        "mapping": columns.mapping(),
        "rows": [[restore(cell)[:80] for cell in cells[:_SHOWN_COLUMNS]] for cells in rows],
        "shown_names": columns.names[:_SHOWN_COLUMNS],
    }


def _preview(
    request: Request,
    desk: Desk,
    found: Upload,
    choices: Choices,
    values: dict[str, Any],
    result: ImportResult | None,
    *,
    problem: str = "",
) -> HTMLResponse:
    return page(
        request,
        "web/desk/audience_preview.html",
        desk=desk,
        current="audience",
        status=422 if problem else 200,
        upload=found,
        choices=choices,
        result=result,
        problem=problem,
        **values,
    )


def _start(request: Request, desk: Desk, db: Session, *, problem: str = "", status: int = 200) -> HTMLResponse:
    return page(
        request,
        "web/desk/audience_import.html",
        desk=desk,
        current="audience",
        status=status,
        problem=problem,
        runs=list(_counted(list_imports(db, desk.newsletter.id))),
    )


def _counted(runs: list[ImportRun]) -> Iterator[tuple[ImportRun, int]]:
    """Each run with how many rows it rejected."""
    return ((run, run.read - run.created - run.updated - run.unchanged) for run in runs)


def _run_of(session: Session, desk: Desk, run_id: RowId) -> ImportRun:
    run = session.get(ImportRun, run_id)
    if run is None or run.newsletter_id != desk.newsletter.id:
        raise NotFound("There is no such import.")
    return run
