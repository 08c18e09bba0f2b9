"""A language model from the command line."""

import pytest
from sqlalchemy.orm import Session

import curator.cli.issues
import workers.issues
from curator import doorbell
from curator.errors import Invalid, ModelFailed, Unavailable
from curator.issues.compose import add_item
from curator.settings import get_settings
from tests.cli.calling import call
from tests.issues.model_server import KEY, running_model, says, sends
from tests.issues.rows import a_newsletter, an_article, an_issue


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


def test_words_are_proposed_once_a_worker_has_asked(committed: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    issue = an_issue(committed, a_newsletter(committed))
    article = an_article(committed, issue.newsletter, body_text="Een fabriek in Twente bouwt chips.")
    item = add_item(committed, issue.id, article.id, "Kort")
    committed.commit()
    with running_model() as model:
        for name, value in model.environment().items():
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        model.replies = [says({"blurb": "Twente bouwt chips voor iedereen.", "sentences": [1]}), sends(b"", 500)]
        # A ring is all a worker hears; here it is one that works at once.
        monkeypatch.setattr(doorbell, "ring_now", lambda *_: workers.issues.propose())
        (offer,) = call("issues", "propose", issue.id, "--item", item.id).json["offers"]
        assert offer["words"] == {"blurb": "Twente bouwt chips voor iedereen."}
        assert offer["sources"] == {"1": "Een fabriek in Twente bouwt chips."}
        with pytest.raises(ModelFailed, match="500"):
            call("issues", "propose", issue.id)
        with pytest.raises(Invalid, match="--item"):
            call("issues", "propose", issue.id, "--translate")
        monkeypatch.setattr(doorbell, "ring_now", lambda *_: False)
        monkeypatch.setattr(curator.cli.issues, "WAIT_FOR_WORKER", -29.7)
        with pytest.raises(Unavailable, match="Is a worker running"):
            call("issues", "propose", issue.id)
