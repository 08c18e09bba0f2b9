"""Tasks for issues in the making: the issue of a week; asking links, one by one per host, DNS, and a language model.

Asking opens its own transactions: an answer is kept as soon as it is there; nothing is locked while a site is asked.
"""

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime

import structlog
from sqlalchemy.orm import Session

from curator.db.session import transaction
from curator.delivery.resolver import Resolver
from curator.delivery.sending_checks import ask_dns, due_newsletters, keep
from curator.editions.listing import list_links
from curator.errors import CuratorError, ModelFailed
from curator.issues.link_answer import ask
from curator.issues.link_checks import give_back, note, take, unlisted_drafts
from curator.issues.planning import make_due
from curator.issues.proposals import fail, give_up, keep_offers, take_asked
from curator.issues.proposing import answer_of, load_question
from curator.settings import Settings, get_settings
from workers.base import should_stop, task

log = structlog.get_logger(__name__)

BETWEEN_SECONDS = 1.0
"""Pause between two requests to one host."""

LONGEST_SECONDS = 15.0
"""After this no further request begins, so that this process is free for other work; what is left is given back."""

MOST_QUESTIONS = 4
"""Questions a model is asked at once. One process asks all of them: a model that hangs never holds a second one."""

QUESTIONS_FOR_SECONDS = 60.0
"""After this no further question begins, for the same reason as with links; the sweep rings for what is left."""

MORE_EVERY_SECONDS = 0.25


@task("issues.due")
def make_due_issues(session: Session) -> int:
    """Make what the rhythms ask for now; how many."""
    return len(make_due(session, datetime.now(UTC)))


@task("issues.check_links", own_transactions=True)
def check_links() -> int:
    """Put down the links of drafts that changed, then ask what is due; how many were asked."""
    settings = get_settings()
    if not settings.check_links:
        return 0
    _put_down(settings.public_url)
    with transaction() as session:
        by_host = take(session)
    if not by_host:
        return 0
    deadline = time.monotonic() + LONGEST_SECONDS
    with ThreadPoolExecutor(max_workers=len(by_host)) as threads:
        asked = list(threads.map(lambda links: _ask_host(links, deadline), by_host.values()))
    left = [link[0] for links, count in zip(by_host.values(), asked, strict=True) for link in links[count:]]
    with transaction() as session:
        give_back(session, left)
    return sum(asked)


@task("issues.check_sending", own_transactions=True)
def check_sending() -> int:
    """Ask DNS about newsletters with an issue in the making; how many were asked."""
    settings = get_settings()
    with transaction() as session:
        due = due_newsletters(session, settings)
    for newsletter_id, sending in due.items():
        faults = ask_dns(sending, Resolver(settings.dns_address))
        with transaction() as session:
            keep(session, newsletter_id, sending.from_domain, faults)
    return len(due)


@task("issues.propose", own_transactions=True)
def propose() -> int:
    """Ask the model what editors asked for, side by side, and what they ask for meanwhile; how many were answered."""
    settings = get_settings()
    with transaction() as session:
        is_waited_for = give_up(session)
    if not is_waited_for or not settings.model_address:
        return 0
    ends, running, done = time.monotonic() + QUESTIONS_FOR_SECONDS, set[Future[None]](), 0
    with ThreadPoolExecutor(max_workers=MOST_QUESTIONS) as threads:
        while True:
            is_time = time.monotonic() < ends and not should_stop()
            room = MOST_QUESTIONS - len(running) if is_time else 0
            with transaction() as session:
                taken = take_asked(session, settings.model_seconds + 15, room, is_asking=bool(running))
            running |= {threads.submit(_answer, proposal_id, settings) for proposal_id in taken}
            if not running:
                return done
            finished, running = wait(running, timeout=MORE_EVERY_SECONDS, return_when=FIRST_COMPLETED)
            for answered in finished:
                answered.result()
            done += len(finished)


def _answer(proposal_id: int, settings: Settings) -> None:
    """Ask one question; no row is locked meanwhile, and an answer nobody waits for any more is thrown away."""
    with transaction() as session:
        question = load_question(session, proposal_id)
    try:
        offers = answer_of(question, settings)
    except ModelFailed as failure:
        log.info("model_failed", proposal=proposal_id, status=failure.facts.get("status"))
        with transaction() as session:
            fail(session, proposal_id, failure.message)
        return
    with transaction() as session:
        keep_offers(session, proposal_id, offers)


def _put_down(public_url: str) -> None:
    with transaction() as session:
        drafts = unlisted_drafts(session)
    for issue_id in drafts:
        try:
            with transaction() as session:
                list_links(session, issue_id, public_url=public_url)
        except CuratorError as error:
            log.warning("links_not_listed", issue=issue_id, code=error.code)


def _ask_host(links: list[tuple[int, str]], deadline: float) -> int:
    """The links of one host, one after the other."""
    settings = get_settings()
    for asked, (link_id, address) in enumerate(links):
        if should_stop() or time.monotonic() > deadline:
            return asked
        if asked:
            time.sleep(BETWEEN_SECONDS)
        answer = ask(address, settings)
        with transaction() as session:
            note(session, link_id, answer)
    return len(links)
