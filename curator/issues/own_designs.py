"""Designs that administrators write: a copy of one of ours to begin with, and a version for every time one is saved.

A version is never changed: restoring an old one makes a new one of it. A newsletter uses the newest version.
Whether a design can be rendered is judged before it comes here: see curator/editions/design_rules.py.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.accounts.audit import record
from curator.errors import Conflict, Invalid, NotFound
from curator.issues.brand import DESIGNS, check_design
from curator.issues.models import Design, DesignVersion, Issue, IssueState, Newsletter
from curator.issues.text import clean_line, clean_text

FILES = ("issue.html", "parts.html", "inline.css", "adaptive.css")
"""The files of a design; the first is the page, the others are what it includes as `design/…`."""

MOST_CHARACTERS = 100_000
MOST_DESIGNS = 20


def start_design(
    session: Session, newsletter: Newsletter, name: str, *, based_on: str, files: Mapping[str, str], by: str
) -> Design:
    """A design of the newsletter's own, with `files` as its first version. Files it lacks are those of `based_on`."""
    title = clean_line(name, limit=60, what="The design's name")
    if not title or title.lower() in DESIGNS:
        raise Invalid("Give your design a name of its own, other than those that come with Curator.", field="name")
    if len(list_designs(session, newsletter.id)) >= MOST_DESIGNS:
        raise Invalid(f"A newsletter has at most {MOST_DESIGNS} designs of its own. Change one of them.", field="name")
    values = {"newsletter_id": newsletter.id, "name": title, "based_on": check_design(based_on)}
    statement = (
        insert(Design)
        .values(values)
        .on_conflict_do_nothing(index_elements=["newsletter_id", "name"], index_where=Design.deleted_at.is_(None))
    )
    made: Design | None = session.scalar(statement.returning(Design))
    if made is None:
        raise Conflict(f"There is already a design “{title}”. Choose another name.", field="name")
    session.add(DesignVersion(design_id=made.id, number=1, files=check_files(files), by=by, note="Copied"))
    session.flush()
    record(session, by, "design.started", "design", made.id, name=title, based_on=based_on)
    return made


def save_version(
    session: Session, design: Design, files: Mapping[str, str], *, by: str, after: int | None = None, note: str = ""
) -> DesignVersion:
    """The files as a new version, or the newest when nothing changed.

    `after` is the version they were made from: `Conflict` when somebody saved another one since.
    """
    session.execute(select(Design.id).where(Design.id == design.id).with_for_update())
    newest = newest_version(session, design.id)
    checked = check_files(files)
    if after is not None and after != newest.number:
        raise Conflict(
            f"{newest.by} saved version {newest.number} while you were writing. Your text is still here: "
            "look at theirs in the list, take over what you need, and save again.",
            newest=newest.number,
        )
    if checked == newest.files:
        return newest
    made = DesignVersion(
        design_id=design.id,
        number=newest.number + 1,
        files=checked,
        by=by,
        note=clean_line(note, limit=120, what="The note"),
    )
    session.add(made)
    session.flush()
    record(session, by, "design.saved", "design", design.id, name=design.name, version=made.number)
    return made


def restore_version(session: Session, design: Design, number: int, *, by: str) -> DesignVersion:
    """Version `number` as it was, as the newest one."""
    return save_version(session, design, get_version(session, design.id, number).files, by=by, note=f"As in {number}")


def delete_design(session: Session, newsletter: Newsletter, design: Design, *, by: str) -> None:
    """Offer a design no more; what was sent in it keeps its versions. `Conflict` while the newsletter uses it."""
    session.execute(select(Design.id).where(Design.id == design.id).with_for_update())  # nobody chooses it meanwhile
    session.refresh(newsletter)
    if newsletter.design == design.name:
        drafts = select(Issue.number).where(Issue.newsletter_id == newsletter.id, Issue.state == IssueState.DRAFT)
        numbers = session.scalars(drafts.order_by(Issue.number)).all()
        named = f" {_drafts_in_words(numbers)} would be sent in it." if numbers else ""
        raise Conflict(f"“{design.name}” is the design of the newsletter.{named} Choose another design first.")
    design.deleted_at = func.now()
    session.flush()
    record(session, by, "design.deleted", "design", design.id, name=design.name)


def _drafts_in_words(numbers: Sequence[int]) -> str:
    listed = ", ".join(map(str, numbers[:10])) + (" …" if len(numbers) > 10 else "")
    return f"The draft of issue {listed}" if len(numbers) == 1 else f"The drafts of issues {listed}"


def get_design(session: Session, newsletter_id: int, design_id: int) -> Design:
    """This newsletter's own design, or `NotFound`."""
    return _one(session.scalar(_kept(newsletter_id).filter_by(id=design_id)))


def find_design(session: Session, newsletter_id: int, name: str) -> Design:
    """The same by its name."""
    return _one(session.scalar(_kept(newsletter_id).filter_by(name=name)))


def list_designs(session: Session, newsletter_id: int) -> list[Design]:
    """All designs of the newsletter's own, by name."""
    return list(session.scalars(_kept(newsletter_id).order_by(Design.name)))


def list_versions(session: Session, design_id: int) -> list[DesignVersion]:
    """All versions, newest first."""
    query = select(DesignVersion).filter_by(design_id=design_id).order_by(DesignVersion.number.desc())
    return list(session.scalars(query))


def newest_version(session: Session, design_id: int) -> DesignVersion:
    """The version that is used."""
    query = select(DesignVersion).filter_by(design_id=design_id).order_by(DesignVersion.number.desc()).limit(1)
    return session.scalars(query).one()


def get_version(session: Session, design_id: int, number: int) -> DesignVersion:
    """One version, or `NotFound`."""
    found = session.scalar(select(DesignVersion).filter_by(design_id=design_id, number=number))
    if found is None:
        raise NotFound("There is no such version of this design.", number=number)
    return found


def check_files(files: Mapping[str, str]) -> dict[str, str]:
    """The files cleaned; `Invalid` for one that is unknown, a page that is missing, or too much text."""
    unknown = set(files) - set(FILES)
    if unknown:
        raise Invalid(f"A design has the files {', '.join(FILES)}, not {', '.join(sorted(unknown))}.")
    cleaned = {
        name: clean_text(files[name], limit=MOST_CHARACTERS, what=name) for name in FILES if files.get(name, "").strip()
    }
    if FILES[0] not in cleaned:
        raise Invalid(f"The page, {FILES[0]}, is empty. Start again from a copy of a design.")
    return cleaned


def _kept(newsletter_id: int) -> Select[Design]:
    return select(Design).where(Design.newsletter_id == newsletter_id, Design.deleted_at.is_(None))


def _one(design: Design | None) -> Design:
    if design is None:
        raise NotFound("There is no such design of this newsletter's own.")
    return design
