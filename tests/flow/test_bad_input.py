"""Bad input by name, as a person would give it: by the command line and by the pages.

Each gets a clear answer (exit code 1 and one JSON document, or a page with its status) and loses nothing. The servers
that go away have a file of their own.
"""

import re
import socket
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path

import httpx2
import lxml.html
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.audience.models import Subscriber
from curator.delivery.models import Delivery
from curator.embedded.mailbox_store import Received, Writer
from curator.issues.compose import get_issue
from curator.issues.models import Issue, IssueState
from curator.settings import Settings, get_settings
from curator.sources.models import Article, FetchState, Source
from curator.sources.watch import refresh_source
from tests.delivery.cast import sent_as_it_stands
from tests.flow.conftest import Shell
from tests.flow.making import an_issue, ready_to_send, written
from tests.sources.site import running_site
from tests.web.conftest import Browser, Cast

FIVE_MEGABYTES = ("woord " * 833_334)[:5_000_000]
BASE = "/n/weekly/issues/1"
HOSTILE = [
    pytest.param("{{ 7*7 }} {% for x in y %} ${x}", id="template"),
    pytest.param('"><script>alert(1)</script>', id="script"),
    pytest.param("Feest 🎉 met 👩‍👩‍👧‍👦 in de sluis", id="emoji"),
    pytest.param("مرحبا بالعالم – שלום עולם", id="right to left"),
]


def test_send_pressed_again_by_tab_click_and_command(
    shell: Shell, refused: Callable[..., str], editor: Browser, session: Session, tmp_path: Path
) -> None:
    issue = an_issue(shell, tmp_path)
    ready_to_send(shell, tmp_path)
    ticks = re.findall(r'name="acknowledged" value="([^"]+)"', editor.get(f"{BASE}/send").text)
    fields = {"csrf_token": editor.csrf_token, "acknowledged": ticks}

    def press() -> httpx2.Response:
        return editor.post(f"{BASE}/send", data=fields, follow_redirects=False)

    assert press().status_code == 303
    number = session.scalars(select(Delivery.id)).one()
    click = press()
    assert click.status_code == 409
    assert f"already being sent (delivery {number})" in click.text and "/n/weekly/deliveries/1" in click.text
    assert "/deliveries/1" in editor.get(f"{BASE}/send", follow_redirects=False).headers["location"], "an open tab"
    message = refused("conflict", "issues", "send", issue, "--now", "--yes")
    assert message == f"This issue is already being sent (delivery {number})."
    assert session.scalars(select(Delivery.id)).all() == [number]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "no text", id="nothing"),
        pytest.param(b"asdf", "too short", id="a word"),
        pytest.param(bytes(range(256)) * 20, "mostly signs or code", id="bytes"),
        pytest.param(FIVE_MEGABYTES.encode(), "one article at a time", id="5 MB"),
        pytest.param(FIVE_MEGABYTES.encode() * 2, "larger than 5 MB", id="10 MB"),
    ],
)
def test_junk_and_too_much_in_a_file(
    content: bytes, words: str, cast: Cast, refused: Callable[..., str], session: Session, tmp_path: Path
) -> None:
    message = refused("invalid", "articles", "add", "weekly", "--text-file", written(tmp_path, content))
    assert words in message
    assert session.scalars(select(Article)).all() == []


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["form", "script"])
@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        pytest.param("", 422, "Paste an address, or the text of an article", id="nothing"),
        pytest.param("asdf", 422, "neither an address nor an article", id="a word"),
        pytest.param(bytes(range(256)).decode("latin-1") * 20, 422, "mostly signs or code", id="bytes"),
        pytest.param(FIVE_MEGABYTES, 413, "That is 5.0 MB; a field takes at most 1 MB", id="5 MB"),
        pytest.param(FIVE_MEGABYTES[:600_000], 422, "at most 400,000", id="600 kB"),
    ],
)
def test_junk_and_too_much_in_the_box(
    content: str, status: int, words: str, headers: dict[str, str], editor: Browser, session: Session
) -> None:
    fields = {"words": content, "csrf_token": editor.csrf_token}
    answer = editor.post("/n/weekly/capture", data=fields, headers=headers, follow_redirects=False)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text[-400:]
    assert session.scalars(select(Article)).all() == []


def test_five_megabytes_of_introduction_leave_the_words_as_they_were(
    shell: Shell, editor: Browser, session: Session, tmp_path: Path
) -> None:
    issue = get_issue(session, an_issue(shell, tmp_path))
    for value, status in ((FIVE_MEGABYTES, 413), (FIVE_MEGABYTES[:900_000], 422), ("Kort.", 200)):
        fields = {"csrf_token": editor.csrf_token, "field": "intro", "value": value, "version": str(issue.version)}
        assert editor.post(f"{BASE}/save", data=fields).status_code == status
        assert get_issue(session, issue.id).intro == ("Kort." if status == 200 else "")


@pytest.fixture
def silent() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/story"


@pytest.fixture
def _fetch_here(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURATOR_FETCH_ALLOW", "127.0.0.0/8")
    monkeypatch.setenv("CURATOR_FETCH_SECONDS", "0.5")
    get_settings.cache_clear()


@pytest.mark.usefixtures("_fetch_here")
def test_an_address_that_times_out_is_kept_and_says_so(
    silent: str, cast: Cast, shell: Shell, editor: Browser, session: Session
) -> None:
    answer = shell("articles", "add", "weekly", silent, "--json")
    assert (answer.code, answer.json["error"]) == (1, "fetch_failed")
    assert "kept as article" in answer.json["message"] and "in time" in answer.json["message"]
    article = session.scalars(select(Article)).one()
    assert (article.id, article.fetch_state, article.address) == (answer.json["id"], FetchState.FAILED, silent)
    week = editor.get("/n/weekly/").text
    assert silent in week and "does not answer in time" in week and f"/articles/{article.id}/read" in week
    source = shell("sources", "add", "weekly", silent, "--json")
    assert (source.code, source.json["error"]) == (1, "fetch_failed") and "in time" in source.json["message"]


@pytest.mark.usefixtures("_fetch_here")
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("<html><title>Hallo</title><p>Geen feed.</html>", "text/html"),
        ('{"a": 1}', "application/json"),
        (bytes(range(256)), "application/octet-stream"),
    ],
)
def test_a_feed_that_is_not_one(
    body: str | bytes, kind: str, cast: Cast, refused: Callable[..., str], editor: Browser, session: Session
) -> None:
    with running_site() as site:
        address = site.page("/feed", body, kind=kind)
        message = refused("not_a_feed", "sources", "add", "weekly", address)
        assert session.scalars(select(Source)).all() == []
        editor.submit("/n/weekly/sources", address=address)
        refresh_source(session, session.scalars(select(Source.id)).one(), get_settings())
    assert "feed" in message.lower()
    page = editor.get("/n/weekly/sources").text
    assert message.partition(".")[0] in page and "/remove" in page, "it is shown with its reason, and may be removed"


def test_a_file_of_people_with_bad_rows(cast: Cast, shell: Shell, session: Session, tmp_path: Path) -> None:
    rows = 'E-mail;Naam\nanna@x.example;Anna\ngeen adres;Bob\nbea@x.example;بيا 🎉\n"open;C\ncas@x.example;=1+1\n'
    answer = shell("subscribers", "import", "weekly", written(tmp_path, rows, "p.csv"), "--confirmed", "--json")
    result = answer.json
    assert (answer.code, result["read"], result["created"], result["rejected"]) == (0, 5, 3, 2)
    assert [(reject["line"], reject["address"]) for reject in result["rejects"]] == [(3, "geen adres"), (5, "")]
    assert all(reject["reason"] for reject in result["rejects"])
    assert "geen adres" in Path(result["rejects_file"]).read_text(encoding="utf-8-sig")
    assert set(session.scalars(select(Subscriber.address))) == {"anna@x.example", "bea@x.example", "cas@x.example"}
    plain = shell("subscribers", "import", "weekly", tmp_path / "p.csv", "--confirmed")
    assert "line 3: geen adres: " in plain.out and "line 5: A quote" in plain.out


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "empty"), (bytes(range(256)) * 9, "No column"), (b"PK\x03\x04" + bytes(99), "CSV")]
)
def test_a_file_of_people_that_is_none(
    content: bytes, words: str, cast: Cast, refused: Callable[..., str], session: Session, tmp_path: Path
) -> None:
    assert words in refused("invalid", "subscribers", "import", "weekly", written(tmp_path, content))
    assert "is a folder" in refused("invalid", "subscribers", "import", "weekly", tmp_path)
    assert session.scalar(select(func.count()).select_from(Subscriber)) == 0


@pytest.mark.parametrize("subject", ["Hallo\r\nBcc: evil@x.example", "=?utf-8?q?a=0d=0aBcc=3a_evil=40x.example?="])
def test_a_subject_that_would_be_a_header(
    subject: str, cast: Cast, shell: Shell, editor: Browser, session: Session, tmp_path: Path
) -> None:
    issue = get_issue(session, an_issue(shell, tmp_path, subject))
    by_command = issue.subject
    assert mail_of(shell, issue.id, tmp_path).get_all("Subject") == [by_command]
    fields = {"csrf_token": editor.csrf_token, "field": "subject", "value": subject + "!", "version": issue.version}
    saved = editor.post(f"{BASE}/save", data={name: str(value) for name, value in fields.items()})
    assert saved.status_code == 200
    mail = mail_of(shell, issue.id, tmp_path)
    assert mail.get_all("Subject") == [saved.json()["value"]]
    assert "evil" in mail["Subject"], "the words are kept, as words"
    assert mail["Bcc"] is None and "\n" not in mail["Subject"] and "=?" not in mail["Subject"]


@pytest.mark.parametrize("title", HOSTILE)
def test_titles_read_as_written_everywhere(
    title: str,
    cast: Cast,
    shell: Shell,
    editor: Browser,
    browser: Callable[..., Browser],
    anonymous: Browser,
    session: Session,
    tmp_path: Path,
) -> None:
    issue = an_issue(shell, tmp_path, title, title)
    mail = mail_of(shell, issue, tmp_path)
    assert mail["Subject"] == title
    page, text = (mail.get_body((kind,)) for kind in ("html", "plain"))
    assert page is not None and text is not None
    shows_literally(page.get_content(), title)
    assert title in " ".join(text.get_content().replace("\u2060", "").split())
    for path in ("/n/weekly/", BASE, f"{BASE}/preview", f"{BASE}/preview?kind=text", f"{BASE}/send"):
        shows_literally(editor.get(path).text, title)
    sent_as_it_stands(session, session.get_one(Issue, issue), get_settings())
    session.expire_all()
    for path in ("/archive/weekly", "/archive/weekly/1"):
        shows_literally(anonymous.get(path).text, title)
    writer = Writer(get_settings().home)
    writer.keep([Received("desk@weekly.example", ("lezer@x.example",), mail.as_bytes())])
    writer.close()
    owner = browser(cast.owner)
    for path in ("/mailbox", "/mailbox/1", "/mailbox/1/html"):
        shows_literally(owner.get(path).text, title)


def mail_of(shell: Shell, issue: int, folder: Path) -> EmailMessage:
    """The mail a sample reader would get, as a mail client understands it."""
    files = shell("issues", "render", issue, "--out", folder / "out", "--json").json
    mail = message_from_bytes(Path(files["message.eml"]).read_bytes(), policy=modern)
    assert isinstance(mail, EmailMessage) and not mail.defects
    return mail


def shows_literally(page: str, title: str) -> None:
    """The page has the words as words, and nothing of them as markup."""
    document = lxml.html.document_fromstring(page.encode(), parser=lxml.html.HTMLParser(encoding="utf-8"))
    assert not [script for script in document.iter("script") if "alert" in (script.text or "")]
    values = [str(element.get("value")) for element in document.iter("input", "option", "textarea", "button")]
    words = " ".join(" ".join([*document.itertext(), *values]).replace("\u2060", "").split())
    assert title in words, words[:2000]


def test_an_issue_without_items(
    cast: Cast, shell: Shell, refused: Callable[..., str], editor: Browser, session: Session, tmp_path: Path
) -> None:
    issue = shell("issues", "create", "weekly", "--subject", "Leeg", "--json").json["id"]
    ready_to_send(shell, tmp_path)
    check = shell("issues", "check", issue, "--json")
    assert (check.code, [error["code"] for error in check.json["errors"]]) == (1, ["empty_issue"])
    assert "has no items" in refused("check_failed", "issues", "send", issue, "--now", "--yes")
    answer = editor.submit(f"{BASE}/send")
    assert answer.status_code == 422 and "has no items" in answer.text  # type: ignore[attr-defined]
    assert session.get_one(Issue, issue).state == IssueState.DRAFT
    assert session.scalars(select(Delivery)).all() == []


def test_nobody_to_mail_is_a_warning_until_send_and_no_yes_lifts_it(
    cast: Cast, shell: Shell, refused: Callable[..., str], editor: Browser, session: Session, tmp_path: Path
) -> None:
    issue = an_issue(shell, tmp_path)
    check = shell("issues", "check", issue, "--json")
    assert (check.code, check.json["errors"]) == (0, [])
    assert {"no_relay", "no_audience"} <= {warning["code"] for warning in check.json["warnings"]}
    message = refused("check_failed", "issues", "send", issue, "--now", "--yes")
    assert "relays set default" in message and "no active subscribers" in message
    page = editor.get(f"{BASE}/send").text
    ticks = [*re.findall(r'acknowledged" value="([^"]+)"', page), "no_relay:relay", "no_audience:audience"]
    fields = {"csrf_token": editor.csrf_token, "acknowledged": ticks}
    answer = editor.post(f"{BASE}/send", data=fields)
    assert answer.status_code == 422 and "no active subscribers" in answer.text
    assert session.get_one(Issue, issue).state == IssueState.DRAFT
