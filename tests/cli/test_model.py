"""A language model from the command line."""

import pytest
from sqlalchemy.orm import Session

from curator.settings import get_settings
from tests.cli.calling import call
from tests.issues.model_server import KEY, running_model, says, sends


@pytest.mark.usefixtures("redis_client")
def test_the_doctor_asks_the_model_where_there_is_one(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "model" not in {check["name"] for check in call("doctor").json["checks"]}
    with running_model() as model:
        for name, value in model.environment().items():
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        for reply, is_well in ((says({"answer": "yes"}), True), (sends(KEY, 401), False)):
            model.replies = [reply]
            said = call("doctor")
            assert {check["name"]: check["ok"] for check in said.json["checks"]}["model"] is is_well
            assert KEY not in said.out
