import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from curator.editions.designs import templates_folder
from curator.editions.notice import build_notice, notice_sender
from curator.errors import Invalid, NotFound
from tests.editions import sample

LINK = "https://desk.example.org/confirm/" + "c" * 46
DATA = {
    "approval": {"link": LINK, "number": 12, "by": "Ada", "days": 7},
    "approved": {"link": LINK, "number": 12, "by": "Ada", "word": "Mooi!"},
    "sent-back": {"link": LINK, "number": 12, "by": "Ada", "word": "Te lang.\n<b>Korter</b>"},
    "confirmation": {"link": LINK, "days": 14},
    "sign-in": {"link": LINK, "minutes": 60},
    "thanks": {"link": LINK, "stop": f"{LINK}/stop"},
}
TRIPLE = {"subject.txt", "body.txt", "body.html"}


def notice(name: str = "confirmation", language: str = "nl", **changes: Any) -> bytes:
    facts: dict[str, Any] = {
        "language": language,
        "newsletter": sample.newsletter(),
        "to": "sanne@example.com",
        "message_id": uuid.UUID(int=7),
        "public_url": sample.PUBLIC_URL,
        "now": sample.MOMENT,
    }
    return build_notice(name, DATA[name], **(facts | changes))


@pytest.mark.parametrize("folder", sorted(path for path in (templates_folder() / "notices").iterdir() if path.is_dir()))
def test_every_notice_is_a_triple_in_every_language_we_have_words_for(folder: Path) -> None:
    languages = {path.stem for path in (templates_folder() / "email" / "wording").glob("*.toml")}
    assert {path.name for path in folder.iterdir()} == languages
    assert all({file.name for file in path.iterdir()} == TRIPLE for path in folder.iterdir())
    assert folder.name in DATA


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("language", ["nl", "en", "de", "fr", "ar", "he", "fa", "ur", "it"])
def test_a_notice_is_one_clean_message_with_its_link_in_both_parts(name: str, language: str) -> None:
    raw = notice(name, language)
    assert sample.wire_faults(raw) == []
    text, page = sample.bodies(raw)
    assert f"\n{LINK}\n" in text
    assert page.count(f'href="{LINK}"') == 2
    runs = "rtl" if language in ("ar", "he", "fa", "ur") else "ltr"
    assert f'<html lang="{"en" if language == "it" else language}" dir="{runs}"' in page
    assert not re.search(r"\{\{|\{%|None", text + re.sub(r"(?s)<style.*?</style>", "", page))


def test_a_notice_cannot_be_unsubscribed_from_measured_or_answered_by_machines() -> None:
    raw = notice()
    assert sample.parsed(raw).keys() == [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    ]
    assert sample.parsed(raw)["Auto-Submitted"] == "auto-generated"
    assert "<img" not in sample.bodies(raw)[1]


def test_the_newsletter_signs_its_notices_and_the_installation_the_rest() -> None:
    assert sample.parsed(notice())["From"] == "De Week in Techniek <redactie@nieuws.example.org>"
    assert notice_sender(None, public_url="https://desk.example.org") == ("Curator", "curator@desk.example.org")
    assert notice_sender(None, public_url="http://127.0.0.1:8420") == ("Curator", "curator@localhost")
    assert notice_sender(None, public_url="http://x", inbound_domain="in.example.org")[1] == "curator@in.example.org"
    assert "Curator" in sample.bodies(notice("sign-in", newsletter=None))[0]


def test_a_newsletters_name_is_escaped_in_html() -> None:
    _, page = sample.bodies(notice(newsletter=sample.newsletter(name="<b>Wij & zij</b>")))
    assert "&lt;b&gt;Wij &amp; zij&lt;/b&gt;" in page and "<b>Wij" not in page


def test_a_remark_is_in_the_mail_as_it_was_typed_and_in_no_header() -> None:
    evil = "Te lang.\r\nBcc: eve@example.com\n<b>Korter</b>"
    raw = build_notice(
        "sent-back",
        {**DATA["sent-back"], "word": evil},
        language="nl",
        newsletter=sample.newsletter(),
        to="sanne@example.com",
        message_id=uuid.UUID(int=7),
        public_url=sample.PUBLIC_URL,
        now=sample.MOMENT,
    )
    assert sample.wire_faults(raw) == []
    assert sample.parsed(raw)["Bcc"] is None and sample.parsed(raw)["Subject"] == "Nummer 12 is teruggestuurd"
    text, page = sample.bodies(raw)
    assert "<b>Korter</b>" in text
    assert "&lt;b&gt;Korter" in page and "<b>Korter" not in page


def test_unknown_notices_and_impossible_addresses_are_refused() -> None:
    with pytest.raises(NotFound):
        build_notice(
            "farewell",
            {},
            language="nl",
            newsletter=None,
            to="a@b",
            message_id=uuid.uuid4(),
            public_url="",
            now=sample.MOMENT,
        )
    with pytest.raises(Invalid):
        notice(to="a@b\r\nBcc: c@d")
