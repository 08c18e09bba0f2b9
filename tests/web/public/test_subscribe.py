"""Signing up from the outside: the same answer for everybody, one mail at most, and GET confirms nothing."""

from typing import Any

import pytest
import redis
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.audience.models import Consent, Scope, Subscriber, Subscription, SubscriptionState
from curator.audience.suppress import suppress
from curator.delivery.models import Notice
from curator.issues.models import Tracking
from curator.settings import Settings
from curator.tokens import Purpose
from curator.web.caps import CAPS
from tests.web.conftest import Browser, Cast
from tests.web.public.conftest import AddReader, Sign

pytestmark = pytest.mark.usefixtures("redis_client", "cast")


def sign_up(client: Browser, address: str, slug: str = "weekly", **more: Any) -> Any:
    headers = more.pop("headers", {})
    return client.post(f"/subscribe/{slug}", data={"address": address, **more}, headers=headers, follow_redirects=False)


def notices(session: Session) -> list[Notice]:
    return list(session.scalars(select(Notice).order_by(Notice.id)))


def test_form_in_the_newsletters_language(session: Session, anonymous: Browser, cast: Cast) -> None:
    shown = anonymous.get("/subscribe/weekly")
    assert shown.status_code == 200 and '<html lang="nl"' in shown.text and "Abonneer" in shown.text
    cast.weekly.language = "en"
    session.flush()
    assert '<html lang="en"' in anonymous.get("/subscribe/weekly").text
    cast.weekly.language = "de"
    session.flush()
    assert '<html lang="de"' in anonymous.get("/subscribe/weekly").text
    cast.weekly.language = "fa"
    session.flush()
    assert '<html lang="en"' in anonymous.get("/subscribe/weekly").text, "English where there are no words"
    assert "set-cookie" not in shown.headers


def test_measuring_is_asked_only_where_it_is_done(session: Session, anonymous: Browser, cast: Cast) -> None:
    cast.weekly.tracking = Tracking.INDIVIDUAL
    session.flush()
    assert 'name="tracking"' in anonymous.get("/subscribe/weekly").text
    cast.weekly.tracking = Tracking.AGGREGATE
    session.flush()
    assert 'name="tracking"' not in anonymous.get("/subscribe/weekly").text


def test_from_the_form_to_the_welcome(session: Session, anonymous: Browser, sign: Sign, cast: Cast) -> None:
    answer = sign_up(anonymous, "Anna@Example.org", name="Anna <b>x</b>", tracking="true")
    assert (answer.status_code, answer.headers["location"]) == (303, "/subscribe/weekly/check")
    assert "Kijk in je mail" in anonymous.get(answer.headers["location"]).text
    notice = notices(session)[0]
    assert notice.address == "Anna@example.org"
    subscription = session.scalars(select(Subscription)).one()
    link = f"/confirm/{sign(Purpose.CONFIRM, subscription.id)}"
    for method in ("GET", "HEAD", "GET"):
        assert anonymous.request(method, link).status_code == 200
    session.refresh(subscription)
    assert subscription.state is SubscriptionState.PENDING, "opening the link confirms nothing"
    assert "Anna@example.org" in anonymous.get(link).text
    assert "Welkom" in anonymous.post(link).text
    assert anonymous.post(link).status_code == 200
    session.refresh(subscription)
    assert subscription.state is SubscriptionState.ACTIVE and subscription.tracking_consent
    assert "al geabonneerd" in anonymous.get(link).text
    confirmed = session.scalars(select(Consent).where(Consent.action == "confirmed").order_by(Consent.id)).all()
    assert len(confirmed) == 2 and "The Weekly" in confirmed[0].wording and confirmed[0].language == "nl"


def test_the_same_answer_for_everybody(
    session: Session, anonymous: Browser, add_reader: AddReader, settings: Settings
) -> None:
    add_reader("known@example.org")
    add_reader("left@example.org", state="left", left_at=func.now())
    suppress(session, "suppressed@example.org", Scope.COMPLAINT, settings=settings)
    answers = [
        sign_up(anonymous, f"{who}@example.org") for who in ("unknown", "known", "left", "suppressed", "unknown")
    ]
    seen = {(a.status_code, a.headers["location"], a.content, tuple(sorted(a.headers))) for a in answers}
    assert len(seen) == 1
    assert [n.address for n in notices(session)] == ["unknown@example.org", "left@example.org"]


def test_who_left_can_come_back(session: Session, anonymous: Browser, add_reader: AddReader, sign: Sign) -> None:
    gone = add_reader("left@example.org", state="left", left_at=func.now())
    link = f"/confirm/{sign(Purpose.CONFIRM, gone.id)}"
    refused = anonymous.post(link)
    assert refused.status_code == 409 and "/subscribe/weekly" in refused.text
    sign_up(anonymous, "left@example.org")
    assert "Welkom" in anonymous.post(link).text
    session.refresh(gone)
    assert gone.state is SubscriptionState.ACTIVE


def test_one_victim_gets_one_mail(session: Session, anonymous: Browser) -> None:
    for number in range(12):
        sign_up(
            anonymous,
            f"victim+{number}@example.org",
            name="Buy now http://spam.example",
            headers={"X-Forwarded-For": f"198.51.{number}.7"},
        )
    assert len(notices(session)) == 1
    assert b"spam.example" not in notices(session)[0].content


def test_a_network_has_a_cap_whatever_it_claims_to_be(
    session: Session, anonymous: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CAPS, "subscribe", ("5 per hour", "4 per hour"))
    statuses = [
        sign_up(
            anonymous, f"person{number}@host{number}.example", headers={"X-Forwarded-For": f"203.0.{number}.1"}
        ).status_code
        for number in range(6)
    ]
    assert statuses == [303, 303, 303, 303, 429, 429]
    assert len(notices(session)) == 4


def test_links_come_from_the_configured_address(session: Session, anonymous: Browser, settings: Settings) -> None:
    sign_up(anonymous, "anna@example.org", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert b"evil.example" not in notices(session)[0].content


def test_robots_fill_in_everything(session: Session, anonymous: Browser) -> None:
    assert sign_up(anonymous, "anna@example.org", website="http://spam.example").status_code == 303
    assert notices(session) == [] and session.scalar(select(func.count()).select_from(Subscriber)) == 0


@pytest.mark.parametrize("address", ["", "anna", 'x"><svg onload=alert(1)>', "a@example.org,b@example.org"])
def test_wrong_addresses_are_explained_and_kept(session: Session, anonymous: Browser, address: str) -> None:
    answer = sign_up(anonymous, address)
    assert answer.status_code == 422 and 'role="alert"' in answer.text and "<svg onload" not in answer.text
    assert session.scalar(select(func.count()).select_from(Subscriber)) == 0


def test_cap_survives_a_lost_valkey(session: Session, anonymous: Browser, redis_client: "redis.Redis[bytes]") -> None:
    assert sign_up(anonymous, "anna@example.org").status_code == 303
    redis_client.flushdb()
    assert sign_up(anonymous, "anna@example.org").status_code == 303
    assert len(notices(session)) == 1


def test_tokens_for_something_else(anonymous: Browser, add_reader: AddReader, sign: Sign) -> None:
    subscription = add_reader(state="pending")
    good = sign(Purpose.CONFIRM, subscription.id)
    altered = good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1]
    for token in (sign(Purpose.LEAVE, subscription.id), altered, good[:-1], good + "A", "x"):
        assert anonymous.get(f"/confirm/{token}").status_code == 404
        assert anonymous.post(f"/confirm/{token}").status_code == 404


def test_request_deleted_in_the_meantime(anonymous: Browser, sign: Sign) -> None:
    link = f"/confirm/{sign(Purpose.CONFIRM, 987_654)}"
    for answer in (anonymous.get(link, headers={"Accept-Language": "nl-NL"}), anonymous.post(link)):
        assert answer.status_code == 404
    assert '<html lang="nl"' in anonymous.get(link, headers={"Accept-Language": "nl-NL"}).text


def test_unknown_newsletter(anonymous: Browser, cast: Cast) -> None:
    assert anonymous.get("/subscribe/nothing").status_code == 404
    assert sign_up(anonymous, "anna@example.org", slug="nothing").status_code == 404
