import re
from datetime import date

import pytest

from curator.editions.designs import templates_folder
from curator.editions.render import render_issue
from curator.editions.wording import wording, written_day, written_language
from curator.issues.newsletters import LANGUAGES
from tests.editions import sample

FILES = sorted(path.stem for path in (templates_folder() / "email" / "wording").glob("*.toml"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_a_newsletter_may_have_is_worded(language: str) -> None:
    assert written_language(language) == language


@pytest.mark.parametrize("language", FILES)
def test_every_wording_is_whole_and_has_the_same_places_to_fill(language: str) -> None:
    english, words = wording("en"), wording(language)
    own = (templates_folder() / "email" / "wording" / f"{language}.toml").read_text()
    assert set(re.findall(r"(?m)^(\w+) =", own)) == set(english)
    assert len(set(words["weekdays"])) == 7 and len(set(words["months"])) == 12
    for key, value in english.items():
        if isinstance(value, str):
            assert sorted(re.findall(r"\{\w+\}", words[key])) == sorted(re.findall(r"\{\w+\}", value)), key


@pytest.mark.parametrize(
    ("language", "day"),
    [
        ("nl", "woensdag 25 november 2026"),
        ("de", "Mittwoch, 25. November 2026"),
        ("fr", "mercredi 25 novembre 2026"),
        ("he", "יום רביעי, 25 בנובמבר 2026"),
    ],
)
def test_a_day_is_written_as_the_language_does(language: str, day: str) -> None:
    assert written_day(language, date(2026, 11, 25)) == day


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_has_no_word_of_another_language(language: str) -> None:
    page = render_issue(sample.issue({"language": language}), public_url=sample.PUBLIC_URL).html
    assert wording(language)["leave"] in page
    assert language == "en" or wording("en")["leave"] not in page
    runs = "rtl" if language in ("ar", "he", "fa", "ur") else "ltr"
    assert f'<html lang="{language}" dir="{runs}">' in page
