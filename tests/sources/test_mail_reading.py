"""What is read out of a mail: sender, words, links; and that nothing a stranger sends is more than text."""

from contextlib import suppress
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import Invalid
from curator.sources.mail_reading import LARGEST_MAIL, MOST_LINKS, read_mail

HTML = """<p>Kijk: <a href="https://news.example.org/a?utm_source=mail">Een lang verhaal over chips</a>
<a href="https://news.example.org/a">nog eens</a> <a href="https://x.example/b">https://x.example/b</a>
<a href="mailto:a@example.org">mail</a><a href="javascript:alert(1)">js</a><a href="http://u:p@x.example/">u</a>
<a href="https://list.example/unsubscribe/1">weg</a><a href="https://list.example/2">View in your browser</a>
<a href="https://x.example/logo.png"></a></p>"""


def a_mail(plain: str = "", html: str = "", **headers: str) -> bytes:
    mail = EmailMessage()
    values = {"From": "Anna <Anna@Example.org>", "Subject": "Fwd: Re: Chips", "Message_ID": "<1@example.org>"} | headers
    for name, value in values.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(plain)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail.as_bytes()


def test_who_what_and_which_links() -> None:
    mail = read_mail(a_mail("Kijk https://plain.example/", HTML))
    assert (mail.sender, mail.subject, mail.title) == ("anna@example.org", "Fwd: Re: Chips", "Chips")
    assert mail.links == (
        ("https://news.example.org/a?utm_source=mail", "Een lang verhaal over chips"),
        ("https://x.example/b", ""),
    )
    assert not mail.is_automatic and not mail.is_forged


def test_links_written_out_and_no_signature() -> None:
    mail = read_mail(
        a_mail("Zie (https://a.example/1), <https://b.example/2>.\nhttps://a.example/1\n\n-- \nAnna\nvan X")
    )
    assert [address for address, _ in mail.links] == ["https://a.example/1", "https://b.example/2"]
    assert mail.text.endswith("https://a.example/1")


@pytest.mark.parametrize(
    ("plain", "address"),
    [
        ("(zie https://a.example/b).", "https://a.example/b"),
        ("https://a.example/wiki/B_(c)", "https://a.example/wiki/B_(c)"),
        ("(https://a.example/wiki/B_(c)), en", "https://a.example/wiki/B_(c)"),
        ("*https://a.example/b*", "https://a.example/b"),
        ("Kijk op www.a.example/b!", "https://www.a.example/b"),
        ("anna@www.a.example", None),
        ("https://a.example/b" + ")" * 150_000, "https://a.example/b"),
    ],
)
def test_an_address_ends_where_it_does(plain: str, address: str | None) -> None:
    assert [found for found, _ in read_mail(a_mail(plain)).links] == ([address] if address else [])


def test_addresses_written_out_in_html_alone() -> None:
    html = '<p>Lees https://a.example/b eens.</p><a href="mailto:anna@a.example">Anna</a>'
    assert read_mail(a_mail("", html)).links == (("https://a.example/b", ""),)


def test_attachments_are_not_looked_into() -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "a@example.org", "x"
    mail.set_content("Niets.")
    mail.add_attachment("https://evil.example/", filename="a.txt")
    mail.add_attachment(b"<a href='https://evil.example/'>x</a>", maintype="text", subtype="html", filename="a.html")
    assert read_mail(mail.as_bytes()).links == ()


def test_there_is_an_end_to_links() -> None:
    mail = read_mail(a_mail("\n".join(f"https://a.example/{number}" for number in range(100))))
    assert len(mail.links) == MOST_LINKS


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        ({"From": "a@example.org, b@example.org"}, ""),
        ({"From": '"editor@weekly.example" <x@evil.example>'}, "x@evil.example"),
        ({"From": "nobody"}, ""),
        ({"From": ""}, ""),
    ],
)
def test_the_sender_is_the_one_address_of_from(headers: dict[str, str], sender: str) -> None:
    assert read_mail(a_mail("x", **headers)).sender == sender


def test_a_name_that_looks_like_an_address_is_a_name() -> None:
    encoded = b"From: =?utf-8?q?editor=40weekly=2Eexample?= <x@evil.example>\r\n\r\nx"
    assert read_mail(encoded).sender == "x@evil.example"
    assert read_mail(b"From: editor@weekly.example <x@evil.example>\r\n\r\nx").sender != "editor@weekly.example"


def test_a_full_stop_in_a_name_is_no_reason_to_doubt() -> None:
    assert read_mail(b"From: Anna B. de Vries <anna@example.org>\r\n\r\nx").sender == "anna@example.org"


def test_two_from_lines_are_nobody() -> None:
    assert read_mail(b"From: editor@weekly.example\r\nFrom: x@evil.example\r\n\r\nx").sender == ""


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Auto_Submitted": "auto-replied"}, (True, False)),
        ({"Auto_Submitted": "no"}, (False, False)),
        ({"Authentication_Results": "mx.example; spf=pass; DMARC=fail (p=none)"}, (False, True)),
        ({"Authentication_Results": "mx.example; dmarc=pass"}, (False, False)),
    ],
)
def test_automatic_and_forged(headers: dict[str, str], expected: tuple[bool, bool]) -> None:
    mail = read_mail(a_mail("x", **headers))
    assert (mail.is_automatic, mail.is_forged) == expected


def test_controls_and_markup_are_only_text() -> None:
    raw = b"From: a@example.org\r\nSubject: =?utf-8?q?a=00b=0D=0ABcc:_x_<svg>?=\r\n\r\nx\0y"
    mail = read_mail(raw)
    assert "\0" not in mail.subject + mail.text and "\n" not in mail.subject


def test_what_is_too_large_or_too_deep() -> None:
    with pytest.raises(Invalid, match="10 MB"):
        read_mail(b"x" * (LARGEST_MAIL + 1))
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number) for number in range(3_000)
    )
    with pytest.raises(Invalid, match="broken"):
        read_mail(b"From: a@example.org\r\n" + deep)


@given(st.binary(max_size=2_000))
def test_anything_is_a_mail_or_is_refused(content: bytes) -> None:
    with suppress(Invalid):
        read_mail(b"From: a@b.c\r\nContent-Type: multipart/mixed; boundary=x\r\nSubject: " + content)
