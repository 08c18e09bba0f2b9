"""Which relays serve a newsletter, and how they are."""

from sqlalchemy.orm import Session

from curator.delivery.relay_state import RelayState, all_relays, relays_of
from curator.delivery.relays import set_relay
from tests.issues.rows import a_newsletter


def test_a_newsletter_has_its_own_relay_or_the_default(session: Session) -> None:
    newsletter = a_newsletter(session)
    assert relays_of(session, newsletter.id) == []
    set_relay(session, "default", host="127.0.0.1", port=25, security="none")
    own = set_relay(session, "own", host="127.0.0.1", port=26, security="none")
    assert relays_of(session, newsletter.id) == [RelayState("default", "unknown", None, None)]
    newsletter.relay_id = own.id
    session.flush()
    assert [relay.name for relay in relays_of(session, newsletter.id)] == ["own"]
    assert [relay.name for relay in all_relays(session)] == ["default", "own"]
