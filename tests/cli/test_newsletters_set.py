"""How a newsletter looks, from the command line."""

from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.accounts.models import AuditEntry
from curator.errors import Invalid, NotFound
from tests.cli.calling import call


@pytest.fixture(autouse=True)
def _newsletter(session: Session) -> None:
    call("newsletters", "create", "week", "--name", "Week", "--from", "desk@week.test")


def test_a_design_is_chosen_and_recorded(session: Session) -> None:
    said = call("newsletters", "set", "week", "--design", "magazine", "--accent", "#AA0000").json
    assert (said["design"], said["accent"]) == ("magazine", "#aa0000")
    assert call("newsletters", "list").json[0]["design"] == "magazine"
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None and entry.action == "newsletter.changed"
    assert entry.detail == {"fields": ["accent", "design"]}


@pytest.mark.parametrize("words", [("--design", "brochure"), ("--accent", "red"), ("--language", "xx"), ()])
def test_what_cannot_be_is_refused_and_says_what_can(words: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as refused:
        call("newsletters", "set", "week", *words)
    assert len(refused.value.message) > 20
    assert call("newsletters", "list").json[0]["design"] == "classic"


def test_a_brand_is_set_piece_by_piece(tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    Image.new("RGB", (300, 100)).save(logo)
    said = call("newsletters", "set", "week", "--logo", logo, "--heading-font", "verdana", "--footer", "*Us*").json
    assert (said["logo"], said["heading_font"], said["footer"]) == ([300, 100], "verdana", "*Us*")
    said = call("newsletters", "set", "week", "--logo", "", "--paper", "#ffffff").json
    assert (said["logo"], said["footer"], said["paper"]) == (None, "*Us*", "#ffffff")


def test_a_logo_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_text("<svg/>")
    with pytest.raises(Invalid):
        call("newsletters", "set", "week", "--logo", logo)


def test_a_newsletter_that_is_not_there() -> None:
    with pytest.raises(NotFound):
        call("newsletters", "set", "month", "--design", "letter")


def test_the_contributors_door_is_opened_and_closed() -> None:
    said = call("newsletters", "set", "week", "--suggestions", "--no-thanks").json
    assert (said["takes_suggestions"], said["thanks_contributors"]) == (True, False)
    said = call("newsletters", "set", "week", "--no-suggestions").json
    assert (said["takes_suggestions"], said["thanks_contributors"]) == (False, False)
