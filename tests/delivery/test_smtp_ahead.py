"""The next envelope, said together with a dot: whose reply is whose, and what is in doubt when the line is lost."""

from collections.abc import Callable
from pathlib import Path

import pytest

from curator.delivery.connect import open_line
from curator.delivery.replies import Answer, Phase
from curator.delivery.smtp import Envelope, Line
from tests.delivery.test_smtp import BODY, WAITS, over, relay, scripted
from tests.sink import Sink

FIRST, SECOND = ("a@example.org", "b@example.org", BODY), ("a@example.org", "c@example.org", BODY)


def following(*later: tuple[str, str, bytes]) -> Callable[[], Envelope | None]:
    """What `then` is asked for: the envelopes of these messages, then none."""
    envelopes = iter([Envelope(sender, recipient, len(body)) for sender, recipient, body in later])
    return lambda: next(envelopes, None)


async def two_to(port: int) -> list[Answer]:
    line = await open_line(relay(port), WAITS, "me")
    answers = [await line.deliver(*FIRST, None, following(SECOND))]
    if line.is_usable:
        answers.append(await line.deliver(*SECOND))
    line.drop()
    return answers


GREETING = ((b"", b"220 x\r\n"), (b"EHLO", b"250-x\r\n250 PIPELINING\r\n"))
ENVELOPE = (b"DATA\r\n", b"250 a\r\n250 b\r\n354 go\r\n")


def test_the_next_envelope_leaves_with_the_dot() -> None:
    """The server says nothing about the first message before it has heard of the second."""
    both = b"end\r\n.\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<c@example.org>\r\nDATA\r\n"
    answers = scripted(*GREETING, ENVELOPE, (both, b"250 one\r\n" + ENVELOPE[1]), (b"\r\n.\r\n", b"250 two\r\n"))(
        two_to
    )
    assert [str(answer) for answer in answers] == ["250 one", "250 two"]


@pytest.mark.parametrize(
    ("said", "phase", "code"),
    [
        (b"250 one\r\n250 a\r\n550 5.1.1 nobody\r\n554 no\r\n", Phase.RCPT, 550),
        (b"250 one\r\n451 later\r\n503 no\r\n503 no\r\n", Phase.MAIL, 451),
        (b"250 one\r\n250 a\r\n250 b\r\n", Phase.DATA, None),
    ],
)
def test_what_befalls_the_next_one_is_its_own(said: bytes, phase: Phase, code: int | None) -> None:
    first, second = scripted(*GREETING, ENVELOPE, (b".\r\nMAIL", said))(two_to)
    assert (first.phase, str(first)) == (Phase.DOT, "250 one")
    assert (second.phase, second.reply and second.reply.code) == (phase, code)


def test_a_goodbye_after_the_dot_leaves_the_next_one_untold() -> None:
    (only,) = scripted(*GREETING, ENVELOPE, (b".\r\nMAIL", b"421 bye\r\n"))(two_to)
    assert (only.phase, only.reply and only.reply.code) == (Phase.DOT, 421)


def test_a_lost_line_puts_only_the_first_in_doubt() -> None:
    (only,) = scripted(*GREETING, ENVELOPE, (b".\r\nMAIL", b""))(two_to)
    assert (only.phase, only.reply) == (Phase.DOT, None)


def test_nothing_is_said_ahead_that_cannot_be_sent_or_heard(tmp_path: Path) -> None:
    def lines(capabilities: tuple[str, ...], recipient: str) -> list[str]:
        async def talk(line: Line) -> Answer:
            return await line.deliver(*FIRST, None, following(("a@example.org", recipient, BODY)))

        with Sink(None, capabilities=capabilities) as sink:
            over(relay(sink.port), talk)
        return [command for command in sink.commands if command.startswith(("MAIL", "QUIT"))]

    mail = "MAIL FROM:<a@example.org>"
    assert lines(("PIPELINING",), "c@example.org") == [mail, mail], "and no QUIT into a message"
    assert lines((), "c@example.org") == [mail, "QUIT"]
    assert lines(("PIPELINING",), "é@example.org") == [mail, "QUIT"]


def test_another_message_than_the_one_announced_is_not_sent() -> None:
    async def talk(line: Line) -> tuple[Answer, bool]:
        await line.deliver(*FIRST, None, following(SECOND))
        return await line.deliver("a@example.org", "d@example.org", BODY), line.is_usable

    with Sink(None) as sink:
        answer, is_usable = over(relay(sink.port), talk)
        assert sink.accepted == 1
    assert (answer.phase, answer.reply, is_usable) == (Phase.MAIL, None, False)
