"""Import: what it creates, leaves alone and refuses with a reason, and that a second time changes nothing."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.audience.exports import export_csv
from curator.audience.imports import SHOWN_REJECTS, ImportResult, import_csv, rejects_path
from curator.audience.leave import leave, set_tracking
from curator.audience.models import (
    Consent,
    ConsentAction,
    ImportRun,
    Purpose,
    Scope,
    Subscriber,
    Subscription,
)
from curator.audience.suppress import suppress
from curator.errors import Invalid, NotFound
from curator.issues.models import Newsletter
from curator.settings import Settings

Add = Callable[..., Subscription]
Bring = Callable[..., ImportResult]


@pytest.fixture
def bring(session: Session, newsletter: Newsletter, settings: Settings) -> Bring:
    """Import a text into the newsletter, as confirmed unless said otherwise."""

    def bring_in(content: str | bytes, to: Newsletter | None = None, **more: Any) -> ImportResult:
        given = {"mapping": {}, "confirmed": True, "tracking_consent": False, "dry_run": False} | more
        file = io.BytesIO(content.encode() if isinstance(content, str) else content)
        return import_csv(
            session,
            (to or newsletter).id,
            file,
            actor="command line",
            file_name="people.csv",
            settings=settings,
            **given,
        )

    return bring_in


def counts(result: ImportResult) -> tuple[int, int, int, int, int]:
    return (result.read, result.created, result.updated, result.unchanged, result.rejected)


def people(session: Session) -> dict[str, tuple[str, str, str, bool]]:
    rows = session.execute(
        select(
            Subscriber.address, Subscriber.name, Subscriber.language, Subscription.state, Subscription.tracking_consent
        )
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .order_by(Subscription.id)
    )
    return {address: (name, language, state.value, tracking) for address, name, language, state, tracking in rows}


def evidence(session: Session) -> list[tuple[Purpose, ConsentAction]]:
    return [(c.purpose, c.action) for c in session.scalars(select(Consent).order_by(Consent.id))]


def test_bad_rows_are_set_aside_with_line_and_reason(session: Session, bring: Bring) -> None:
    result = bring(
        "email,name,language\r\n"
        "Anna@Example.org,Anna de Vries,nl-NL\r\n"
        "no address,Somebody,nl\r\n"
        "\r\n"
        'ben@example.org,"Ben,\r\nthe second",\r\n'
        "anna@example.org,Twin,nl\r\n"
        "cas@example.org\r\n"
        'dirk@example.org,"Dirk\r\n'
        "\u00ebva@example.org,Eva,nl\r\n"
    )
    assert counts(result) == (7, 3, 0, 0, 4)
    assert [(line, address) for line, address, _ in result.rejects] == [
        (3, "no address"),
        (7, "anna@example.org"),
        (9, ""),
        (10, "ëva@example.org"),
    ]
    reasons = [reason for *_, reason in result.rejects]
    assert "spaces" in reasons[0] and "line 2" in reasons[1] and "quote" in reasons[2] and "before the @" in reasons[3]
    assert people(session) == {
        "Anna@example.org": ("Anna de Vries", "nl", "active", False),
        "ben@example.org": ("Ben, the second", "", "active", False),
        "cas@example.org": ("", "", "active", False),
    }
    run = session.scalars(select(ImportRun)).one()
    assert (run.read, run.created, run.updated, run.unchanged, len(run.rejects)) == (7, 3, 0, 0, 4)
    assert run.rejects[0] == {"line": 3, "address": "no address", "reason": reasons[0]}


def test_file_of_rejects(
    session: Session, bring: Bring, newsletter: Newsletter, other: Newsletter, settings: Settings
) -> None:
    bad = "".join(f"=bad{n}\n" for n in range(SHOWN_REJECTS + 5))
    result = bring(f"email\n{bad}anna@example.org\n")
    assert result.rejects_file and result.run_id
    assert len(result.rejects) == SHOWN_REJECTS and result.rejected == SHOWN_REJECTS + 5
    with Path(result.rejects_file).open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["line", "address", "reason"] and len(rows) == SHOWN_REJECTS + 6
    assert rows[1][:2] == ["2", "'=bad0"], "formulas are defused"
    assert Path(result.rejects_file).stat().st_mode & 0o077 == 0
    assert str(rejects_path(session, newsletter.id, result.run_id, settings)) == result.rejects_file
    with pytest.raises(NotFound):
        rejects_path(session, other.id, result.run_id, settings)


def test_again_changes_nothing(session: Session, bring: Bring) -> None:
    text = "email,name\nanna@example.org,Anna\nben@example.org,Ben\nbad\n"
    bring(text, tracking_consent=True)
    before = (people(session), len(evidence(session)))
    assert counts(bring(text, tracking_consent=True)) == (3, 0, 0, 2, 1)
    assert (people(session), len(evidence(session))) == before


def test_evidence_of_an_import(session: Session, bring: Bring) -> None:
    bring("anna@example.org\n", tracking_consent=True)
    rows = session.scalars(select(Consent).order_by(Consent.purpose)).all()
    assert [(c.purpose, c.action, c.form, c.actor) for c in rows] == [
        (Purpose.TRACKING, ConsentAction.IMPORTED, "import people.csv", "command line"),
        (Purpose.MAIL, ConsentAction.IMPORTED, "import people.csv", "command line"),
    ]
    assert rows[0].wording and len(rows[0].wording_hash) == 32


def test_unconfirmed_wait(session: Session, bring: Bring) -> None:
    result = bring("anna@example.org\n", confirmed=False)
    assert "unconfirmed" in result.note
    assert people(session)["anna@example.org"][2] == "pending"
    assert session.scalars(select(Subscription.confirmed_at)).one() is None
    assert counts(bring("anna@example.org\n", confirmed=False)) == (1, 0, 0, 1, 0)
    assert counts(bring("anna@example.org\n")) == (1, 0, 1, 0, 0)
    assert people(session)["anna@example.org"][2] == "active"
    assert counts(bring("anna@example.org\n", confirmed=False)) == (1, 0, 0, 1, 0)
    assert people(session)["anna@example.org"][2] == "active", "an import never takes a confirmation back"


def test_who_left_stays_out(session: Session, bring: Bring, add: Add) -> None:
    subscription = add("anna@example.org")
    leave(session, subscription.id, form="one-click")
    result = bring("anna@example.org\nben@example.org\n")
    assert counts(result) == (2, 1, 0, 0, 1) and "left" in result.rejects[0][2]
    assert people(session)["anna@example.org"][2] == "left"


@pytest.mark.parametrize("scope", list(Scope))
def test_the_suppressed_stay_out(
    session: Session, bring: Bring, newsletter: Newsletter, settings: Settings, scope: Scope
) -> None:
    only = newsletter.id if scope is Scope.NEWSLETTER else None
    suppress(session, "anna@example.org", scope, newsletter_id=only, settings=settings)
    result = bring("ANNA@example.org\nben@example.org\n")
    assert counts(result) == (2, 1, 0, 0, 1) and scope.value in result.rejects[0][2]
    assert list(people(session)) == ["ben@example.org"]


def test_suppression_elsewhere_does_not_matter(
    bring: Bring, other: Newsletter, settings: Settings, session: Session
) -> None:
    suppress(session, "anna@example.org", Scope.NEWSLETTER, newsletter_id=other.id, settings=settings)
    assert bring("anna@example.org\n").created == 1


def test_names_of_people_who_read_other_newsletters_too(
    session: Session, bring: Bring, other: Newsletter, add: Add
) -> None:
    shared, own = add("shared@example.org", to=other), add("own@example.org")
    shared.subscriber.name = own.subscriber.name = "Old"
    blank = add("blank@example.org", to=other)
    session.flush()
    text = "email,name\nshared@example.org,New\nown@example.org,New\nblank@example.org,New\n"
    assert counts(bring(text)) == (3, 2, 1, 0, 0)
    bring(text)
    for person in (shared, own, blank):
        session.refresh(person.subscriber)
    assert (shared.subscriber.name, own.subscriber.name, blank.subscriber.name) == ("Old", "New", "New")
    assert counts(bring(text)) == (3, 0, 0, 3, 0)


def test_who_refused_measuring_is_not_measured_again(session: Session, bring: Bring, add: Add) -> None:
    refused, never_asked = add("anna@example.org", tracking_consent=True), add("ben@example.org")
    set_tracking(session, refused.id, False, form="/p")
    assert counts(bring("anna@example.org\nben@example.org\n", tracking_consent=True)) == (2, 0, 1, 1, 0)
    session.refresh(refused)
    session.refresh(never_asked)
    assert (refused.tracking_consent, never_asked.tracking_consent) == (False, True)


def test_dry_run_counts_the_same_and_writes_nothing(session: Session, bring: Bring, add: Add) -> None:
    add("ben@example.org", state="pending")
    text = "email,name\nanna@example.org,Anna\nben@example.org,Ben\nbad\n"
    before = people(session)
    dry = bring(text, dry_run=True)
    assert people(session) == before and evidence(session) == []
    assert session.scalar(select(func.count()).select_from(ImportRun)) == 0
    assert dry.rejects_file is None and dry.run_id is None
    assert counts(bring(text)) == counts(dry) == (3, 1, 1, 0, 1)
    assert dry.rejects[0][0] == 4


def test_export_comes_back_unchanged(session: Session, bring: Bring, add: Add, other: Newsletter) -> None:
    for number, name in enumerate(["=1+1", "'=1+1", "Anna, 'the' \"one\"", "Zoë 👩‍🚀", "-", ""]):
        add(f"+r{number}@example.org").subscriber.name = name
    add("pending@example.org", state="pending")
    gone = add("gone@example.org")
    leave(session, gone.id, form="/u")
    session.flush()
    newsletter_id = gone.newsletter_id
    exported = "".join(export_csv(session, newsletter_id))
    assert "'+r0@example.org,'=1+1," in exported
    before = people(session)
    result = bring(exported)
    assert counts(result) == (8, 0, 0, 7, 1), "nobody was confirmed or brought back by their own export"
    assert people(session) == before
    result = bring(exported, to=other)
    assert counts(result) == (8, 7, 0, 0, 1), "who left is not taken to another newsletter either"
    states = session.execute(
        select(Subscriber.address, Subscription.state).join(Subscription).where(Subscription.newsletter_id == other.id)
    )
    assert {address: state.value for address, state in states}["pending@example.org"] == "pending"
    names = session.scalars(select(Subscriber.name).order_by(Subscriber.id)).all()
    assert names[:5] == ["=1+1", "'=1+1", "Anna, 'the' \"one\"", "Zoë 👩‍🚀", "-"]


@pytest.mark.parametrize("codec", ["utf-8-sig", "cp1252", "utf-16"])
def test_encodings(session: Session, bring: Bring, codec: str) -> None:
    bring("e-mailadres;naam\nzoe@example.org;Zoë\n".encode(codec))
    assert people(session)["zoe@example.org"][0] == "Zoë"


def test_mapping(session: Session, bring: Bring) -> None:
    bring("a;b;c\nx;Anna;anna@example.org\n", mapping={"email": "c", "name": "B"})
    assert people(session)["anna@example.org"][0] == "Anna"


def test_progress_and_path(session: Session, newsletter: Newsletter, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email\n" + "".join(f"r{n}@example.org\n" for n in range(25_000)))
    told: list[int] = []
    result = import_csv(
        session, newsletter.id, path, mapping={}, confirmed=True, tracking_consent=False, dry_run=False,
        actor="command line", file_name=path.name, settings=settings, progress=told.append,
    )  # fmt: skip
    assert result.created == 25_000 and told == [10_000, 20_000, 25_000]
    hashes = session.scalar(select(func.count(func.distinct(Subscriber.address_hash))))
    assert hashes == 25_000


def test_file_that_cannot_be_used(session: Session, bring: Bring, newsletter: Newsletter, settings: Settings) -> None:
    for content in ("", "wie,waar\nAnna,hier\n", b"PK\x03\x04rest"):
        with pytest.raises(Invalid):
            bring(content)
    with pytest.raises(Invalid, match="cannot be read"):
        import_csv(
            session, newsletter.id, "/nowhere.csv", mapping={}, confirmed=True, tracking_consent=False, dry_run=False,
            actor="a", file_name="f", settings=settings,
        )  # fmt: skip


def test_nothing_can_be_smuggled_into_the_database(session: Session, bring: Bring) -> None:
    result = bring('email,name\n"a\x00b@example.org",x\nanna@example.org,"An\x00na\\N\t\x85"\n')
    assert counts(result) == (2, 1, 0, 0, 1)
    assert people(session)["anna@example.org"][0] == "An na\\N"
