"""Bringing in a file: feeds of a list become sources; bookmarks, or links of a table, become articles. Told by row."""

from typing import IO, Annotated, Any

from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from curator.accounts.audit import record
from curator.audience.clean import clean_name
from curator.audience.csv_file import look_at_links, read_rows
from curator.errors import CuratorError, Invalid
from curator.sources.adding import watch_all
from curator.sources.intake import Way
from curator.sources.link_files import LARGEST, is_bookmarks, links_in_rows, read_bookmarks
from curator.sources.link_import import import_links
from curator.sources.models import CapturedBy
from curator.sources.opml import is_opml, read_opml
from curator.web.access import Db, Desk, Editor
from curator.web.pages import page

router = APIRouter()


@router.get("/n/{slug}/import")
def start(request: Request, desk: Editor) -> HTMLResponse:
    """Choose a file."""
    return _page(request, desk)


@router.post("/n/{slug}/import")
def bring(request: Request, desk: Editor, db: Db, file: Annotated[UploadFile, File()]) -> HTMLResponse:
    """Take in what is in the file and say what became of every row."""
    name = clean_name(file.filename or "")
    try:
        with db.begin_nested():
            if not name:
                raise Invalid("Choose a file first.")
            report = _take(db, desk, file.file, name)
    except CuratorError as error:
        return _page(request, desk, problem=error.message, status=422)
    counts = {key: value for key, value in report.items() if isinstance(value, int)}
    record(db, desk.by, "file.imported", "newsletter", desk.newsletter.id, file=name, **counts)
    return page(request, "web/desk/imported.html", desk=desk, current="this-week", name=name, **report)


def _take(db: Session, desk: Desk, file: IO[bytes], name: str) -> dict[str, Any]:
    file.seek(0, 2)
    if file.tell() > LARGEST:
        raise Invalid(f"The file is larger than {LARGEST // 1_000_000} MB. Split it.")
    file.seek(0)
    head = file.read(8_000)
    file.seek(0)
    if is_opml(head):
        outcomes = watch_all(db, desk.newsletter.id, read_opml(file.read()))
        return {"kind": "feeds", "outcomes": outcomes, "added": sum(one.outcome == "added" for one in outcomes)}
    links = read_bookmarks(file) if is_bookmarks(head) else links_in_rows(read_rows(file, look_at_links(file)))
    report = import_links(db, desk.newsletter.id, links, Way(CapturedBy.IMPORT, name))
    if not report.read:
        raise Invalid("There is no link in this file.")
    return {"kind": "links", "report": report, "added": report.added}


def _page(request: Request, desk: Desk, *, problem: str = "", status: int = 200) -> HTMLResponse:
    return page(request, "web/desk/import.html", desk=desk, current="this-week", problem=problem, status=status)
