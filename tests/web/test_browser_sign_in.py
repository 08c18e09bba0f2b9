"""A sign-in that ends while somebody writes, in a real browser: the way back leads to the page, with the words."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import delete

from curator.accounts.models import SignIn
from curator.accounts.sign_ins import open_sign_in
from curator.settings import get_settings
from curator.web.access import cookie_name
from tests.web.conftest import Scene

pytestmark = pytest.mark.browser


def test_whoever_writes_when_a_sign_in_ends_comes_back_to_the_words(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/n/tech/issues/1")
    page.locator("#intro").fill("Written too late")
    scene.session.execute(delete(SignIn))
    scene.session.commit()  # whatever the page asks next, saving or looking, leads to the form
    page.wait_for_url("**/sign-in?next=/n/tech/issues/1")
    expect(page.locator("input[name=next]").first).to_have_value("/n/tech/issues/1")
    secret = open_sign_in(scene.session, scene.editor, agent="test", settings=get_settings())
    scene.session.commit()
    page.context.add_cookies([{"name": cookie_name(), "value": secret, "url": scene.address}])
    page.goto(scene.address + page.locator("input[name=next]").first.input_value())
    expect(page.locator("#intro")).to_have_value("Written too late")
