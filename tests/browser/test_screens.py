"""Every page, in every width and both colour schemes: it answers, fits, speaks, hinders nobody, and leaves pictures."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page, expect

from curator.settings import Settings
from curator.tokens import Purpose, Signer
from tests.browser.camera import SIDES, Camera
from tests.browser.routes import unseen
from tests.browser.whole_demo import Demo, sign_in

STATES = ("keys", "filter", "checks", "conflict", "offer", "send")
"""What is opened on a page and looked at from two sides only."""


@pytest.fixture
def page(window: Browser) -> Iterator[Page]:
    with window.new_context(locale="nl-NL", timezone_id="Europe/Amsterdam") as context:
        context.set_default_timeout(20_000)
        yield context.new_page()


@pytest.mark.browser
@pytest.mark.timeout(400)
def test_every_page_holds_at_every_width_in_both_schemes(demo: Demo, page: Page, artifacts: Path) -> None:
    folder = artifacts / "screens"
    folder.mkdir(exist_ok=True)
    expect.set_options(timeout=20_000)
    camera = Camera(page, folder)
    _for_anybody(camera, demo)
    sign_in(page, demo)
    _bring_feeds(demo)
    _on_the_desk(camera, demo)
    _of_people(camera, demo, page)
    _while_writing(camera, demo, page)
    _before_sending(camera, demo, page)
    _from_a_mail(camera, demo, page)
    print("\n".join(sorted(camera.advice)))
    assert not camera.faults, "\n".join(camera.faults)
    assert unseen(camera.visited) == []
    assert len(camera.taken) == len(SIDES) * len(camera.visited) + 2 * len(STATES)


def _for_anybody(camera: Camera, demo: Demo) -> None:
    camera.visit("sign-in", f"{demo.address}/sign-in")
    camera.visit("sign-in-link", demo.link)
    camera.visit("subscribe", f"{demo.address}/subscribe/laagland")
    camera.visit("check-your-mail", f"{demo.address}/subscribe/laagland/check")
    camera.visit("suggest", f"{demo.address}/suggest/laagland")
    camera.visit("suggested", f"{demo.address}/suggest/laagland/thanks")
    camera.visit("archive", f"{demo.address}/archive/laagland")
    camera.visit("archived-issue", f"{demo.address}/archive/laagland/41")
    camera.expected = ("404",)
    camera.visit("problem", f"{demo.address}/no-such-page", status=404)
    camera.expected = ()


def _bring_feeds(demo: Demo) -> None:
    """Sources that cannot be reached, so that there is trouble to show."""
    feeds = "".join(f'<outline text="Bron {n}" xmlUrl="http://127.0.0.1:9/{n}"/>' for n in range(3))
    (demo.home / "feeds.opml").write_text(
        f'<opml version="2.0"><body><outline text="Map">{feeds}</outline></body></opml>'
    )
    demo.run("sources", "import", "laagland", str(demo.home / "feeds.opml"))


def _on_the_desk(camera: Camera, demo: Demo) -> None:
    camera.visit("newsletters", f"{demo.address}/newsletters")
    camera.visit("account", f"{demo.address}/account")
    camera.visit("sources", f"{demo.desk}/sources")
    camera.visit("bring-in", f"{demo.desk}/import")
    camera.visit("by-mail", f"{demo.desk}/mail")
    camera.visit("bookmarklet", f"{demo.desk}/bookmarklet")
    camera.visit("add", f"{demo.desk}/add?url=https%3A%2F%2Fx.example%2Fa&title=Een%20verhaal&selection=Een%20zin.")
    camera.visit("issues", f"{demo.desk}/issues")
    camera.visit("calendar", f"{demo.desk}/calendar")
    camera.visit("deliveries", f"{demo.desk}/deliveries")
    camera.visit("delivery", f"{demo.desk}/deliveries/41")
    camera.visit("report", f"{demo.desk}/reports/41")
    camera.visit("settings", f"{demo.desk}/settings")
    for part in ("sections", "relay", "tracking", "people", "tokens", "contributors", "brand", "design"):
        camera.visit(f"settings-{part}", f"{demo.desk}/settings/{part}")


def _of_people(camera: Camera, demo: Demo, page: Page) -> None:
    """The audience, and an import with a row that is set aside. Then a design of one's own."""
    camera.visit("audience", f"{demo.desk}/audience")
    camera.visit("subscriber", f"{demo.desk}/audience/1")
    camera.visit("import", f"{demo.desk}/audience/import")
    (demo.home / "people.csv").write_text("email,name\nnoor@nieuw.example,Noor\nno address,Niemand\n")
    page.locator("#file").set_input_files(demo.home / "people.csv")
    page.locator("form:has(#file) button.primary").click()
    page.wait_for_url("**/audience/import/*")
    camera.visit("import-looked-at", page.url)
    page.locator("aside button.primary").click()
    page.wait_for_url("**/audience/imports/*")
    camera.visit("imported", page.url)
    page.goto(f"{demo.desk}/settings/design")
    page.locator("#name").fill("Eigen")
    page.locator("form:has(#name) button").click()
    page.wait_for_url("**/settings/designs/*")
    camera.visit("design-editor", page.url)


def _while_writing(camera: Camera, demo: Demo, page: Page) -> None:
    """This week and an issue, with what can be opened in them."""
    camera.visit("this-week", f"{demo.desk}/")
    page.keyboard.press("?")
    camera.look("this-week-keys")
    page.keyboard.press("Escape")
    page.locator(".filter-menu > summary").click()
    page.keyboard.press("s")
    camera.look("this-week-filter")
    camera.visit("issue", f"{demo.desk}/issues/42")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator(".item-more > summary").first.click()
    page.locator(".part-menu > summary").first.click()
    page.locator("#tab-checks").click()
    expect(page.locator("#panel-checks .finding").first).to_be_visible()
    camera.look("issue-checks")
    page.goto(f"{demo.desk}/issues/42")
    camera.expected = ("409",)
    _write_against_a_colleague(page)
    camera.look("issue-conflict")
    camera.expected = ()
    page.evaluate("localStorage.clear()")
    page.goto(f"{demo.desk}/issues/42")
    page.locator("[data-offer]").first.click()
    expect(page.locator("#offer .offer-list")).to_be_visible()
    camera.look("issue-offer")


def _write_against_a_colleague(page: Page) -> None:
    """Another version of the subject is saved while this one is typed."""
    page.locator("#subject").evaluate("field => { field.dataset.version = '0'; }")
    version = int(page.locator(".compose").get_attribute("data-version") or 0)
    answer = post(page, "/save", field="subject", value="Van de redactie", version=str(version))
    assert answer == 200
    page.locator("#subject").fill("Van mij")
    expect(page.locator(".conflict")).to_be_visible()


def _before_sending(camera: Camera, demo: Demo, page: Page) -> None:
    """The pages that do the same without a script, and an approval that is asked for by mail."""
    for part in ("checks", "history", "send"):
        camera.visit(f"issue-{part}-alone", f"{demo.desk}/issues/42/{part}")
    page.goto(f"{demo.desk}/issues/42")
    camera.visit(
        "issue-offer-alone", urljoin(demo.address, str(page.locator("[data-offer]").first.get_attribute("href")))
    )
    page.goto(f"{demo.desk}/issues/42")
    page.locator("#open-send").click()
    expect(page.locator("#send-dialog .send")).to_be_visible()
    camera.look("issue-send")
    demo.run("users", "add", "collega@example.org", "--role", "editor")
    assert post(page, "/approval") == 303
    camera.visit("approval", f"{demo.desk}/issues/42/approval")
    asked = _mail_to(demo, page, "collega@example.org")
    text = asked.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    camera.visit("approve", re.search(r"http\S+/approve/\S+", text)[0])  # type: ignore[index]


def _from_a_mail(camera: Camera, demo: Demo, page: Page) -> None:
    """The mailbox after a send, and the pages its links lead to. Looking at them changes nothing."""
    form = {"address": "nieuwe-lezer@example.org", "name": "Nieuw"}
    page.request.post(f"{demo.address}/subscribe/laagland", form=form)
    demo.run("issues", "send", "laagland#42", "--now", "--yes")
    text = _mail_to(demo, page, "nieuwe-lezer@example.org").get_body(("plain",)).get_content()  # type: ignore[union-attr]
    camera.visit("confirm", re.search(r"http\S+/confirm/\S+", text)[0])  # type: ignore[index]
    source = _mail_to(demo, page, "Van de redactie")
    camera.visit("mail", page.url)
    camera.visit("mailbox", f"{demo.address}/mailbox")
    camera.visit("unsubscribe", source["List-Unsubscribe"].split(">")[0].strip("<"))
    html = source.get_body(("html",)).get_content()  # type: ignore[union-attr]
    camera.visit("preferences", re.search(r'href="(http[^"]+/p/[^"]+)"', html)[1])  # type: ignore[index]
    camera.visit("no-more-thanks", f"{demo.address}/no-thanks/{_right_to_refuse(demo)}")
    camera.visit("in-the-browser", re.search(r'href="(http[^"]+/v/[^"]+)"', html)[1])  # type: ignore[index]


def _right_to_refuse(demo: Demo) -> str:
    """What the link in a thank-you ends in."""
    key = Settings(home=demo.home / "data").secret("tokens")
    return Signer({1: key}).sign(Purpose.NO_THANKS, demo.run("contributors", "list", "laagland")[0]["id"])


def _mail_to(demo: Demo, page: Page, address: str) -> EmailMessage:
    """The newest mail that names `address`, as soon as there is one; its page is left open."""
    row = page.locator("#mails a").first
    page.goto(f"{demo.address}/mailbox?q={address}")
    row.wait_for(timeout=60_000)  # the list looks again by itself
    page.goto(urljoin(demo.address, str(row.get_attribute("href"))))
    return message_from_bytes(page.request.get(f"{page.url}/message.eml").body(), policy=default)  # type: ignore[return-value]


def post(page: Page, path: str, **fields: str) -> int:
    """Send a form to an address below the open page's, as that page would. Returns the status of the first answer."""
    fields["csrf_token"] = str(page.locator('input[name="csrf_token"]').first.get_attribute("value"))
    origin = str(page.evaluate("location.origin"))
    return page.request.post(page.url + path, form=fields, headers={"Origin": origin}, max_redirects=0).status
