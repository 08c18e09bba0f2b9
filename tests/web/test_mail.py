"""Mail-in at the desk: who sees the address, deciding on strangers' mails, nothing of theirs runs."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.settings import get_settings
from curator.sources.mail_in import mail_address, receive_mail, take_mail
from curator.sources.mail_models import MailState, ReceivedMail
from curator.sources.mailbox_health import note_broken, note_read
from curator.sources.models import Article, CapturedBy
from tests.sources.test_mail_reading import HTML, a_mail

ATTACK = '"><svg onload=alert(1)>{{ 7331*1379 }}'


@pytest.fixture(autouse=True)
def _inbound(monkeypatch: pytest.MonkeyPatch, session: Session) -> None:
    monkeypatch.setenv("CURATOR_INBOUND_DOMAIN", "in.example.org")
    get_settings.cache_clear()


@pytest.fixture
def editor(cast: Any, browser: Callable[..., Any]) -> Any:
    return browser(cast.editor)


def came(session: Session, newsletter: Any, **headers: str) -> ReceivedMail:
    mail = receive_mail(session, newsletter.id, a_mail("x", HTML, **headers))
    assert mail is not None
    take_mail(session, mail.id, get_settings())
    session.flush()
    return mail


def test_an_address_is_made_and_replaced(session: Session, cast: Any, editor: Any) -> None:
    assert "Make an address" in editor.get("/n/weekly/mail").text
    editor.submit("/n/weekly/mail/address")
    first = mail_address(session, cast.weekly.id, get_settings())
    assert first and f'value="{first}"' in editor.get("/n/weekly/mail").text
    editor.submit("/n/weekly/mail/address")
    assert first not in editor.get("/n/weekly/mail").text


def test_an_editors_mail_shows_who_sent_it(session: Session, cast: Any, editor: Any) -> None:
    mail = came(session, cast.weekly, From="Editor@weekly.example")
    assert mail.state is MailState.TAKEN
    assert "mailed by <bdi>editor@weekly.example</bdi>" in editor.get("/n/weekly/").text
    assert "2 articles" in editor.get("/n/weekly/mail").text


def test_a_strangers_mail_waits_and_is_decided_once(session: Session, cast: Any, editor: Any) -> None:
    first = came(session, cast.weekly, Subject=ATTACK)
    second = came(session, cast.weekly, Message_ID="<2@x.example>")
    page = editor.get("/n/weekly/mail").text
    assert "Waiting for you" in page and "not an editor" in page
    assert "<svg onload" not in page and "10109449" not in page
    assert editor.submit(f"/n/weekly/mail/{first.id}/drop").status_code == 303
    assert editor.submit(f"/n/weekly/mail/{second.id}/take").status_code == 303
    assert editor.submit(f"/n/weekly/mail/{second.id}/take").status_code == 409
    assert {one.captured_by for one in session.scalars(select(Article))} == {CapturedBy.MAIL}
    session.expire_all()
    assert (first.state, second.state) == (MailState.DROPPED, MailState.TAKEN)


def test_another_newsletters_mail_is_not_there(session: Session, cast: Any, editor: Any) -> None:
    mail = came(session, cast.other)
    for verb in ("take", "drop"):
        assert editor.submit(f"/n/weekly/mail/{mail.id}/{verb}").status_code == 404
    assert mail.state is MailState.HELD


def test_a_viewer_does_not_learn_the_address(session: Session, cast: Any, editor: Any, browser: Any) -> None:
    editor.submit("/n/weekly/mail/address")
    came(session, cast.weekly)
    page = browser(cast.viewer).get("/n/weekly/mail").text
    assert "@in.example.org" not in page and "/take" not in page


def test_a_mailbox_that_fails_is_shown_with_reason_and_time(
    session: Session, cast: Any, editor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_IMAP_URL", "imap://desk@mail.example.org/INBOX")
    get_settings.cache_clear()
    pages = ("/n/weekly/mail", "/n/weekly/sources")
    assert not any("do not come in" in editor.get(page).text for page in pages)
    note_broken(session, get_settings(), f"The server says {ATTACK}")
    for page in pages:
        text = editor.get(page).text
        assert "do not come in" in text and "failed 1×" in text and "&lt;svg" in text and "<svg onload" not in text
    note_read(session, get_settings())
    assert not any("do not come in" in editor.get(page).text for page in pages)
