"""The audience at the desk: counts, people, import in three steps, one person; and nothing of another newsletter."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.accounts.models import AuditEntry, User
from curator.audience.addresses import address_hash
from curator.audience.imports import import_csv
from curator.audience.models import Scope, Subscriber, Subscription, SubscriptionState, Suppression
from curator.delivery.models import Notice
from curator.issues.models import Newsletter
from curator.settings import Settings
from tests.web.conftest import Browser, Cast

Open = Callable[[User], Browser]
HERE = "/n/weekly/audience"


@pytest.fixture
def bring(session: Session, settings: Settings, tmp_path: Any) -> Callable[..., None]:
    """Put people into a newsletter."""

    def bring_in(newsletter: Newsletter, text: str) -> None:
        path = tmp_path / "people.csv"
        path.write_text(text)
        import_csv(
            session, newsletter.id, path, mapping={}, confirmed=True, tracking_consent=False, dry_run=False,
            actor="test", file_name="people.csv", settings=settings,
        )  # fmt: skip

    return bring_in


@pytest.fixture
def people(bring: Callable[..., None], cast: Cast) -> None:
    bring(cast.weekly, "email,name\nanna@example.org,Anna de Vries\nben@example.org,<b>Ben</b>\n")
    bring(cast.other, "email,name\nsecret@example.org,Secret\nanna@example.org,\n")


def upload(client: Browser, content: bytes, name: str = "people.csv", slug: str = "weekly") -> Any:
    return client.post(
        f"/n/{slug}/audience/import",
        data={"csrf_token": client.csrf_token},
        files={"file": (name, content, "text/csv")},
        follow_redirects=False,
    )


def subscription_of(session: Session, address: str, newsletter: Newsletter) -> Subscription:
    return session.scalars(
        select(Subscription)
        .join(Subscriber)
        .where(Subscriber.address == address, Subscription.newsletter_id == newsletter.id)
    ).one()


@pytest.mark.usefixtures("people")
def test_people_of_this_newsletter_only(browser: Open, cast: Cast) -> None:
    client = browser(cast.editor)
    shown = client.get(HERE).text
    assert "anna@example.org" in shown and "ben@example.org" in shown and "secret@example.org" not in shown
    assert "&lt;b&gt;Ben" in shown and "<b>Ben" not in shown
    assert "<meter" in shown
    assert "ben@" not in client.get(f"{HERE}?search=vries").text
    assert "anna@" not in client.get(f"{HERE}?state=left").text
    assert client.get(f"{HERE}?state=nonsense").status_code == 422
    assert client.get("/n/other/audience").status_code == 404


def test_page_after_page(bring: Callable[..., None], browser: Open, cast: Cast) -> None:
    bring(cast.weekly, "".join(f"r{n:03}+x@example.org\n" for n in range(120)))
    client, seen, address = browser(cast.viewer), [], f"{HERE}?search=example"
    while address:
        shown = client.get(address).text
        seen += re.findall(r">(r\d+\+x@example\.org)<", shown)
        found = re.search(r'rel="next" href="([^"]+)"', shown)
        address = found[1].replace("&amp;", "&") if found else ""
    assert seen == [f"r{n:03}+x@example.org" for n in range(120)]


def test_viewers_only_look(browser: Open, cast: Cast, session: Session) -> None:
    client = browser(cast.viewer)
    assert client.get(HERE).status_code == 200 and "/import" not in client.get(HERE).text
    for path in ("/import", "/export.csv"):
        assert client.get(HERE + path).status_code == 403
    assert client.submit(f"{HERE}/add", address="anna@example.org").status_code == 403  # type: ignore[attr-defined]
    assert client.submit(f"{HERE}/suppress", address="anna@example.org").status_code == 403  # type: ignore[attr-defined]
    assert session.scalar(select(func.count()).select_from(Subscriber)) == 0


def test_import_in_three_steps(session: Session, browser: Open, cast: Cast) -> None:
    client = browser(cast.editor)
    assert 'type="file"' in client.get(f"{HERE}/import").text
    kept = upload(client, "Naam;Waar\nAnna;anna@example.org\nBen;=bad\nCas;cas@example.org\n".encode("utf-16"))
    assert kept.status_code == 303
    step = kept.headers["location"]
    looked = client.get(step)
    assert looked.status_code == 200 and "utf-16" in looked.text and "=bad" in looked.text
    assert "unconfirmed" in looked.text
    assert session.scalar(select(func.count()).select_from(Subscriber)) == 0
    sure = client.get(f"{step}?email=Waar&name=Naam&language=&state=&confirmed=true").text
    assert re.search(r"<input[^>]*csrf_token", sure.partition("/audience/import/")[2]) is None
    assert "Import 2 people" in sure and 'name="confirmed" value="true" checked' in sure
    done = client.submit(step, email="Waar", name="Naam", language="", state="", confirmed="true")
    assert done.status_code == 303  # type: ignore[attr-defined]
    result = done.headers["location"]  # type: ignore[attr-defined]
    shown = client.get(result).text
    assert "=bad" in shown and 'class="number">3<' in shown
    file = client.get(f"{result}/rejects.csv")
    assert file.status_code == 200 and "'=bad" in file.text and "attachment" in file.headers["content-disposition"]
    assert session.scalars(select(Subscriber.name).order_by(Subscriber.id)).all() == ["Anna", "Cas"]
    assert {s.state for s in session.scalars(select(Subscription))} == {SubscriptionState.ACTIVE}
    assert client.get(step).status_code == 404, "the file is gone once it is imported"
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "subscribers.imported")).one()
    assert entry.actor == cast.editor.address_key and entry.detail["created"] == 2
    assert "example.org" not in str(entry.detail)


def test_mapping_can_be_corrected(browser: Open, cast: Cast) -> None:
    client = browser(cast.editor)
    step = upload(client, b"a,b\nx,y\n").headers["location"]
    assert "No column holds addresses" in client.get(step).text
    wrong = client.submit(step, email="nonsense")
    assert wrong.status_code == 422  # type: ignore[attr-defined]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\n\n", b'"never closed'])
def test_files_that_cannot_be_read(browser: Open, cast: Cast, content: bytes) -> None:
    answer = upload(browser(cast.editor), content)
    assert answer.status_code == 422 and 'role="alert"' in answer.text


def test_uploads_belong_to_one_newsletter(
    session: Session, browser: Open, cast: Cast, settings: Settings, bring: Callable[..., None]
) -> None:
    owner, editor = browser(cast.owner), browser(cast.editor)
    step = upload(owner, b"secret@example.org\nbad\n", slug="other").headers["location"]
    token = step.rsplit("/", 1)[1]
    for wrong in (token, "../../secrets", "x" * 22, "..%2F..%2Fsecrets"):
        assert editor.get(f"{HERE}/import/{wrong}").status_code == 404
    result = owner.submit(step, confirmed="true").headers["location"]  # type: ignore[attr-defined]
    run_id = result.rsplit("/", 1)[1]
    for path in (f"/imports/{run_id}", f"/imports/{run_id}/rejects.csv"):
        assert owner.get(f"/n/other/audience{path}").status_code == 200
        assert editor.get(HERE + path).status_code == 404
    assert not list((settings.home / "imports" / "uploads").glob("*.csv"))


def test_names_of_files_and_columns_do_no_harm(browser: Open, cast: Cast) -> None:
    client = browser(cast.editor)
    evil = "'><svg onload=alert(1)>"
    content = f'email,{evil}\na@example.org,{evil}\nb@example.org,"><svg onload=alert(1)>\n'
    step = upload(client, content.encode(), name=f"../../{evil}.csv").headers["location"]
    assert "<svg onload" not in client.get(step).text
    result = client.submit(step, confirmed="true").headers["location"]  # type: ignore[attr-defined]
    assert "<svg onload" not in client.get(result).text + client.get(HERE).text


@pytest.mark.usefixtures("people")
def test_export(session: Session, browser: Open, cast: Cast) -> None:
    answer = browser(cast.editor).get(f"{HERE}/export.csv")
    assert answer.text.splitlines()[0].startswith("email,name") and "anna@example.org" in answer.text
    assert "secret@example.org" not in answer.text
    assert session.scalars(select(AuditEntry.action).where(AuditEntry.action == "subscribers.exported")).one()


@pytest.mark.usefixtures("people")
def test_add_one_person(session: Session, browser: Open, cast: Cast, settings: Settings) -> None:
    client = browser(cast.editor)

    def said(address: str) -> str:
        location: str = client.submit(f"{HERE}/add", address=address).headers["location"]  # type: ignore[attr-defined]
        assert client.get(location).status_code == 200
        return location.rpartition("=")[2]

    assert said("new@example.org") == "asked"
    assert said("new@example.org") == "waiting"
    assert said("anna@example.org") == "already"
    hashed = address_hash("never@example.org", settings.secret("pepper"))
    session.add(Suppression(address_hash=hashed, scope=Scope.COMPLAINT))
    session.flush()
    assert said("never@example.org") == "suppressed"
    assert [n.address for n in session.scalars(select(Notice))] == ["new@example.org"]
    assert subscription_of(session, "new@example.org", cast.weekly).state is SubscriptionState.PENDING
    wrong = client.submit(f"{HERE}/add", address="new")
    assert wrong.status_code == 422 and 'role="alert"' in wrong.text  # type: ignore[attr-defined]


@pytest.mark.usefixtures("people")
def test_never_mail_an_address(session: Session, browser: Open, cast: Cast) -> None:
    client = browser(cast.editor)
    client.submit(f"{HERE}/suppress", address="Anna@example.org", reason="asked by phone")
    client.submit(f"{HERE}/suppress", address="unknown@example.org")
    rows = session.scalars(select(Suppression).order_by(Suppression.id)).all()
    assert [(r.scope, r.newsletter_id) for r in rows] == [(Scope.NEWSLETTER, cast.weekly.id)] * 2
    assert subscription_of(session, "anna@example.org", cast.weekly).state is SubscriptionState.LEFT
    assert subscription_of(session, "anna@example.org", cast.other).state is SubscriptionState.ACTIVE


@pytest.mark.usefixtures("people")
def test_one_person(session: Session, browser: Open, cast: Cast) -> None:
    editor, owner = browser(cast.editor), browser(cast.owner)
    anna = subscription_of(session, "anna@example.org", cast.weekly)
    shown = editor.get(f"{HERE}/{anna.id}").text
    assert "anna@example.org" in shown and "import people.csv" in shown
    assert "The Other" not in shown, "an editor of one newsletter learns nothing of another"
    assert "The Other" in owner.get(f"{HERE}/{anna.id}").text
    elsewhere = subscription_of(session, "secret@example.org", cast.other)
    for method, path in (("GET", ""), ("POST", "/leave"), ("POST", "/suppress")):
        answer = editor.request(
            method, f"{HERE}/{elsewhere.id}{path}", data={"csrf_token": editor.csrf_token}, follow_redirects=False
        )
        assert answer.status_code == 404
    for nobody in (0, 2**63, "x", 10**40):
        assert editor.get(f"{HERE}/{nobody}").status_code == 422
        assert editor.get(f"{HERE}/imports/{nobody}").status_code == 422
    editor.submit(f"{HERE}/{anna.id}/leave")
    session.refresh(anna)
    assert anna.state is SubscriptionState.LEFT
    assert "mail withdrawn" in editor.get(f"{HERE}/{anna.id}").text
    editor.submit(f"{HERE}/{anna.id}/suppress")
    assert "suppressed: newsletter" in editor.get(f"{HERE}/{anna.id}").text
