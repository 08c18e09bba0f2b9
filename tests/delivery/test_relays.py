"""Relays: passwords encrypted at rest, the default for everybody, and a try that shows the conversation."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from curator.delivery import relays
from curator.delivery.models import Health, Security
from curator.delivery.relay_health import note_failure
from curator.delivery.relays import list_relays, plan_of, pool_for, relay_for, remove_relay, set_relay
from curator.errors import Conflict, Invalid, NotFound, Unavailable
from curator.settings import Settings
from tests.delivery.cast import a_frozen_delivery
from tests.issues.rows import a_newsletter
from tests.sink import Sink


def test_a_password_is_encrypted_and_kept(session: Session) -> None:
    made = set_relay(
        session, "default", host="mail.example.org", port=587, security="starttls", username="u", password="sekret"
    )
    assert made.password is not None
    assert b"sekret" not in made.password
    assert plan_of(made).password == "sekret"
    assert "sekret" not in repr(plan_of(made))
    set_relay(session, "default", host="mail.example.org", port=465, security="tls", username="u")
    assert plan_of(made).password == "sekret"
    assert (made.port, made.security) == (465, Security.TLS)
    set_relay(session, "default", host="mail.example.org", port=465, security="tls")
    assert made.password is None
    assert list_relays(session) == [made]


def test_a_password_of_another_key_file_is_a_clear_refusal(session: Session) -> None:
    made = set_relay(session, "a", host="h", port=25, security="tls", username="u", password="p")
    assert made.password is not None
    made.password = made.password[:-1] + bytes([made.password[-1] ^ 1])
    with pytest.raises(Unavailable, match="key file"):
        plan_of(made)


def test_a_newsletter_has_its_own_relay_or_the_default(session: Session) -> None:
    newsletter = a_newsletter(session)
    with pytest.raises(Unavailable, match="curator relays set default"):
        relay_for(session, newsletter.id)
    set_relay(session, "default", host="one.example.org", port=25, security="none")
    own = set_relay(session, "own", host="two.example.org", port=25, security="none")
    assert relay_for(session, newsletter.id).name == "default"
    assert relay_for(session, None).name == "default"
    newsletter.relay_id = own.id
    session.flush()
    assert relay_for(session, newsletter.id).name == "own"


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": 0},
        {"security": "ssl"},
        {"connections": 0},
        {"rate": 0.0},
        {"weight": -1},
        {"weight": 1001},
        {"pool": ""},
        {"pool": "two words"},
        {"host": "two words"},
        {"host": " "},
        {"username": "u", "password": "p"},
    ],
)
def test_what_cannot_work_is_refused(session: Session, wrong: dict[str, object]) -> None:
    values = {"host": "mail.example.org", "port": 25, "security": "none", **wrong}
    with pytest.raises(Invalid):
        set_relay(session, "default", **values)  # type: ignore[arg-type]


def test_a_pool_serves_whoever_names_one_of_it(session: Session) -> None:
    newsletter = a_newsletter(session)
    default = set_relay(session, "default", host="one.example.org", port=25, security="none")
    assert [(plan.name, plan.pool, plan.weight) for plan in pool_for(session, newsletter.id)] == [
        ("default", "default", 1)
    ]
    set_relay(session, "second", host="two.example.org", port=25, security="none", pool="default", weight=5)
    spare = set_relay(session, "spare", host="three.example.org", port=25, security="none", pool="default", weight=0)
    set_relay(session, "other", host="four.example.org", port=25, security="none")
    note_failure(session, default.id, Health.DOWN, "connection refused")
    plans = pool_for(session, newsletter.id)
    assert [plan.name for plan in plans] == ["second", "default", "spare"]
    assert [plan.health for plan in plans] == [Health.UP, Health.DOWN, Health.UP]
    assert plans[1].reason == "connection refused"
    newsletter.relay_id = spare.id
    session.flush()
    assert [plan.name for plan in pool_for(session, newsletter.id)] == ["second", "default", "spare"]


def test_a_relay_is_removed_unless_somebody_needs_it(session: Session) -> None:
    newsletter = a_newsletter(session)
    relay = set_relay(session, "own", host="h", port=25, security="none")
    newsletter.relay_id = relay.id
    session.flush()
    with pytest.raises(Conflict, match=newsletter.slug):
        remove_relay(session, "own")
    newsletter.relay_id = None
    session.flush()
    note_failure(session, relay.id, Health.DOWN, "connection refused")
    session.flush()
    remove_relay(session, "own")
    assert list_relays(session) == []
    with pytest.raises(NotFound):
        remove_relay(session, "own")


def test_nothing_is_removed_from_under_a_send(session: Session, settings: Settings) -> None:
    a_frozen_delivery(session, settings, 1, 25)
    set_relay(session, "spare", host="h", port=25, security="none")
    with pytest.raises(Conflict, match="being sent"):
        remove_relay(session, "spare")


def test_a_try_shows_the_conversation_without_the_password(session: Session) -> None:
    with Sink(None, users={"u": "sekret"}) as sink:
        good = set_relay(
            session, "a", host="127.0.0.1", port=sink.port, security="none", username="u", password="sekret"
        )
        result = relays.test_relay(good)
        bad = set_relay(session, "b", host="127.0.0.1", port=sink.port, security="none", username="u", password="no")
        refused = relays.test_relay(bad)
        commands = list(sink.commands)
    assert result.ok
    assert "PIPELINING" in result.capabilities
    assert result.dialogue[0].startswith("< 220")
    assert not any("sekret" in line or "c2Vrc" in line for line in result.dialogue)
    assert not refused.ok
    assert "535" in str(refused.error)
    assert not any(command.startswith("MAIL") for command in commands)


def test_a_try_of_a_relay_that_is_not_there(session: Session, free_port: Callable[[], int]) -> None:
    relay = set_relay(session, "a", host="127.0.0.1", port=free_port(), security="none")
    assert relays.test_relay(relay).error == f"Relay a (127.0.0.1:{relay.port}) failed at connect: connection refused."
