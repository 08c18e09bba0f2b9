"""Titles and addresses made to break a send: they stay what they are, and keep nobody else waiting."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from curator.delivery.models import MessageState
from curator.settings import Settings
from tests.faults.cast import a_newsletter, add_people, aim, an_issue, start
from tests.faults.laboratory import judge, send_until_done
from tests.sink import Sink

POISON = (
    "\r\n.\r\nRSET\r\nMAIL FROM:<x@evil.example>\r\nRCPT TO:<x@evil.example>\r\nDATA\r\n",
    "{{ 7 * 7 }} {% raw %} {name|x} %s %(name)s",
    "\u202e\x1b[2J\ud7ff\uffff \N{PILE OF POO}" + "<script>" * 50,
)


@pytest.mark.parametrize("title", POISON, ids=["smtp", "template", "letters"])
def test_a_poison_title_stays_a_title(committed: Session, hurried: Settings, tmp_path: Path, title: str) -> None:
    with Sink(tmp_path / "log", keep=True) as sink:
        issue = an_issue(committed, a_newsletter(committed, hurried, 30), title)
        aim(committed, sink.port)
        delivery = start(committed, hurried, issue)
        send_until_done(committed, delivery, hurried)
    assert judge(committed, delivery, sink) == {MessageState.ACCEPTED: 30}
    assert not any("evil" in command for command in sink.commands)


def test_poison_addresses_keep_nobody_else_waiting(committed: Session, hurried: Settings, tmp_path: Path) -> None:
    poison = ["jörg@d.example", "two words@d.example", "a@d.example>\r\nRSET", "x" * 400 + "@d.example", "nobody", "@"]
    with Sink(tmp_path / "log") as sink:
        newsletter = a_newsletter(committed, hurried, 60)
        add_people(committed, hurried, newsletter, [(address, "Gif") for address in poison])
        issue = an_issue(committed, newsletter)
        aim(committed, sink.port)
        delivery = start(committed, hurried, issue)
        send_until_done(committed, delivery, hurried)
    counts = judge(committed, delivery, sink)
    assert counts == {MessageState.ACCEPTED: 60, MessageState.REJECTED: len(poison)}
    assert not any(command == "RSET" for command in sink.commands)
