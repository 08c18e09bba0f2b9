"""Articles by mail: who is believed, what is held, what a mail becomes, and that nothing is decided twice."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.accounts.models import Role
from curator.accounts.users import add_user
from curator.errors import Conflict, NotFound
from curator.issues.models import Newsletter
from curator.settings import Settings
from curator.sources import mail_in
from curator.sources.imap import recipients_of
from curator.sources.mail_in import (
    accept_mail,
    drop_mail,
    due_mail,
    forget_mail,
    list_mail,
    mail_address,
    newsletter_of,
    receive_mail,
    replace_address,
    take_mail,
)
from curator.sources.mail_models import MailState, ReceivedMail
from curator.sources.models import Article, CapturedBy, FetchState
from tests.sources.test_mail_reading import HTML, a_mail

Rung = list[tuple[str, int]]
LONG = "\n\n".join(f"Alinea {n} vertelt iets dat in geen andere alinea staat, en dat is nogal wat." for n in range(9))


@pytest.fixture
def inbound(settings: Settings) -> Settings:
    return settings.model_copy(update={"inbound_domain": "in.example.org"})


@pytest.fixture
def editor(session: Session, newsletter: Newsletter) -> str:
    add_user(session, "Anna@Example.org", Role.EDITOR, newsletter.id)
    return "anna@example.org"


def came(session: Session, newsletter: Newsletter, settings: Settings, content: bytes) -> ReceivedMail:
    mail = receive_mail(session, newsletter.id, content)
    assert mail is not None
    take_mail(session, mail.id, settings)
    return mail


def articles(session: Session) -> list[Article]:
    return list(session.scalars(select(Article).order_by(Article.id)))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it may hit a callback first
@pytest.mark.parametrize(
    "header", [b'From: "' + b'"' * 200_000, b"From: " + b"a@b.c," * 40_000, b"Subject: " + b"=?utf-8?q?a?= " * 40_000]
)
def test_a_mail_that_would_be_read_for_hours_holds_nobody(
    session: Session, newsletter: Newsletter, inbound: Settings, monkeypatch: pytest.MonkeyPatch, header: bytes
) -> None:
    monkeypatch.setattr(mail_in, "READING_SECONDS", 0.3)
    mail = came(session, newsletter, inbound, header + b"\r\n\r\nhttps://news.example.org/a")
    assert (mail.state, mail.content) == (MailState.DROPPED, None) and "too long to read" in mail.reason
    assert recipients_of(b"Delivered-To: desk@in.example.org\r\n" + header) == ["desk@in.example.org"]


def test_an_address_is_random_and_replaceable(
    session: Session, newsletter: Newsletter, other: Newsletter, inbound: Settings
) -> None:
    assert mail_address(session, newsletter.id, inbound) is None
    replace_address(session, newsletter.id)
    first = mail_address(session, newsletter.id, inbound)
    assert first and first.endswith("@in.example.org") and len(first) > 30
    assert newsletter_of(session, f"<{first.upper()}>", inbound) == newsletter.id
    replace_address(session, newsletter.id)
    assert newsletter_of(session, first, inbound) is None
    assert mail_address(session, other.id, inbound) is None
    for stranger in ("", "@", "x@in.example.org", "%@in.example.org", "a" * 9_000):
        assert newsletter_of(session, stranger, inbound) is None


def test_addresses_may_share_a_mailbox(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    shared = settings.model_copy(update={"mail_in": "desk+*@example.org"})
    replace_address(session, newsletter.id)
    address = mail_address(session, newsletter.id, shared)
    assert address and address.startswith("desk+in-")
    assert newsletter_of(session, address, shared) == newsletter.id
    assert newsletter_of(session, address.replace("desk+", ""), shared) is None
    assert mail_address(session, newsletter.id, settings) is None, "no domain, no address"


def test_the_links_of_an_editors_mail_become_articles(
    session: Session, newsletter: Newsletter, inbound: Settings, editor: str, rung: Rung
) -> None:
    mail = came(session, newsletter, inbound, a_mail("x", HTML))
    assert (mail.state, mail.articles, mail.sender, mail.content) == (MailState.TAKEN, 2, editor, None)
    first, second = articles(session)
    assert (first.title, first.address) == ("Een lang verhaal over chips", "https://news.example.org/a")
    assert second.title == "https://x.example/b"
    assert (first.captured_by, first.brought_by, first.fetch_state) == (CapturedBy.MAIL, editor, FetchState.WAITING)
    assert [task for task, _ in rung].count("sources.read_article") == 2


def test_one_link_is_called_as_the_mail_is(
    session: Session, newsletter: Newsletter, inbound: Settings, editor: str, rung: Rung
) -> None:
    came(session, newsletter, inbound, a_mail("Mooi stuk: https://a.example/1"))
    assert [one.title for one in articles(session)] == ["Chips"]


def test_a_mail_without_links_is_an_article(
    session: Session, newsletter: Newsletter, inbound: Settings, editor: str, rung: Rung
) -> None:
    mail = came(session, newsletter, inbound, a_mail(LONG, Subject="Doorst: Een titel"))
    (article,) = articles(session)
    assert (mail.state, article.title, article.captured_by) == (MailState.TAKEN, "Een titel", CapturedBy.MAIL)
    assert article.words > 100
    empty = came(session, newsletter, inbound, a_mail("", Subject="", Message_ID="<2@x.example>"))
    assert empty.state is MailState.EMPTY and empty.reason


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"From": "stranger@example.org"}, "not an editor"),
        ({"From": "viewer@example.org"}, "not an editor"),
        ({"From": "elsewhere@example.org"}, "not an editor"),
        ({"From": "gone@example.org"}, "not an editor"),
        ({"Authentication_Results": "mx; dmarc=fail"}, "not sent from there"),
    ],
)
def test_anybody_elses_mail_is_held(
    headers: dict[str, str],
    why: str,
    session: Session,
    newsletter: Newsletter,
    other: Newsletter,
    inbound: Settings,
    editor: str,
    rung: Rung,
) -> None:
    add_user(session, "viewer@example.org", Role.VIEWER, newsletter.id)
    add_user(session, "elsewhere@example.org", Role.EDITOR, other.id)
    add_user(session, "gone@example.org", Role.EDITOR, newsletter.id).is_active = False
    mail = came(session, newsletter, inbound, a_mail("x", HTML, **headers))
    assert mail.state is MailState.HELD and why in mail.reason
    assert articles(session) == []
    assert "sources.read_article" not in [task for task, _ in rung], "nothing is fetched for it"
    accept_mail(session, newsletter.id, mail.id, inbound, by=editor)
    assert (mail.state, mail.decided_by, len(articles(session))) == (MailState.TAKEN, editor, 2)
    with pytest.raises(Conflict):
        drop_mail(session, newsletter.id, mail.id, by=editor)


def test_a_mail_thrown_away_leaves_no_words(
    session: Session, newsletter: Newsletter, other: Newsletter, inbound: Settings, rung: Rung
) -> None:
    mail = came(session, newsletter, inbound, a_mail("x", HTML))
    with pytest.raises(NotFound):
        drop_mail(session, other.id, mail.id, by="x")
    drop_mail(session, newsletter.id, mail.id, by="x")
    assert (mail.state, mail.content, articles(session)) == (MailState.DROPPED, None, [])


def test_answering_machines_are_let_go(
    session: Session, newsletter: Newsletter, inbound: Settings, editor: str, rung: Rung
) -> None:
    mail = came(session, newsletter, inbound, a_mail("https://a.example/", Auto_Submitted="auto-replied"))
    assert (mail.state, articles(session)) == (MailState.DROPPED, [])


def test_the_same_mail_is_one(session: Session, newsletter: Newsletter, other: Newsletter, rung: Rung) -> None:
    assert receive_mail(session, newsletter.id, a_mail("a"))
    assert receive_mail(session, newsletter.id, a_mail("a changed on its way")) is None
    assert receive_mail(session, other.id, a_mail("a"))
    assert receive_mail(session, newsletter.id, a_mail("a", Message_ID="<other@example.org>"))


def test_our_own_links_are_passed_over(
    session: Session, newsletter: Newsletter, inbound: Settings, editor: str, rung: Rung
) -> None:
    came(session, newsletter, inbound, a_mail(f"{inbound.public_url}/archive/tech/1 https://a.example/1"))
    assert [one.address for one in articles(session)] == ["https://a.example/1"]


def test_a_flood_is_put_off(
    session: Session, newsletter: Newsletter, rung: Rung, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_in, "MOST_HELD", 1)
    receive_mail(session, newsletter.id, a_mail("a"))
    with pytest.raises(Conflict):
        receive_mail(session, newsletter.id, a_mail("b", Message_ID="<2@x.example>"))


def test_forgotten_and_old_mails(session: Session, newsletter: Newsletter, rung: Rung) -> None:
    mail = receive_mail(session, newsletter.id, a_mail("a"))
    assert mail is not None
    assert due_mail(session) == []
    mail.received_at = func.now() - timedelta(minutes=2)
    session.flush()
    assert due_mail(session) == [mail.id]
    mail.received_at = func.now() - timedelta(days=31)
    session.flush()
    forget_mail(session)
    session.expire_all()
    assert list_mail(session, newsletter.id) == []
