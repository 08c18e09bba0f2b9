"""Settings → Tokens: shown once, one's own only, for owners everybody's, and gone at once when revoked."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.accounts.api_tokens import create_token, find_token
from curator.accounts.models import ApiToken, AuditEntry, Role, TokenScope
from curator.accounts.users import add_user

PAGE = "/n/weekly/settings/tokens"
Open = Callable[..., Any]


def test_a_token_is_made_shown_once_and_revoked(session: Session, cast: Any, browser: Open) -> None:
    editor = browser(cast.editor)
    answer = editor.submit(PAGE, name="<b>Script</b>", days="30", scope="read")
    found = re.search(r'value="(curator_[^"]+)"', answer.text)
    assert found is not None and "&lt;b&gt;Script" in answer.text and "no-store" in answer.headers["cache-control"]
    token, user = find_token(session, found[1]) or (None, None)
    assert token is not None and (token.scope, user) == (TokenScope.READ, cast.editor)
    text = editor.get(PAGE).text
    assert "Script" in text and "curator_" not in text
    assert editor.submit(f"{PAGE}/{token.id}/revoke").status_code == 303
    assert find_token(session, found[1]) is None
    acts = session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("token.%")).order_by(AuditEntry.id))
    assert acts.all() == ["token.created", "token.revoked"]
    assert found[1] not in str(session.scalars(select(AuditEntry.detail)).all())


def test_others_tokens_are_an_owners_to_see_and_end(session: Session, cast: Any, browser: Open) -> None:
    bo = add_user(session, "bo@weekly.example", Role.EDITOR, cast.weekly.id)
    mine, _ = create_token(session, cast.editor, cast.weekly.id, "Ours", 30)
    other = add_user(session, "far@other.example", Role.OWNER, cast.other.id)
    far, _ = create_token(session, other, cast.other.id, "Far away", 30)
    stranger, owner = browser(bo), browser(cast.owner)
    assert "Ours" not in stranger.get(PAGE).text
    assert stranger.submit(f"{PAGE}/{mine.id}/revoke").status_code == 404
    text = owner.get(PAGE).text
    assert "Ours" in text and "Far away" not in text
    assert owner.submit(f"{PAGE}/{far.id}/revoke").status_code == 404
    assert owner.submit(f"{PAGE}/{mine.id}/revoke").status_code == 303
    assert session.scalars(select(ApiToken.name)).all() == ["Far away"]


@pytest.mark.parametrize("fields", [{"name": " "}, {"days": "9999"}, {"scope": "own"}, {"name": "x\x00y"}])
def test_what_cannot_be_is_said_and_makes_nothing(
    session: Session, cast: Any, browser: Open, fields: dict[str, str]
) -> None:
    answer = browser(cast.editor).submit(PAGE, **({"name": "ok", "days": "30", "scope": "write"} | fields))
    assert answer.status_code == 422 and 'role="alert"' in answer.text
    assert session.scalars(select(ApiToken)).all() == []


def test_a_viewer_has_none(cast: Any, browser: Open) -> None:
    viewer = browser(cast.viewer)
    assert "You have none here" in viewer.get(PAGE).text and "Make one" not in viewer.get(PAGE).text
    assert viewer.submit(PAGE, name="x").status_code == 403
