"""Mails of strangers at an open door: links become suggestions, and only whose mail is surely theirs is thanked."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.issues.models import Newsletter
from curator.settings import Settings
from curator.sources import contributors
from curator.sources.contributor_models import Suggestion
from curator.sources.mail_in import MOST_SUGGESTED, receive_mail, take_mail
from curator.sources.mail_models import MailState, ReceivedMail
from curator.sources.mail_reading import read_mail
from curator.sources.models import Article, CapturedBy, Triage
from curator.sources.suggestions import mute
from tests.sources.test_mail_reading import HTML, a_mail

PASSED = "mx.example.org; spf=pass; dmarc=pass (p=reject) header.from=x.example"


@pytest.fixture(autouse=True)
def _open(session: Session, newsletter: Newsletter) -> None:
    newsletter.takes_suggestions = True
    session.flush()


def came(session: Session, newsletter: Newsletter, settings: Settings, text: str = "x", **more: str) -> ReceivedMail:
    html = more.pop("html", HTML)
    mail = receive_mail(session, newsletter.id, a_mail(text, html, **{"From": "Zoë <zoe@x.example>", **more}))
    assert mail is not None
    take_mail(session, mail.id, settings)
    return mail


def rows(session: Session) -> list[Suggestion]:
    return list(session.scalars(select(Suggestion).order_by(Suggestion.id)))


def test_links_become_suggestions(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    mail = came(session, newsletter, settings, "Read this!", Authentication_Results=PASSED)
    assert (mail.state, mail.articles, mail.content) == (MailState.TAKEN, 2, None)
    found = session.scalars(select(Article)).all()
    assert {(one.captured_by, one.triage, one.brought_by) for one in found} == {
        (CapturedBy.SUGGESTION, Triage.CANDIDATE, "")
    }
    assert [(one.name, one.may_name, one.note, one.address) for one in rows(session)] == [
        ("Zoë", False, "Read this!", "zoe@x.example")
    ] * 2


@pytest.mark.parametrize(
    "said",
    ["", "mx; dmarc=none", "mx; dmarc=pass header.from=other.example", "mx; dkim=pass reason=xdmarc=pass"],
)
def test_who_may_be_somebody_else_is_not_thanked(
    session: Session, newsletter: Newsletter, settings: Settings, said: str
) -> None:
    came(session, newsletter, settings, **({"Authentication_Results": said} if said else {}))
    assert [one.address for one in rows(session)] == [None, None]
    assert all(one.key for one in rows(session)), "they can be muted all the same"


def test_only_the_topmost_word_counts() -> None:
    below = a_mail("x", HTML, From="zoe@x.example", Authentication_Results=PASSED)
    assert read_mail(below).is_vouched_for
    assert not read_mail(b"Authentication-Results: mx; dmarc=none\r\n" + below).is_vouched_for
    assert read_mail(b"Authentication-Results: mx; dmarc=fail\r\n" + below).is_forged


def test_what_is_forged_or_has_no_link_waits(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    failed = {"Authentication_Results": "mx; dmarc=fail header.from=x.example"}
    assert came(session, newsletter, settings, **failed).state is MailState.HELD
    assert came(session, newsletter, settings, html="<p>no link</p>", Message_ID="<2@x>").state is MailState.HELD
    newsletter.takes_suggestions = False
    session.flush()
    assert came(session, newsletter, settings, Message_ID="<3@x>").state is MailState.HELD
    assert rows(session) == []


def test_caps_and_mutes_hold(
    session: Session, newsletter: Newsletter, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = "".join(f'<a href="https://n.example/{number}">An article {number}</a>' for number in range(9))
    came(session, newsletter, settings, html=many)
    assert len(rows(session)) == MOST_SUGGESTED
    mute(session, rows(session)[0], settings, "editor@example.org")
    assert came(session, newsletter, settings, Message_ID="<2@x>").state is MailState.TAKEN
    assert len(rows(session)) == MOST_SUGGESTED
    monkeypatch.setattr(contributors, "MOST_A_DAY", MOST_SUGGESTED)
    full = came(session, newsletter, settings, From="a@b.example", Message_ID="<3@x>")
    assert full.state is MailState.DROPPED and "tomorrow" in full.reason
