"""Suggestions in a real browser: a stranger's words are words, at the door and on the desk, and muting works."""

from sqlalchemy import select

from curator.issues.models import Newsletter
from curator.settings import get_settings
from curator.sources.contributor_models import MutedContributor
from curator.sources.contributors import Contributor, suggest
from tests.web.conftest import Scene

ATTACK = "\"><img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


def test_a_strangers_words_run_nowhere(scene: Scene) -> None:
    session, page = scene.session, scene.page
    session.rollback()
    newsletter = session.get_one(Newsletter, scene.issue.newsletter_id)
    newsletter.takes_suggestions = True
    who = Contributor(f"Anna {ATTACK}", True, f"note {ATTACK}", "anna@example.org", "198.51.100.0/24")
    suggest(session, newsletter.id, scene.articles[0].address or "", who, get_settings())
    session.commit()
    page.goto(f"{scene.address}/suggest/tech")
    page.fill("#link", f"https://x.example/ {ATTACK}")
    page.fill("#name", ATTACK)
    page.click("button.primary")
    page.wait_for_selector("#problem")
    assert page.input_value("#name") == ATTACK[:60] and page.title() != "owned"
    page.goto(f"{scene.address}/n/tech/?suggested=1")
    page.click(".readers > summary")
    assert "onerror" in page.inner_text(".reader-note")
    page.click("text=Mute this reader")
    page.wait_for_load_state()
    assert page.title() != "owned" and page.locator(".find").count() == 3
    session.rollback()
    assert len(session.scalars(select(MutedContributor)).all()) == 1
