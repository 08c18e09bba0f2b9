"""One question over real sockets: what is sent, what is believed, and how every misbehaviour ends."""

import json
import time
from collections.abc import Iterator

import pytest

from curator.errors import ModelFailed
from curator.issues.language_model import Question, ask_model
from curator.settings import Settings, get_settings
from tests.issues.model_server import KEY, ModelServer, drips, floods, is_silent, running_model, says, sends

QUESTION = Question("The rules.", "The material.", {"type": "object", "properties": {}})


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with running_model() as running:
        yield running


@pytest.fixture
def ours(settings: Settings, model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in model.environment(seconds="0.6").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    get_settings.cache_clear()
    return get_settings()


def failure(ours: Settings) -> str:
    with pytest.raises(ModelFailed) as caught:
        ask_model(QUESTION, ours)
    assert KEY not in caught.value.message
    return caught.value.message


def test_what_is_sent_is_words_and_a_form_and_nothing_to_call(model: ModelServer, ours: Settings) -> None:
    model.replies = [says("Yes.")]
    assert ask_model(QUESTION, ours) == "Yes."
    (asked,) = model.asked
    assert (asked.path, asked.headers["authorization"]) == ("/v1/chat/completions", f"Bearer {KEY}")
    assert [message["role"] for message in asked.body["messages"]] == ["system", "user"]
    assert asked.body["response_format"]["json_schema"]["schema"] == QUESTION.form
    assert not {"tools", "tool_choice", "functions"} & set(asked.body)


def test_a_model_that_thinks_aloud_first_is_heard_out(model: ModelServer, ours: Settings) -> None:
    thought = f"<think>{'hmm ' * 10_000}</think>"
    model.replies = [says(f"{thought}Yes.")]
    assert ask_model(QUESTION, ours) == f"{thought}Yes."


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_that_knows_no_form_is_asked_once_more_without(
    model: ModelServer, ours: Settings, status: int
) -> None:
    model.replies = [sends(b"no response_format here", status), says("Yes.")]
    assert ask_model(QUESTION, ours) == "Yes."
    first, second = model.asked
    assert "response_format" in first.body and "response_format" not in second.body
    assert second.words == "The rules.\n\nThe material."
    model.replies = [sends(b"", status)]
    assert f"({status})" in failure(ours)
    assert len(model.asked) == 4, "twice, and never in a loop"


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (429, {"Retry_After": "20"}, "too much to do (429). Try again in 20 seconds"),
        (429, {"Retry_After": "Wed, 21 Oct 2015 07:28:00 GMT"}, "in 1 seconds"),
        (503, {"Retry_After": "600"}, "in 10 minutes"),
        (429, {"Retry_After": "²"}, "in a minute"),
        (401, {}, "CURATOR_MODEL_KEY"),
        (404, {}, "no such address or model"),
        (500, {}, "failed (500)"),
        (302, {"Location": "/v1/chat/completions"}, "leads elsewhere (302), which is not followed"),
    ],
)
def test_a_refusal_is_told_in_words_and_not_tried_again(
    model: ModelServer, ours: Settings, status: int, headers: dict[str, str], words: str
) -> None:
    model.replies = [sends(f"your key {KEY} is <b>wrong</b>", status, **headers)]
    said = failure(ours)
    assert words in said and "<b>" not in said
    assert len(model.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        "<html>Welcome to our proxy</html>",
        "",
        "{}",
        '{"choices": []}',
        '{"choices": [{"message": {"content": 7}}]}',
        '{"choices": [{"message": {"content": ["x"]}}]}',
        '{"choices": [{"message": {"content": null, "tool_calls": [{"id": "1"}]}}]}',
        "[" * 100_000,
        "9" * 5_000,
    ],
)
def test_an_answer_that_is_none_is_said_to_be_none(model: ModelServer, ours: Settings, body: str) -> None:
    model.replies = [sends(body, kind="text/html")]
    assert failure(ours)


def test_the_kind_an_answer_claims_to_be_does_not_matter(model: ModelServer, ours: Settings) -> None:
    parts = [{"type": "text", "text": "Y"}, {"type": "image"}, {"type": "text", "text": "es."}]
    model.replies = [sends(json.dumps({"choices": [{"message": {"content": parts}}]}), kind="text/plain")]
    assert ask_model(QUESTION, ours) == "Yes."


@pytest.mark.parametrize("reply", [drips, is_silent])
def test_whoever_dawdles_is_left_at_the_time_limit(model: ModelServer, ours: Settings, reply: object) -> None:
    model.replies = [reply]  # type: ignore[list-item]
    began = time.monotonic()
    assert "within 0.6 seconds" in failure(ours)
    assert time.monotonic() - began < 2


def test_both_tries_together_have_the_time_of_one(model: ModelServer, ours: Settings) -> None:
    def slow(request: object, body: object) -> None:
        time.sleep(0.4)
        sends(b"", 400)(request, body)  # type: ignore[arg-type]

    model.replies = [slow]
    began = time.monotonic()
    assert "within" in failure(ours)
    assert time.monotonic() - began < 2


def test_an_answer_without_end_is_cut_off(model: ModelServer, ours: Settings) -> None:
    model.replies = [floods]
    assert "without end" in failure(ours)
    model.replies = [sends(b" " * 300_000)]
    assert "without end" in failure(ours)
    model.replies = [sends(b"\x1f\x8b", Content_Encoding="gzip")]
    assert "compressed" in failure(ours)


def test_nobody_there_and_somebody_who_hangs_up(model: ModelServer, ours: Settings) -> None:
    model.replies = [lambda request, _: request.connection.close()]
    assert "broke off" in failure(ours)
    there = ours.model_copy(update={"model_address": "http://127.0.0.1:1/v1"})
    assert "cannot be reached" in failure(there)
    assert "cannot be reached" in failure(ours.model_copy(update={"model_address": "http://no-such-host/v1"}))


@pytest.mark.parametrize(
    ("named", "wrong"),
    [
        ({"CURATOR_MODEL_ADDRESS": "mistral"}, "CURATOR_MODEL_ADDRESS is like"),
        ({"CURATOR_MODEL_ADDRESS": "http://user:pw@host/v1"}, "CURATOR_MODEL_ADDRESS is like"),
        ({"CURATOR_MODEL_ADDRESS": "http://host:99999/v1"}, "CURATOR_MODEL_ADDRESS is like"),
        ({"CURATOR_MODEL_NAME": " "}, "CURATOR_MODEL_NAME is missing"),
        ({"CURATOR_MODEL_ADDRESS": ""}, "CURATOR_MODEL_ADDRESS is missing"),
        ({"CURATOR_MODEL_KEY": "two words\r\nX: y"}, "CURATOR_MODEL_KEY has spaces"),
        ({"CURATOR_MODEL_KEY_FILE": "/dev/null"}, "both set"),
        ({"CURATOR_MODEL_SECONDS": "0"}, "CURATOR_MODEL_SECONDS"),
    ],
)
def test_half_a_model_is_refused_at_start_without_its_key(
    ours: Settings, monkeypatch: pytest.MonkeyPatch, named: dict[str, str], wrong: str
) -> None:
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    with pytest.raises(Exception) as caught:
        get_settings()
    assert wrong in str(caught.value)
    assert KEY not in f"{caught.value!r} {caught.value.__cause__}"
    assert KEY not in repr(ours)


def test_the_key_may_come_from_a_file(ours: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    file = tmp_path / "key"  # type: ignore[operator]
    file.write_text("from-a-file\n")
    monkeypatch.setenv("CURATOR_MODEL_KEY_FILE", str(file))
    monkeypatch.delenv("CURATOR_MODEL_KEY")
    get_settings.cache_clear()
    assert get_settings().model_key.get_secret_value() == "from-a-file"
