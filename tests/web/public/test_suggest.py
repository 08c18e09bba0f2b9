"""The contributors' door from the outside: closed unless opened, one answer for all, nothing lost, nothing runs."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.delivery.models import Notice
from curator.sources.contributor_models import MutedContributor, Suggestion
from curator.sources.models import Article, Triage
from curator.tokens import Purpose
from curator.web.caps import CAPS
from curator.web.public import suggest
from tests.issues.rows import an_article
from tests.web.conftest import Browser, Cast
from tests.web.public.conftest import Sign

pytestmark = pytest.mark.usefixtures("redis_client", "cast")

PAGE = "https://news.example.org/chips"
ATTACK = '"><svg onload=alert(1)>{{ 7331*1379 }}'


@pytest.fixture(autouse=True)
def _open(session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    cast.weekly.takes_suggestions = True
    session.flush()
    monkeypatch.setattr(suggest, "ANSWER_SECONDS", 0.0)


def send(client: Browser, link: str = PAGE, slug: str = "weekly", **more: Any) -> Any:
    headers = more.pop("headers", {})
    return client.post(f"/suggest/{slug}", data={"link": link, **more}, headers=headers, follow_redirects=False)


def rows(session: Session) -> list[Suggestion]:
    return list(session.scalars(select(Suggestion).order_by(Suggestion.id)))


def articles(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Article)) or 0


def test_a_closed_door_is_no_page(session: Session, anonymous: Browser) -> None:
    for path in ("/suggest/other", "/suggest/other/thanks", "/suggest/other/brand.css", "/suggest/nothing"):
        assert anonymous.get(path).status_code == 404
    assert send(anonymous, slug="other").status_code == 404
    assert send(anonymous, slug="nothing").status_code == 404
    assert articles(session) == 0
    assert "/suggest/" in anonymous.get("/archive/weekly").text
    assert "/suggest/" not in anonymous.get("/archive/other").text


def test_the_form_speaks_the_newsletters_language(session: Session, anonymous: Browser, cast: Cast) -> None:
    shown = anonymous.get("/suggest/weekly")
    assert '<html lang="nl"' in shown.text and "Tip een artikel" in shown.text and "<script" not in shown.text
    assert "set-cookie" not in shown.headers
    cast.weekly.language = "en"
    cast.weekly.thanks_contributors = False
    session.flush()
    shown = anonymous.get("/suggest/weekly")
    assert '<html lang="en"' in shown.text and 'name="mail"' not in shown.text, "nothing is asked that is not needed"
    assert "--accent: #" in anonymous.get("/suggest/weekly/brand.css").text


def test_from_the_form_to_this_week(
    session: Session, anonymous: Browser, cast: Cast, browser: Callable[..., Browser]
) -> None:
    words = {"note": f"note {ATTACK}", "name": f"Anna {ATTACK}", "may_name": "true", "mail": "Anna@Example.org"}
    answer = send(anonymous, **words)
    assert (answer.status_code, answer.headers["location"]) == (303, "/suggest/weekly/thanks")
    assert "Dank je" in anonymous.get(answer.headers["location"]).text
    (one,) = rows(session)
    assert (one.address, one.network, one.may_name) == ("Anna@example.org", "unknown", True)
    editor = browser(cast.editor)
    page = editor.get("/n/weekly/?suggested=1").text
    assert "Suggested by a reader" in page and "note &#34;&gt;&lt;svg" in page
    assert "<svg onload" not in page and "10109449" not in page
    assert "anna@example.org" not in page.lower(), "an address is for thanking, not for reading"
    assert editor.submit("/n/weekly/filters", name="Readers", suggested="1").status_code == 303
    assert "Readers" in editor.get("/n/weekly/").text
    assert session.scalars(select(Article)).one().triage is Triage.CANDIDATE
    assert session.scalar(select(func.count()).select_from(Notice)) == 0, "nobody is mailed for a suggestion"


def test_the_same_answer_whatever_is_known(session: Session, anonymous: Browser, cast: Cast) -> None:
    an_article(session, cast.weekly, "chips")
    an_article(session, cast.weekly, "cables", triage=Triage.DISMISSED)
    answers = [send(anonymous, f"https://news.example.org/{name}") for name in ("chips", "cables", "new", "new")]
    answers.append(send(anonymous, "https://news.example.org/robots", website="http://spam.example"))
    seen = {(a.status_code, a.headers["location"], a.content, tuple(sorted(a.headers))) for a in answers}
    assert len(seen) == 1
    assert articles(session) == 3, "a robot's is not taken"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"link": ""}, "link"),
        ({"link": "javascript:alert(1)"}, "link"),
        ({"link": f"https://x.example/ {ATTACK}"}, "link"),
        ({"mail": "anna"}, "mail"),
        ({"mail": "a@example.org,b@example.org"}, "mail"),
        ({"mail": "a@example.org\r\nBcc: v@example.org"}, "mail"),
        ({"note": "x" * 501}, "note"),
    ],
)
def test_a_mistake_is_named_and_nothing_typed_is_lost(
    session: Session, anonymous: Browser, fields: dict[str, str], wrong: str
) -> None:
    typed = {"link": PAGE, "note": "because & so", "name": f"Bo {ATTACK}", "may_name": "true", "mail": "b@example.org"}
    answer = send(anonymous, **typed | fields)
    assert answer.status_code == 422 and 'role="alert"' in answer.text
    marked = answer.text.partition(f'id="{wrong}" name="{wrong}"')[2].partition(">")[0]
    assert 'aria-invalid="true"' in marked and answer.text.count("aria-invalid") == 1
    assert "Bo &#34;&gt;&lt;svg" in answer.text and "<svg onload" not in answer.text and "10109449" not in answer.text
    assert 'name="may_name" value="true" checked' in answer.text
    assert ("because &amp; so" in answer.text) == ("note" not in fields)
    assert rows(session) == [] and articles(session) == 0


def test_networks_and_addresses_have_caps(
    session: Session, anonymous: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CAPS, "suggest", ("3 per hour", "5 per hour"))
    one = [send(anonymous, f"{PAGE}{n}", mail="victim@example.org").status_code for n in range(4)]
    assert one == [303, 303, 303, 429]
    many = [
        send(
            anonymous, f"{PAGE}x{n}", mail=f"p{n}@example.org", headers={"X-Forwarded-For": f"203.0.{n}.1"}
        ).status_code
        for n in range(2)
    ]
    assert many == [303, 429], "whatever it claims to be"
    refused = send(anonymous, PAGE, note="kept words")
    assert refused.status_code == 429 and "kept words" in refused.text


def test_another_sites_form_is_refused(session: Session, anonymous: Browser) -> None:
    cross = {"Sec-Fetch-Site": "cross-site"}
    for header in ({"Origin": "http://evil.example"}, cross, cross | {"Origin": "null"}):
        assert send(anonymous, headers=header).status_code == 403
    assert rows(session) == []
    for header in ({"Origin": "null"}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}):
        assert send(anonymous, headers=header).status_code == 303


def test_a_full_day_says_so(session: Session, anonymous: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curator.sources.contributors.MOST_A_DAY", 1)
    assert [send(anonymous, f"{PAGE}{n}").status_code for n in range(2)] == [303, 429]


def test_the_link_in_a_thank_you_acts_by_its_button_only(
    session: Session, anonymous: Browser, sign: Sign, cast: Cast
) -> None:
    send(anonymous, mail="victim@example.org")
    (one,) = rows(session)
    link = f"/no-thanks/{sign(Purpose.NO_THANKS, one.id)}"
    for method in ("GET", "HEAD", "GET"):
        assert anonymous.request(method, link).status_code == 200
    assert session.scalars(select(MutedContributor)).all() == []
    for _ in range(2):
        assert "geregeld" in anonymous.post(link).text
    assert len(session.scalars(select(MutedContributor)).all()) == 1
    for token in (sign(Purpose.LEAVE, one.id), sign(Purpose.NO_THANKS, 987_654), link[:-1].rpartition("/")[2]):
        assert anonymous.get(f"/no-thanks/{token}").status_code == 404
        assert anonymous.post(f"/no-thanks/{token}").status_code == 404
