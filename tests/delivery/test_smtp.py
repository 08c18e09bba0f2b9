"""The client against a sink and against servers that do the unexpected, phase by phase."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from curator.delivery.connect import Trouble, hello_name, open_line
from curator.delivery.models import Security
from curator.delivery.relay_plan import RelayPlan
from curator.delivery.replies import Answer, Phase
from curator.delivery.smtp import Line, Waits
from tests.faults.certificates import Authority
from tests.sink import Faults, Sink, new_loop

BODY = b"Subject: x\r\n\r\n..dots\r\nend\r\n"
WAITS = Waits(dot=1.0, phase=1.0)
Result = TypeVar("Result")


def relay(port: int, **fields: Any) -> RelayPlan:
    return RelayPlan(**{"id": 1, "name": "t", "host": "127.0.0.1", "port": port, "security": Security.NONE, **fields})


def over(plan: RelayPlan, talk: Callable[[Line], Coroutine[Any, Any, Result]]) -> Result:
    """Open a line, talk over it, close it."""

    async def run() -> Result:
        line = await open_line(plan, WAITS, "[127.0.0.1]")
        try:
            return await talk(line)
        finally:
            await line.quit()

    return asyncio.run(run())


def scripted(*steps: tuple[bytes, bytes]) -> Callable[[Callable[[int], Awaitable[Result]]], Result]:
    """A server that says the first step's answer as its greeting, then each answer when the step's words arrive."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for wanted, answer in steps:
            if wanted:
                try:
                    await reader.readuntil(wanted)
                except asyncio.IncompleteReadError:
                    break
            writer.write(answer)
            await writer.drain()
        writer.close()

    def run(client: Callable[[int], Awaitable[Result]]) -> Result:
        async def both() -> Result:
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            try:
                return await client(server.sockets[0].getsockname()[1])
            finally:
                server.close()

        return asyncio.run(both())

    return run


async def deliver_to(port: int) -> Answer:
    line = await open_line(relay(port), WAITS, "me")
    return await line.deliver("a@example.org", "b@example.org", BODY)


@pytest.mark.parametrize("capabilities", [("PIPELINING", "SIZE 1000"), ()])
def test_messages_one_after_another_over_one_line(capabilities: tuple[str, ...]) -> None:
    async def talk(line: Line) -> list[int]:
        answers = [await line.deliver("a@example.org", f"r{n}@example.org", BODY) for n in range(3)]
        return [answer.reply.code for answer in answers if answer.reply]

    with Sink(None, capabilities=capabilities, keep=True) as sink:
        assert over(relay(sink.port), talk) == [250, 250, 250]
        assert sink.contents == [b"Subject: x\r\n\r\n.dots\r\nend\r\n"] * 3
        assert sink.taken == 1
        assert any("SIZE=" in command for command in sink.commands) == bool(capabilities)


@pytest.mark.parametrize("capabilities", [("PIPELINING",), ()])
def test_after_a_refused_recipient_the_line_goes_on(capabilities: tuple[str, ...]) -> None:
    async def talk(line: Line) -> list[tuple[Phase, int]]:
        answers = []
        for number in range(3):
            answers.append(await line.deliver("a@example.org", f"r{number}@example.org", BODY))
            sink.faults.plan.clear()
        return [(answer.phase, answer.reply.code) for answer in answers if answer.reply]

    with Sink(None, capabilities=capabilities, faults=Faults(1, {"rcpt": [(1.0, "550 5.1.1 no")]})) as sink:
        assert over(relay(sink.port), talk) == [(Phase.RCPT, 550), (Phase.DOT, 250), (Phase.DOT, 250)]
        assert sink.accepted == 2
        assert sink.taken == 1


def test_without_the_marker_there_is_no_dot() -> None:
    async def refuse() -> bool:
        return False

    async def talk(line: Line) -> tuple[Answer, bool]:
        return await line.deliver("a@example.org", "b@example.org", BODY, refuse), line.is_usable

    with Sink(None) as sink:
        answer, is_usable = over(relay(sink.port), talk)
        assert (answer.phase, is_usable, sink.accepted) == (Phase.MARKER, False, 0)


def test_the_marker_is_asked_when_everything_but_the_dot_is_there() -> None:
    seen: list[int] = []

    async def mark() -> bool:
        seen.append(sink.accepted)
        return True

    with Sink(None) as sink:
        over(relay(sink.port), lambda line: line.deliver("a@example.org", "b@example.org", BODY, mark))
        assert (seen, sink.accepted) == ([0], 1)


def test_what_the_relay_cannot_take_is_not_tried() -> None:
    async def talk(line: Line) -> list[Phase]:
        return [
            (await line.deliver("a@example.org", "jürgen@example.org", BODY)).phase,
            (await line.deliver("a@example.org", "b@example.org", b"x" * 2000 + b"\r\n")).phase,
            (await line.deliver("a@example.org", "two@words@example.org", BODY)).phase,
        ]

    with Sink(None, capabilities=("PIPELINING", "SIZE 1000")) as sink:
        assert over(relay(sink.port), talk) == [Phase.ADDRESS, Phase.SIZE, Phase.ADDRESS]
        assert not any(command.startswith("MAIL") for command in sink.commands)


def test_letters_outside_ascii_where_the_relay_takes_them() -> None:
    with Sink(None, capabilities=("PIPELINING", "SMTPUTF8")) as sink:
        answer = over(relay(sink.port), lambda line: line.deliver("a@example.org", "jürgen@example.org", BODY))
        assert answer.reply and answer.reply.code == 250
        assert "MAIL FROM:<a@example.org> SMTPUTF8" in sink.commands


@pytest.mark.parametrize(
    ("steps", "phase", "code"),
    [
        # 250 to DATA: not a go-ahead.
        (
            [(b"MAIL FROM:<a@example.org>\r\n", b"250 ok\r\n"), (b"RCPT", b"250 ok\r\n"), (b"DATA", b"250 ok\r\n")],
            "data",
            250,
        ),
        # A refusal in the middle of the body.
        (
            [(b"MAIL", b"250 ok\r\n"), (b"RCPT", b"250 ok\r\n"), (b"DATA\r\n", b"354 go\r\n552 5.3.4 enough\r\n")],
            "body",
            552,
        ),
        # Half a reply and the end of the line after the dot: doubt.
        (
            [(b"MAIL", b"250 ok\r\n"), (b"RCPT", b"250 ok\r\n"), (b"DATA\r\n", b"354 go\r\n"), (b"\r\n.\r\n", b"250")],
            "dot",
            None,
        ),
        (
            [
                (b"MAIL", b"250 ok\r\n"),
                (b"RCPT", b"250 ok\r\n"),
                (b"DATA\r\n", b"354 go\r\n"),
                (b"\r\n.\r\n", b"250-ok\r\n"),
            ],
            "dot",
            None,
        ),
        # Something that is not SMTP.
        ([(b"MAIL", b"HTTP/1.1 400 Bad Request\r\n")], "mail", None),
    ],
)
def test_servers_that_do_the_unexpected(steps: list[tuple[bytes, bytes]], phase: str, code: int | None) -> None:
    answer = scripted((b"", b"220 hi\r\n"), (b"EHLO me\r\n", b"250 hi\r\n"), *steps)(deliver_to)
    assert (answer.phase, answer.reply.code if answer.reply else None) == (phase, code)


def test_a_stalled_relay_is_given_up_in_time() -> None:
    async def talk(port: int) -> Answer:
        line = await open_line(relay(port), Waits(dot=0.1, phase=0.1), "me")
        return await line.deliver("a@example.org", "b@example.org", BODY)

    with Sink(None, faults=Faults(1, {"after": [(1.0, "stall")]})) as sink:
        assert asyncio.run(talk(sink.port)) == Answer(Phase.DOT, None, "no reply in time")


@pytest.mark.parametrize(
    ("given", "word", "phase"),
    [(("u", "p"), "AUTH PLAIN", None), (("u", "wrong"), "AUTH PLAIN", Phase.AUTH)],
)
def test_signing_in(given: tuple[str, str], word: str, phase: Phase | None) -> None:
    with Sink(None, users={"u": "p"}) as sink:
        plan = relay(sink.port, username=given[0], password=given[1])
        if phase is None:
            assert over(plan, lambda line: line.deliver("a@example.org", "b@example.org", BODY)).reply
        else:
            with pytest.raises(Trouble) as trouble:
                over(plan, lambda line: line.deliver("a@example.org", "b@example.org", BODY))
            assert trouble.value.answer.phase is phase
        assert any(command.startswith(word) for command in sink.commands)


def test_signing_in_by_login() -> None:
    async def open_and_quit(port: int) -> None:
        await (await open_line(relay(port, username="u", password="p"), WAITS, "me")).quit()

    scripted(
        (b"", b"220 hi\r\n"),
        (b"EHLO me\r\n", b"250-hi\r\n250 AUTH LOGIN\r\n"),
        (b"AUTH LOGIN\r\n", b"334 VXNlcm5hbWU6\r\n"),
        (b"dQ==\r\n", b"334 UGFzc3dvcmQ6\r\n"),
        (b"cA==\r\n", b"235 ok\r\n"),
        (b"QUIT\r\n", b"221 bye\r\n"),
    )(open_and_quit)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, new_loop], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_messages_one_after_another_over_a_protected_line(
    security: Security, loop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    bodies = [b"Subject: x\r\n\r\n" + b"x" * 70 * lines + b"\r\n" for lines in (1, 400, 1, 1, 9000, 30_000, 1)]

    async def send(port: int) -> list[int]:
        line = await open_line(relay(port, security=security), Waits(dot=5.0, phase=5.0), "me")
        answers = [await line.deliver("a@example.org", "b@example.org", body) for body in bodies]
        await line.quit()
        return [answer.reply.code if answer.reply else 0 for answer in answers]

    is_starttls = security is Security.STARTTLS
    with (
        Sink(None, keep=True, certificate=authority.good, is_starttls=is_starttls) as sink,
        asyncio.Runner(loop_factory=loop) as runner,
    ):
        assert runner.run(send(sink.port)) == [250] * len(bodies)
    assert sink.contents == bodies


@pytest.mark.parametrize(
    "steps",
    [
        [(b"EHLO me\r\n", b"250 hi\r\n")],  # stripped by somebody in between
        [(b"EHLO me\r\n", b"250-hi\r\n250 STARTTLS\r\n"), (b"STARTTLS\r\n", b"220 go\r\n250 injected\r\n")],
    ],
)
def test_starttls_is_never_given_up_silently(steps: list[tuple[bytes, bytes]]) -> None:
    async def client(port: int) -> Phase:
        with pytest.raises(Trouble) as trouble:
            await open_line(relay(port, security=Security.STARTTLS), WAITS, "me")
        return trouble.value.answer.phase

    assert scripted((b"", b"220 hi\r\n"), *steps)(client) is Phase.TLS


def test_an_old_server_is_greeted_with_helo() -> None:
    steps = [
        (b"EHLO me\r\n", b"500 what\r\n"),
        (b"HELO me\r\n", b"250 hi\r\n"),
        (b"MAIL", b"250 ok\r\n"),
        (b"RCPT", b"250 ok\r\n"),
        (b"DATA\r\n", b"354 go\r\n"),
        (b"\r\n.\r\n", b"250 ok\r\n"),
    ]
    answer = scripted((b"", b"220 hi\r\n"), *steps)(deliver_to)
    assert answer.reply and answer.reply.code == 250


def test_reports_are_asked_for_where_the_relay_makes_them() -> None:
    async def talk(line: Line) -> Answer:
        await line.deliver("b+1@example.org", "r1@example.org", BODY, envelope_id="abc123")
        return await line.deliver("b+2@example.org", "r2@example.org", BODY)

    with Sink(None, capabilities=("PIPELINING", "DSN")) as sink:
        assert over(relay(sink.port), talk).phase is Phase.DOT
        assert "MAIL FROM:<b+1@example.org> RET=HDRS ENVID=abc123" in sink.commands
        assert "RCPT TO:<r1@example.org> NOTIFY=FAILURE" in sink.commands
        assert "MAIL FROM:<b+2@example.org>" in sink.commands
    with Sink(None, capabilities=("PIPELINING",)) as sink:
        over(relay(sink.port), talk)
        assert "MAIL FROM:<b+1@example.org>" in sink.commands


def test_auth_as_old_servers_write_it() -> None:
    async def capabilities(port: int) -> str:
        line = await open_line(relay(port), WAITS, "me")
        line.drop()
        return line.capabilities["AUTH"]

    words = b"250-hi\r\n250-AUTH=LOGIN PLAIN\r\n250-AUTH CRAM-MD5\r\n250 SIZE\r\n"
    assert scripted((b"", b"220 hi\r\n"), (b"EHLO me\r\n", words))(capabilities) == "LOGIN PLAIN CRAM-MD5"


def test_our_name_is_a_host_or_a_number_in_brackets() -> None:
    assert hello_name("https://news.example.org/x") == "news.example.org"
    assert hello_name("http://127.0.0.1:8420") == "[127.0.0.1]"
    assert hello_name("http://[::1]:8420") == "[IPv6:::1]"
