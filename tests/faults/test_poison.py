"""Titles, names and addresses made to break a send: they stay what they are, and keep nobody else waiting."""

import email
import email.policy
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from curator.delivery.models import MessageState
from curator.settings import Settings
from tests.faults.cast import a_newsletter, add_people, aim, an_issue, start
from tests.faults.laboratory import judge, send_until_done
from tests.sink import Sink
from tests.sink_record import A_NAME

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


@pytest.mark.parametrize("name", POISON, ids=["smtp", "template", "letters"])
def test_a_poison_name_stays_a_name(committed: Session, hurried: Settings, tmp_path: Path, name: str) -> None:
    """Ahead of the poison, everybody's own name, all of one length: lines break in the same places."""
    people = [(f"r{number}@d.example", f"{A_NAME % number} {name}") for number in range(10, 40)]
    with Sink(tmp_path / "log", keep=True) as sink:
        newsletter = a_newsletter(committed, hurried, 0)
        add_people(committed, hurried, newsletter, people)
        issue = an_issue(committed, newsletter)
        aim(committed, sink.port)
        delivery = start(committed, hurried, issue)
        send_until_done(committed, delivery, hurried)
    assert judge(committed, delivery, sink) == {MessageState.ACCEPTED: 30}
    assert all(
        entry["names"] == [entry["recipient"].partition("@")[0].replace("r", "Lezer") + "x"] for entry in sink.entries()
    )
    assert not any("evil" in command for command in sink.commands)
    for content in sink.contents:
        parts = list(email.message_from_bytes(content, policy=email.policy.default).walk())
        assert parts[0].defects == [] and "evil" not in "".join(parts[0].values())
        assert [part.get_content_type() for part in parts[1:]] == ["text/plain", "text/html"]
        assert "<script" not in parts[2].get_content() and "49 {name" not in parts[2].get_content()


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
