"""A page made to run something, from its address to the mail: what it says is shown as the words they are."""

import json
from html import escape
from io import BytesIO
from typing import Any

import lxml.html
import pytest
from PIL import Image
from sqlalchemy.orm import Session

from curator.editions.render import render_issue
from curator.issues.compose import add_item, create_issue
from curator.issues.content import load_content
from curator.settings import Settings
from curator.sources.intake import add_address
from curator.sources.models import Article, FetchState
from curator.sources.reading import read_article
from tests.sources.site import running_site
from tests.web.conftest import Browser, Cast

ATTACK = '"><svg onload=alert(1)><script>alert(2)</script>{{ 7331*1379 }}'
PARAGRAPH = "De fabriek in het oosten van het land gaat volgend jaar open en biedt werk aan duizenden mensen. " * 3
BODY = f"""
<p>{PARAGRAPH}</p><p onclick="alert(3)" style="position:fixed">{escape(ATTACK)} {PARAGRAPH}</p>
<p><a href="javascript:alert(4)">hier</a> {PARAGRAPH}</p><svg onload="alert(5)"></svg><img src=x onerror="alert(6)">
<iframe srcdoc="<script>alert(7)</script>"></iframe><object data="x"></object><math><mtext></p><script>alert(8)</script>
<p>{PARAGRAPH}<noscript><p title="</noscript><img src=x onerror=alert(9)>"></noscript></p>
"""


def hostile_page() -> str:
    """Every fact of the page is the attack."""
    facts: dict[str, Any] = {
        "@type": "NewsArticle",
        "headline": ATTACK,
        "author": [{"name": ATTACK}],
        "publisher": {"name": ATTACK},
        "keywords": [ATTACK[:40]],
    }
    linked = json.dumps(facts).replace("</", "<\\/")
    return f"""<html lang="{escape(ATTACK)}"><head><title>{escape(ATTACK)}</title>
    <script type="application/ld+json">{linked}</script><meta property="og:image" content="/p.jpg">
    <meta property="og:image:alt" content="{escape(ATTACK)}"></head><body><article>{BODY}</article></body></html>"""


@pytest.fixture
def article(session: Session, cast: Cast, settings: Settings) -> Article:
    picture = BytesIO()
    Image.new("RGB", (1300, 700), (10, 90, 160)).save(picture, "JPEG")
    reach = settings.model_copy(update={"fetch_allow": "127.0.0.0/8", "fetch_seconds": 5.0})
    with running_site() as site:
        site.page("/p.jpg", picture.getvalue() + ATTACK.encode(), kind="image/jpeg")
        added = add_address(session, cast.weekly.id, site.page("/a", hostile_page())).article
        return read_article(session, added.id, reach)


def runs_nothing(markup: str) -> None:
    """No element or attribute came out of the page's words."""
    tree = lxml.html.document_fromstring(markup)
    assert not tree.xpath("//svg[@onload] | //iframe[@srcdoc] | //object | //math")
    assert not [script for script in tree.iter("script") if "alert(" in (script.text or "")]
    attributes = [(name, value) for element in tree.iter() for name, value in element.attrib.items()]
    assert not [name for name, _ in attributes if name.startswith("on")]
    assert not [value for _, value in attributes if value.strip().lower().startswith("javascript:")]
    assert "10109449" not in markup


def test_its_facts_are_kept_as_words_and_its_body_has_no_hooks(article: Article) -> None:
    assert article.fetch_state is FetchState.DONE
    assert (article.title, article.site, article.picture_alt) == (ATTACK, ATTACK, ATTACK)
    assert article.picture_id
    assert "alert(1)" in article.body_text
    runs_nothing(article.body_html)
    for hook in ("onclick", "onerror", "style=", "<svg", "<script", "<iframe", "javascript:"):
        assert hook not in article.body_html


def test_the_desk_and_the_mail_show_them_as_words(
    article: Article, session: Session, cast: Cast, editor: Browser, settings: Settings
) -> None:
    issue = create_issue(session, cast.weekly.id, "Deze week")
    add_item(session, issue.id, article.id, issue.sections[0].name, None)
    for path in ("/n/weekly/", f"/n/weekly/articles/{article.id}", f"/n/weekly/issues/{issue.number}"):
        page = editor.get(path)
        assert page.status_code == 200
        assert "{{ 7331*1379 }}" in page.text
        runs_nothing(page.text)
    mail = render_issue(load_content(session, issue.id), public_url="https://desk.example.org").html
    assert ATTACK in lxml.html.document_fromstring(mail).text_content()
    runs_nothing(mail)
