"""The brand on the desk: saved whole or not at all; a logo is what we encoded, whatever was sent."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from sqlalchemy.orm import Session

BASE = "/n/weekly/settings/brand"
BRAND = {
    "accent": "#AA0000",
    "accent_night": "",
    "paper": "#f0f0ff",
    "heading_font": "georgia",
    "text_font": "",
    "header": "**Hello**",
    "footer": "We are [here](https://example.org).",
    "postal_address": "Street 1",
}


@pytest.fixture
def owner(cast: Any, browser: Callable[..., Any]) -> Any:
    return browser(cast.owner)


def send(client: Any, data: bytes = b"", name: str = "", **fields: str) -> Any:
    files = {"logo": (name, data)} if name else None
    form = {"csrf_token": client.csrf_token, **BRAND, **fields}
    return client.post(BASE, data=form, files=files, follow_redirects=False)


def png(size: tuple[int, int] = (600, 200)) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", size, (10, 20, 30, 128)).save(out, "PNG")
    return out.getvalue()


def test_a_brand_is_saved_and_stands_in_the_mail(session: Session, cast: Any, owner: Any) -> None:
    assert send(owner, png(), "logo.png").status_code == 303
    session.refresh(cast.weekly)
    newsletter = cast.weekly
    assert (newsletter.accent, newsletter.paper, newsletter.heading_font) == ("#aa0000", "#f0f0ff", "georgia")
    assert (newsletter.logo.width, newsletter.logo.height, newsletter.logo.media_type) == (600, 200, "image/png")
    look = owner.get("/n/weekly/settings/design/look").text
    assert "<strong>Hello</strong>" in look and "Street 1" in look
    assert f'{newsletter.logo.sha256.hex()}.png" width="216" height="72"' in look


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "logo.svg"),
        (b"<html><script>alert(1)</script>", "logo.png"),
        (b"GIF89a" + b"\0" * 20, "logo.gif"),
        (b"", "empty.png"),
    ],
)
def test_a_logo_that_is_no_picture_is_refused_and_saves_nothing(
    session: Session, cast: Any, owner: Any, data: bytes, name: str
) -> None:
    answer = send(owner, data, name)
    assert answer.status_code == 422
    assert 'id="logo-error"' in answer.text
    assert "We are [here]" in answer.text
    session.refresh(cast.weekly)
    assert (cast.weekly.logo_id, cast.weekly.header) == (None, "")


def test_what_hides_behind_a_picture_is_gone(session: Session, cast: Any, owner: Any) -> None:
    assert send(owner, png() + b"<script>alert(1)</script>", "../../etc/logo.png").status_code == 303
    session.refresh(cast.weekly)
    assert b"script" not in cast.weekly.logo.data
    assert "script>alert" not in owner.get(BASE).text


def test_a_logo_stays_until_it_is_taken_away(session: Session, cast: Any, owner: Any) -> None:
    send(owner, png(), "logo.png")
    send(owner)
    session.refresh(cast.weekly)
    assert cast.weekly.logo_id is not None
    send(owner, without_logo="yes")
    session.refresh(cast.weekly)
    assert cast.weekly.logo_id is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("accent", "red"), ("accent_night", "#12"), ("paper", "url(x)"), ("text_font", "Comic"), ("footer", "x" * 2001)],
)
def test_one_wrong_value_is_marked_and_saves_none(
    session: Session, cast: Any, owner: Any, field: str, value: str
) -> None:
    answer = send(owner, **{field: value})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    session.refresh(cast.weekly)
    assert cast.weekly.header == ""


def test_a_colour_that_is_hard_to_read_is_said_to_be_corrected(owner: Any) -> None:
    send(owner, accent="#ffe600")
    assert "#ffe600 would be hard to read" in owner.get(BASE).text


def test_hostile_words_print_literally(owner: Any) -> None:
    send(owner, header='<svg onload="alert(1)"> {{7*7}}', footer="[x](javascript:alert(1))")
    look = owner.get("/n/weekly/settings/design/look").text
    assert "<svg" not in look and "49" not in look.split("<h1")[1][:400]
    assert 'href="javascript' not in look
