"""What DNS says wrong stands among the checks of an issue, without anybody waiting for DNS."""

from sqlalchemy import func, text, update
from sqlalchemy.orm import Session

from curator.delivery.preflight import check_issue
from curator.delivery.published import sending_of
from curator.delivery.sending_checks import SendingCheck, ask_dns, due_newsletters, keep
from curator.settings import Settings
from tests.issues.rows import a_newsletter, an_issue


class Empty:
    """A DNS in which nothing is published."""

    def texts(self, name: str) -> list[str]:
        return []

    def addresses(self, name: str) -> list[object]:
        return []

    def exchanges(self, name: str) -> list[str]:
        return []


def codes(session: Session, issue_id: int, settings: Settings) -> set[str]:
    return {finding.code for finding in check_issue(session, issue_id, settings=settings).warnings}


def test_faults_stand_among_the_checks_until_the_domain_changes(session: Session, settings: Settings) -> None:
    newsletter = a_newsletter(session, from_address="desk@krant.nl")
    issue = an_issue(session, newsletter)
    assert list(due_newsletters(session, settings)) == [newsletter.id]
    faults = ask_dns(sending_of(session, newsletter, settings), Empty())  # type: ignore[arg-type]
    keep(session, newsletter.id, "krant.nl", faults)
    assert due_newsletters(session, settings) == {}
    assert {"dns_spf_record", "dns_dmarc_record"} <= codes(session, issue.id, settings)
    newsletter.from_address = "desk@ander.nl"
    session.flush()
    assert not {code for code in codes(session, issue.id, settings) if code.startswith("dns_")}


def test_dns_is_asked_again_after_an_hour_and_never_about_examples(session: Session, settings: Settings) -> None:
    newsletter = a_newsletter(session, from_address="desk@krant.nl")
    an_issue(session, newsletter)
    an_issue(session, a_newsletter(session, "other", from_address="desk@krant.example"))
    keep(session, newsletter.id, "krant.nl", [])
    assert due_newsletters(session, settings) == {}
    session.execute(update(SendingCheck).values(checked_at=func.now() - text("interval '61 minutes'")))
    assert list(due_newsletters(session, settings)) == [newsletter.id]
