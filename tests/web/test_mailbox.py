"""The mailbox's pages: only for people who are signed in, and what a mail contains never acts on the desk."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from curator.accounts.models import Role, User
from curator.accounts.users import add_user
from curator.embedded.mailbox_store import Received, Writer
from curator.settings import Settings, get_settings
from tests.web.conftest import Browser, Cast

MAIL = (
    "From: Weekblad <redactie@example.org>\r\nTo: lezer@example.com\r\nSubject: <script>alert(1)</script> week 12\r\n"
    "List-Unsubscribe: <{address}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="x"\r\n\r\n'
    "--x\r\nContent-Type: text/plain\r\n\r\nPlain words\r\n"
    "--x\r\nContent-Type: text/html\r\n\r\n<html><head></head><body>"
    "<script>alert(2)</script>Rich words</body></html>\r\n"
    "--x--\r\n"
)


def deliver(settings: Settings, address: str = "https://elsewhere.example/u/abc", count: int = 1) -> None:
    writer = Writer(settings.home)
    content = MAIL.format(address=address).encode()
    writer.keep([Received("b@example.org", (f"lezer{n}@example.com",), content) for n in range(count)])
    writer.close()


@pytest.fixture
def owner(cast: Cast, browser: Callable[[User], Browser]) -> Browser:
    return browser(cast.owner)


@pytest.fixture
def mails(settings: Settings) -> Settings:
    deliver(settings)
    return settings


def test_strangers_see_no_mail(mails: Settings, anonymous: Browser) -> None:
    for path in ("", "/1", "/1/html", "/1/message.eml"):
        answer = anonymous.get(f"/mailbox{path}", follow_redirects=False)
        assert answer.status_code == 303 and "/sign-in" in answer.headers["location"]


def test_only_an_owner_of_all_newsletters_reads_everybodys_mail(
    mails: Settings, session: Session, cast: Cast, browser: Callable[[User], Browser], owner: Browser
) -> None:
    """The sign-in links and the readers of other newsletters are in it."""
    of_one = add_user(session, "one@weekly.example", Role.OWNER, cast.weekly.id)
    of_all = add_user(session, "sender@weekly.example", Role.SENDER)
    for user in (cast.viewer, cast.editor, of_one, of_all):
        client = browser(user)
        for path in ("", "/1", "/1/html", "/1/message.eml"):
            answer = client.get(f"/mailbox{path}")
            assert answer.status_code == 403 and "lezer0" not in answer.text, path
        assert client.submit("/mailbox/1/leave").status_code == 403  # type: ignore[attr-defined]
        assert 'href="/mailbox"' not in client.get("/n/weekly/").text
    for page in ("/n/weekly/", "/newsletters"):
        assert 'href="/mailbox"' in owner.get(page).text


def test_without_a_mailbox_the_page_says_how_to_get_one(settings: Settings, owner: Browser) -> None:
    answer = owner.get("/mailbox")
    assert answer.status_code == 404 and "curator mailbox" in answer.text


def test_the_list_shows_the_newest_first_and_finds(settings: Settings, owner: Browser) -> None:
    deliver(settings, count=60)
    first = owner.get("/mailbox").text
    assert 'id="mail-60"' in first and 'id="mail-11"' in first and 'id="mail-10"' not in first
    assert 'id="mail-10"' in owner.get("/mailbox?before=11").text
    found = owner.get("/mailbox?q=lezer7@example.com").text
    assert 'id="mail-8"' in found and found.count('class="mail-row"') == 1


def test_a_mail_is_shown_in_every_form(mails: Settings, owner: Browser) -> None:
    page = owner.get("/mailbox/1")
    assert "<script>alert(1)" not in page.text and "&lt;script&gt;alert(1)" in page.text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.text
    assert "Plain words" in owner.get("/mailbox/1?part=text").text
    assert "List-Unsubscribe-Post" in owner.get("/mailbox/1?part=headers").text
    assert "boundary=" in owner.get("/mailbox/1?part=source").text
    assert (
        owner.get("/mailbox/1/message.eml").content == MAIL.format(address="https://elsewhere.example/u/abc").encode()
    )
    assert owner.get("/mailbox/2").status_code == 404


def test_the_frame_runs_nothing_and_pictures_can_be_off(mails: Settings, owner: Browser) -> None:
    policy = owner.get("/mailbox/1/html").headers["content-security-policy"]
    assert "default-src 'none'" in policy and "sandbox allow-popups" in policy and "allow-scripts" not in policy
    assert "img-src http: https:" in policy
    assert "img-src 'none'" in owner.get("/mailbox/1/html?images=off").headers["content-security-policy"]


def test_leaving_posts_as_a_mail_client_does(
    settings: Settings, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, bytes, str | None]] = []

    class Newsletter(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.path, body, self.headers["Cookie"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Newsletter) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("CURATOR_BASE_URL", address)
        get_settings.cache_clear()
        deliver(settings, f"{address}/u/abc")
        answer = owner.submit("/mailbox/1/leave")
    assert answer.headers["location"] == "/mailbox/1?left=200"
    assert heard == [("/u/abc", b"List-Unsubscribe=One-Click", None)]


def test_the_mailbox_posts_to_nobody_else(mails: Settings, owner: Browser) -> None:
    answer = owner.submit("/mailbox/1/leave")
    assert answer.status_code == 422 and "posts to nobody else" in answer.text


def test_a_file_that_is_no_mail_does_no_harm(settings: Settings, owner: Browser, tmp_path: Path) -> None:
    writer = Writer(settings.home)
    writer.keep([Received("", (), b"\xff\x00 not a mail")])
    writer.close()
    assert owner.get("/mailbox").status_code == 200
    assert owner.get("/mailbox/1").status_code == 200
