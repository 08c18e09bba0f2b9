"""Every word of the desk is an attack: on no page, in no preview, in no archived issue does any of it run."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from curator.accounts.api_tokens import create_token
from curator.accounts.models import Role
from curator.accounts.users import add_user
from curator.audience.models import Subscription
from curator.delivery.freeze import freeze
from curator.delivery.plan import send_issue
from curator.delivery.relays import set_relay
from curator.issues.calendar import Intent, mean
from curator.issues.comments import add_comment
from curator.issues.compose import add_item, create_issue
from curator.issues.models import Design
from curator.issues.own_designs import start_design
from curator.settings import Settings
from curator.sources.contributors import Contributor, suggest
from curator.sources.filters import save_filter
from curator.sources.models import Source
from curator.sources.triage import Choice
from tests.delivery.cast import add_readers
from tests.issues.rows import an_article
from tests.web.conftest import Scene

pytestmark = pytest.mark.browser

ATTACK = '"\'><svg onload="top.ran=1"><img src=x onerror="top.ran=1"><script>top.ran=1</script>{{ 7331*1379 }}'

WORDS = {
    "newsletter": ("name", "description", "from_name", "header", "footer", "postal_address"),
    "issue": ("subject", "preheader", "intro", "outro"),
    "section": ("name", "label"),
    "item": ("title", "site", "author", "blurb", "picture_alt", "credit"),
    "article": ("title", "site", "author", "summary", "quote", "brought_by", "triaged_by"),
    "source": ("title", "folder", "last_error", "moved_to"),
    "saved_filter": ("name", "by"),
    "subscriber": ("name",),
    "comment": ("text", "by"),
    "calendar_day": ("note", "by"),
    "suggestion": ("name", "note"),
    "api_token": ("name",),
    "design": ("name",),
    "user_account": ("name",),
    "message": ("reason",),
    "revision": ("by",),
}
"""Per table the columns in which somebody's words stand."""

PAGES = (
    *("", "?show=starred", "sources", "mail", "import", "bookmarklet", "issues", "issues/1", "issues/1/checks"),
    *("issues/1/history", "issues/1/approval", "issues/1/send", "calendar", "audience", "deliveries"),
    *("deliveries/2", "reports/2", "settings", "settings/sections", "settings/people", "settings/tokens"),
    *("settings/contributors", "settings/brand", "settings/design"),
)

RAN = """() => [
  window.ran, document.querySelectorAll("[onload], [onerror]").length,
  [...document.querySelectorAll("script")].filter((script) => script.textContent.includes("ran=1")).length,
]"""


def test_words_that_attack_run_nowhere(scene: Scene, settings: Settings) -> None:
    _fill(scene, settings)
    page = scene.page
    person, design = (scene.session.scalars(select(table.id)).first() for table in (Subscription, Design))
    desk = [f"{scene.address}/n/tech/{path}" for path in (*PAGES, f"audience/{person}", f"settings/designs/{design}")]
    public = [f"{scene.address}/{path}" for path in ("newsletters", "account", "subscribe/tech", "suggest/tech")]
    shown = 0
    for address in (*desk, *public, f"{scene.address}/archive/tech", f"{scene.address}/archive/tech/2"):
        answer = page.goto(address, wait_until="load")
        assert answer is not None
        assert answer.status == 200, address
        shown += "top.ran=1" in page.inner_text("body")
        for frame in page.frames:
            assert frame.evaluate(RAN) == [None, 0, 0], f"{address}: {frame.url}"
    assert shown > len(PAGES) // 2, "the words are there to be read, as words"
    assert "10109449" not in page.content(), "a template in somebody's words is not worked out"


def _fill(scene: Scene, settings: Settings) -> None:
    """A sent issue and one in the making, with something of everything; then the attack wherever words stand."""
    session, newsletter = scene.session, scene.issue.newsletter
    user = add_user(session, "editor@example.org", Role.OWNER)
    newsletter.takes_suggestions = True
    newsletter.relay_id = set_relay(session, "default", host="127.0.0.1", port=9, security="none").id
    where = {"address": "https://feed.example/f", "address_key": "feed.example/f", "title": "Feed"}
    session.add(Source(newsletter_id=newsletter.id, failures=2, **where))
    session.flush()
    add_comment(session, scene.issue.sections[1].items[0].id, "Said", "ben@example.org")
    save_filter(session, newsletter.id, "Kept", Choice(words="chips"), "ben")
    mean(session, newsletter.id, scene.issue.created_at.date(), Intent.SKIPPED, "ben", note="Skipped")
    create_token(session, user, newsletter.id, "Reader", 30)
    start_design(session, newsletter, "Own", based_on="classic", files={"issue.html": "<p>{{ subject }}</p>"}, by="ben")
    who = Contributor("Anna", True, "Read this", "anna@example.org", "198.51.100.0/24")
    suggest(session, newsletter.id, scene.articles[0].address or "", who, settings)
    add_readers(session, settings, newsletter, ["anna@example.org", "ben@example.org"])
    sent = create_issue(session, newsletter.id, "Sent", by="ben")
    add_item(session, sent.id, an_article(session, newsletter, "sent").id, sent.sections[1].name)
    _put(session)
    delivery = send_issue(session, sent.id, by="editor@example.org", now=True, settings=settings)
    freeze(session, delivery.id, settings)
    _put(session)
    session.execute(text("UPDATE issue SET state = 'sent', sent_at = now() WHERE number = 2"))
    session.commit()


def _put(session: Session) -> None:
    session.flush()
    for table, columns in WORDS.items():
        for column in columns:
            session.execute(text(f"UPDATE {table} SET {column} = :attack || ctid::text"), {"attack": ATTACK})
    session.expire_all()
