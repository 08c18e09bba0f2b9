"""The engine: what its errors say ends up in logs."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session


def test_an_error_does_not_repeat_the_values(session: Session) -> None:
    with pytest.raises(DBAPIError) as caught, session.begin_nested():
        session.execute(text("SELECT 1 / :number, :address"), {"number": 0, "address": "anna@example.org"})
    assert "division by zero" in str(caught.value) and "anna@" not in str(caught.value)
