"""The rows of another newsletter under the address of one's own: generated from the route table, none is forgotten.

The user owns `weekly` and nothing of `other`, whose rows all hold a word that no answer may show.
"""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from curator.accounts.api_tokens import create_token
from curator.accounts.models import Role, User
from curator.accounts.users import add_user
from curator.audience.models import ImportRun, Subscription
from curator.db.registry import load_models
from curator.delivery.relays import set_relay
from curator.issues.approval import submit
from curator.issues.comments import add_comment
from curator.issues.compose import add_item, create_issue
from curator.issues.models import Newsletter, Revision
from curator.issues.own_designs import start_design
from curator.issues.proposal_prompts import Kind
from curator.issues.proposals import Proposal, Stage
from curator.settings import Settings
from curator.sources.adding import watch_address
from curator.sources.contributor_models import MutedContributor, Suggestion
from curator.sources.filters import save_filter
from curator.sources.mail_in import receive_mail
from curator.sources.triage import Choice
from tests.delivery.cast import add_readers, sent_as_it_stands
from tests.issues.rows import an_article
from tests.web.conftest import Browser, Cast
from tests.web.test_access import DESK

WORD = "zebrapad"
BY = "someone@other.example"

# What a form says that would be taken, so that only whose row it is can be in the way.
FORM = {
    "triage": "dismissed",
    "version": "1",
    "title": WORD,
    "name": "A name",
    "text": "A comment",
    "step": "0",
    "decision": "approve",
    "who": "reader",
    "role": "viewer",
    "seen": "0",
    "weeks": "2",
    "day": "2030-01-07",
    "act": "plan",
    "issue_html": "<html><body>x</body></html>",
}
SHARED = "/settings/relay/{relay_id}/"  # relays are everybody's: choosing among them is allowed, changing them is not


def rows_of(session: Session, settings: Settings, newsletter: Newsletter) -> dict[str, str]:
    """One row of every kind, by the name that its number has in addresses and forms."""
    article, other = (an_article(session, newsletter, name, title=f"{WORD} {name}") for name in ("one", "two"))
    issue = create_issue(session, newsletter.id, WORD, by=BY)
    section = issue.sections[0]
    item = add_item(session, issue.id, article.id, section.name, WORD)
    sent = create_issue(session, newsletter.id, f"{WORD} sent")
    add_item(session, sent.id, other.id, sent.sections[0].name)
    add_readers(session, settings, newsletter, [f"{WORD}@example.org"])
    sent_as_it_stands(session, sent, settings)
    user = add_user(session, f"{WORD}@other.example", Role.OWNER, newsletter.id)
    files = {"issue.html": f"<html><body>{WORD}</body></html>"}
    mail = receive_mail(session, newsletter.id, f"From: a@b.example\r\nSubject: {WORD}\r\n\r\n{WORD}".encode())
    assert mail is not None
    made = {
        "proposal_id": Proposal(
            issue_id=issue.id, item_id=item.id, kind=Kind.BLURB, stage=Stage.FAILED, lines=[WORD], reason=WORD, by=BY
        ),
        "suggestion_id": Suggestion(
            newsletter_id=newsletter.id, article_id=article.id, name=WORD, note=WORD, key=b"key", network="10.0.0.0/24"
        ),
        "muted_id": MutedContributor(newsletter_id=newsletter.id, key=b"key", label=WORD, by=BY),
        "run_id": ImportRun(newsletter_id=newsletter.id, file_name=f"{WORD}.csv", actor=BY, rejects=[]),
    }
    session.add_all(made.values())
    session.flush()
    made |= {
        "article_id": article,
        "other_id": other,
        "article": article,
        "section_id": section,
        "item_id": item,
        "source_id": watch_address(session, newsletter.id, f"https://{WORD}.example/feed"),
        "comment_id": add_comment(session, item.id, WORD, BY),
        "filter_id": save_filter(session, newsletter.id, WORD, Choice(words=WORD), BY),
        "approval_id": submit(session, issue.id, BY),
        "design_id": start_design(session, newsletter, WORD, based_on="classic", files=files, by=BY),
        "user_id": user,
        "token_id": create_token(session, user, newsletter.id, WORD, 30)[0],
        "mail_id": mail,
        "relay_id": set_relay(session, "default", host="127.0.0.1", port=1, security="none"),
        "revision_id": session.scalars(select(Revision).where(Revision.issue_id == issue.id)).first(),
        "subscription_id": session.scalars(select(Subscription)).one(),
    }
    return {name: str(row.id) for name, row in made.items()}  # type: ignore[attr-defined]


def everything(session: Session) -> set[str]:
    """Every row that has the word in it."""
    tables = [table.name for table in load_models().sorted_tables if table.name not in ("heartbeat", "audit_entry")]
    found: set[str] = set()
    for name in tables:
        query = text(f"SELECT row_to_json(t)::text FROM \"{name}\" t WHERE t::text LIKE '%{WORD}%'")
        found |= {f"{name} {row}" for row in session.scalars(query)}
    return found


@pytest.fixture
def owner_of_weekly(session: Session, cast: Cast, browser: Callable[[User], Browser]) -> Browser:
    return browser(add_user(session, "me@weekly.example", Role.OWNER, cast.weekly.id))


def test_the_rows_of_another_newsletter_do_not_exist(
    session: Session, settings: Settings, cast: Cast, owner_of_weekly: Browser
) -> None:
    theirs = rows_of(session, settings, cast.other)
    own = create_issue(session, cast.weekly.id, "Mine")
    before = everything(session)
    tried = 0
    for method, path in DESK:
        names = [name for name in re.findall(r"\{(\w+)", path) if name in theirs]
        if not names and method == "GET":
            continue
        values = {**theirs, "slug": "weekly", "number": str(own.number), "kind": "blurb", "token": "1"}
        address = re.sub(r"\{(\w+)(?::\w+)?\}", lambda name, values=values: values.get(name[1], "1"), path)
        headers = {"X-CSRF-Token": owner_of_weekly.csrf_token}
        data = FORM | theirs | {"section": theirs["section_id"], "source": theirs["source_id"]}
        given = {} if method == "GET" else {"data": data}
        answer = owner_of_weekly.request(method, address, headers=headers, follow_redirects=False, **given)  # type: ignore[arg-type]
        assert answer.status_code < 500, (method, path)
        assert WORD not in answer.text.replace(f'value="{WORD}"', ""), (method, path)
        if names:
            tried += 1
            expected = (200, 403) if SHARED in path else (404,)
            assert answer.status_code in expected, (method, path, answer.status_code, answer.text[-200:])
    assert tried > 40
    assert everything(session) == before
