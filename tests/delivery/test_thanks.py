"""Thank-yous: once per reader and issue, after an editor published it, never as a weapon, and the address goes."""

import email
import email.policy
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from curator.audience.models import Scope
from curator.audience.suppress import suppress
from curator.delivery.models import Delivery, DeliveryState, Notice, NoticeKind, NoticeState
from curator.delivery.thanks import erase_thanks, forget_thanks, thank_contributors
from curator.issues.compose import add_item
from curator.issues.models import Issue, IssueState, Newsletter
from curator.settings import Settings
from curator.sources.contributor_models import Suggestion
from curator.sources.contributors import Contributor, suggest
from curator.sources.models import Article
from curator.sources.suggestions import forget_contributors, mute, refuse_thanks
from curator.tokens import Purpose, Signer
from tests.issues.rows import a_newsletter, an_issue

ATTACK = "Buy at http://spam.example\r\nBcc: victim@example.org"


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    return a_newsletter(session, language="en", name="The Week")


def tip(session: Session, newsletter: Newsletter, settings: Settings, mail: str, page: str = "tip", **who: Any) -> None:
    facts = {"name": "Anna", "may_name": True, "note": ATTACK, "address": mail, "network": "198.51.100.0/24", **who}
    suggest(session, newsletter.id, f"https://news.example.org/{page}", Contributor(**facts), settings)


def publish(session: Session, newsletter: Newsletter, *, sent: bool = True) -> Issue:
    """An issue with every article there is. Send was pressed just now, after everything was suggested."""
    issue = an_issue(session, newsletter)
    for article in session.scalars(select(Article).where(Article.newsletter_id == newsletter.id)):
        add_item(session, issue.id, article.id, "In brief")
    facts = {"scheduled_at": func.now(), "by": "editor@example.org", "state": DeliveryState.SENT}
    session.add(Delivery(issue_id=issue.id, newsletter_id=newsletter.id, created_at=func.clock_timestamp(), **facts))
    issue.state = IssueState.SENT if sent else IssueState.SENDING
    session.flush()
    return issue


def notices(session: Session) -> list[Notice]:
    return list(session.scalars(select(Notice).order_by(Notice.id).execution_options(populate_existing=True)))


def rows(session: Session) -> list[Suggestion]:
    return list(session.scalars(select(Suggestion).order_by(Suggestion.id).execution_options(populate_existing=True)))


def test_everybody_whose_suggestion_is_in_it_is_thanked_once(
    session: Session, newsletter: Newsletter, settings: Settings
) -> None:
    for mail in ("anna@example.org", "bram@example.org"):
        tip(session, newsletter, settings, mail)
    tip(session, newsletter, settings, "anna@example.org", "second")
    issue = publish(session, newsletter)
    assert thank_contributors(session, settings) == 2
    assert thank_contributors(session, settings) == 0
    assert sorted(one.address for one in notices(session)) == ["anna@example.org", "bram@example.org"]
    assert all(one.address is None and one.thanked_at for one in rows(session))
    raw = notices(session)[0].content
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["Subject"] == "Your suggestion is in The Week" and message["Auto-Submitted"] == "auto-generated"
    body = message.get_body(("plain",))
    assert body is not None and f"{settings.public_url}/archive/tech/{issue.number}" in body.get_content().splitlines()
    assert b"spam.example" not in raw and b"Bcc" not in raw and b"Anna" not in raw, "nothing a stranger chose"


@pytest.mark.parametrize("sent", [True, False])
def test_nobody_is_thanked_before_the_issue_is_sent(
    session: Session, newsletter: Newsletter, settings: Settings, sent: bool
) -> None:
    tip(session, newsletter, settings, "anna@example.org")
    assert thank_contributors(session, settings) == 0
    publish(session, newsletter, sent=sent)
    assert thank_contributors(session, settings) == int(sent)
    assert (rows(session)[0].address is None) == sent


def test_what_is_published_already_mails_nobody(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    tip(session, newsletter, settings, "anna@example.org")
    publish(session, newsletter)
    thank_contributors(session, settings)
    tip(session, newsletter, settings, "victim@example.org")
    session.execute(update(Suggestion).where(Suggestion.address.is_not(None)).values(created_at=func.clock_timestamp()))
    assert thank_contributors(session, settings) == 0
    assert [one.address for one in notices(session)] == ["anna@example.org"]


def test_a_victim_gets_one_mail_however_often_it_is_named(
    session: Session, newsletter: Newsletter, settings: Settings
) -> None:
    for number in range(6):
        tip(session, newsletter, settings, f"vic.tim+{number}@example.org", f"page{number}")
    publish(session, newsletter)
    thank_contributors(session, settings)
    tip(session, newsletter, settings, "victim@example.org", "another")
    publish(session, newsletter)
    thank_contributors(session, settings)
    assert len(notices(session)) == 1
    assert [one.address for one in rows(session)] == [None] * 7
    session.execute(update(Notice).values(created_at=func.now() - timedelta(days=7)))
    tip(session, newsletter, settings, "victim@example.org", "next")
    publish(session, newsletter)
    assert thank_contributors(session, settings) == 1


def test_who_is_suppressed_muted_or_unwanted_is_not_mailed(
    session: Session, newsletter: Newsletter, settings: Settings
) -> None:
    for name in ("suppressed", "muted", "fine"):
        tip(session, newsletter, settings, f"{name}@example.org")
    suppress(session, "suppressed@example.org", Scope.COMPLAINT, settings=settings)
    mute(session, rows(session)[1], settings, "editor@example.org")
    publish(session, newsletter)
    assert thank_contributors(session, settings) == 1
    assert [one.address for one in notices(session)] == ["fine@example.org"]
    assert [one.address for one in rows(session)] == [None] * 3
    assert [bool(one.thanked_at) for one in rows(session)] == [False, False, True]


def test_a_newsletter_that_thanks_nobody_forgets_all_the_same(
    session: Session, newsletter: Newsletter, settings: Settings
) -> None:
    tip(session, newsletter, settings, "anna@example.org")
    newsletter.thanks_contributors = False
    publish(session, newsletter)
    assert thank_contributors(session, settings) == 0
    assert notices(session) == [] and rows(session)[0].address is None


def test_no_thanks_means_never_again(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    tip(session, newsletter, settings, "victim@example.org")
    publish(session, newsletter)
    thank_contributors(session, settings)
    assert refuse_thanks(session, rows(session)[0].id) is not None
    session.execute(update(Notice).values(created_at=func.now() - timedelta(days=90)))
    tip(session, newsletter, settings, "victim+x@example.org", "another")
    publish(session, newsletter)
    assert thank_contributors(session, settings) == 0
    assert refuse_thanks(session, 987_654) is None


def test_the_link_in_it_is_for_that_alone(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    tip(session, newsletter, settings, "anna@example.org")
    publish(session, newsletter)
    thank_contributors(session, settings)
    token = Signer({1: settings.secret("tokens")}).sign(Purpose.NO_THANKS, rows(session)[0].id)
    body = email.message_from_bytes(notices(session)[0].content, policy=email.policy.default).get_body(("plain",))
    assert body is not None and f"{settings.public_url}/no-thanks/{token}" in body.get_content().splitlines()


def test_what_was_sent_is_forgotten_and_erased(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    for mail in ("anna@example.org", "bram@example.org"):
        tip(session, newsletter, settings, mail)
    publish(session, newsletter)
    thank_contributors(session, settings)
    assert erase_thanks(session, "Anna@example.org") == 1
    session.execute(update(Notice).values(created_at=func.now() - timedelta(days=31)))
    forget_thanks(session)
    assert len(notices(session)) == 1, "it still waits to be sent"
    session.execute(update(Notice).values(state=NoticeState.SENT))
    forget_thanks(session)
    assert notices(session) == []


def test_of_what_was_published_only_agreed_names_stay(
    session: Session, newsletter: Newsletter, settings: Settings
) -> None:
    tip(session, newsletter, settings, "anna@example.org")
    tip(session, newsletter, settings, "bram@example.org", name="Bram", may_name=False)
    publish(session, newsletter)
    thank_contributors(session, settings)
    session.execute(update(Suggestion).values(created_at=func.now() - timedelta(days=settings.contributor_days + 1)))
    forget_contributors(session, settings)
    assert [(one.name, one.note, one.network) for one in rows(session)] == [("Anna", "", None), ("", "", None)]


def test_an_article_in_a_draft_keeps_its_address_longer(
    session: Session, newsletter: Newsletter, settings: Settings
) -> None:
    tip(session, newsletter, settings, "anna@example.org")
    session.execute(update(Suggestion).values(created_at=func.now() - timedelta(days=settings.contributor_days + 1)))
    publish(session, newsletter, sent=False)
    assert forget_contributors(session, settings) == 0
    session.scalars(select(Issue)).one().state = IssueState.SENT
    session.flush()
    assert thank_contributors(session, settings) == 1
    assert notices(session)[0].kind is NoticeKind.THANKS
