"""The receiving side of SMTP and LMTP, line by line: what is accepted, what is refused, what would be smuggled."""

import pytest

from workers.mail_conversation import LARGEST_MAIL, Conversation, Next, unstuffed


def greeted(verb: bytes = b"EHLO") -> Conversation:
    conversation = Conversation("in.example.org")
    assert conversation.hear(verb + b" client")[1].startswith(b"250")
    return conversation


def test_a_mail_for_one_and_another() -> None:
    conversation = greeted()
    assert conversation.hear(b"MAIL FROM:<a@example.org> SIZE=100 BODY=8BITMIME SMTPUTF8")[1].startswith(b"250")
    assert conversation.hear(b"DATA")[1].startswith(b"503")
    for address, is_ours in (("one@in.example.org", True), ("two@in.example.org", False)):
        assert conversation.hear(f"RCPT TO:<{address}>".encode())[0] is Next.ASK
        assert conversation.asked == address
        assert conversation.answer(is_ours)[1].startswith(b"250" if is_ours else b"550 5.1.1")
    assert conversation.hear(b"data")[0] is Next.DATA
    assert conversation.finish([(250, "2.0.0 Kept")]) == b"250 2.0.0 Kept\r\n"
    assert conversation.recipients == []
    assert conversation.hear(b"QUIT")[0] is Next.CLOSE


def test_lmtp_answers_for_each_and_smtp_for_the_worst() -> None:
    outcomes = [(250, "2.0.0 Kept"), (452, "4.2.2 Later"), (550, "5.1.1 Nobody")]
    assert greeted(b"LHLO").finish(outcomes).count(b"\r\n") == 3
    assert greeted().finish(outcomes) == b"452 4.2.2 Later\r\n"


@pytest.mark.parametrize("line", [b"MAIL FROM:<a>\nRCPT TO:<b>", b"NOOP\r", b"\n.", b"NO\0OP"])
def test_a_lone_line_end_ends_the_conversation(line: bytes) -> None:
    following, reply = greeted().hear(line)
    assert following is Next.CLOSE and reply.startswith(b"521")


@pytest.mark.parametrize(
    "line",
    [
        b"MAIL FROM:a@example.org",
        b"MAIL TO:<a@b.c>",
        b"MAIL FROM:<a b>",
        b"MAIL FROM:<" + b"a" * 400 + b">",
        b"RCPT TO:<a>",
    ],
)
def test_what_is_not_said_right(line: bytes) -> None:
    assert greeted().hear(line)[1][:3] in (b"501", b"503")


def test_a_size_that_is_announced_is_believed() -> None:
    assert greeted().hear(b"MAIL FROM:<> SIZE=%d" % (LARGEST_MAIL + 1))[1].startswith(b"552")
    assert greeted().hear(b"MAIL FROM:<> SIZE=%d" % LARGEST_MAIL)[1].startswith(b"250")


def test_nobody_guesses_for_long() -> None:
    conversation = greeted()
    conversation.hear(b"MAIL FROM:<a@example.org>")
    for _ in range(4):
        conversation.hear(b"RCPT TO:<guess@in.example.org>")
        assert conversation.answer(False)[0] is Next.READ
    conversation.hear(b"RCPT TO:<guess@in.example.org>")
    assert conversation.answer(False) == (Next.CLOSE, b"421 4.7.0 Too many mistakes\r\n")


@pytest.mark.parametrize(
    ("data", "mail"),
    [
        (b"a\r\n..b\r\n", b"a\r\n.b\r\n"),
        (b"..a\r\n", b".a\r\n"),
        (b"a\n.\nb\r\n", None),
        (b"a\r.\rb\r\n", None),
        (b"", b""),
    ],
)
def test_dots_come_off_and_lone_line_ends_are_refused(data: bytes, mail: bytes | None) -> None:
    assert unstuffed(data) == mail
