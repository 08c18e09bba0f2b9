"""One question to a language model: the OpenAI-compatible protocol as plain HTTP, nothing offered but words.

Its address is the administrator's, never an article's: it may be this machine or an intranet, so the guard of
`sources.fetch` against private networks does not stand in its way. No redirect is followed, nothing of the environment
used; bounded in total time and bytes. What a server says about an error is never repeated: it may hold the key.
"""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpcore2

from curator.errors import ModelFailed
from curator.settings import Settings
from curator.sources.deadline import TimedBackend
from curator.sources.fetch import tls_context
from curator.sources.networks import resolve

LARGEST_ANSWER = 200_000  # bytes
_LONGEST_WORDS = 100_000  # characters; some models think aloud first
_BROKEN = (httpcore2.NetworkError, httpcore2.ProtocolError, ssl.SSLError, OSError)
_UNSURE_OF_FORM = (400, 422)
_LONGEST_WAIT = 86_400  # seconds a server may ask to wait, as far as we repeat it


@dataclass(frozen=True)
class Question:
    """What is asked: the rules, the material they are about, and the form of the answer, which some servers ignore."""

    rules: str
    material: str
    form: Mapping[str, Any]
    most_tokens: int = 900


def ask_model(question: Question, settings: Settings) -> str:
    """What the model says, as it says it; `ModelFailed` with a sentence for a person.

    Takes `settings.model_seconds` at most. A server that refuses the form (400, 422) is asked once more without.
    """
    line = _Line(settings.model_seconds)
    status, headers, body = _post(_whole(question, settings), settings, line)
    if status in _UNSURE_OF_FORM:
        status, headers, body = _post(_bare(question, settings), settings, line)
    if status != 200:
        raise ModelFailed(_reason(status, headers), status=status)
    return _said(body)


def _whole(question: Question, settings: Settings) -> dict[str, Any]:
    form = {"name": "answer", "strict": True, "schema": question.form}
    return {
        "model": settings.model_name,
        "messages": [
            {"role": "system", "content": question.rules},
            {"role": "user", "content": question.material},
        ],
        "temperature": 0.2,
        "max_tokens": question.most_tokens,
        "stream": False,
        "response_format": {"type": "json_schema", "json_schema": form},
    }


def _bare(question: Question, settings: Settings) -> dict[str, Any]:
    """The same for a server that knows neither forms nor limits, and a model that knows no system's role."""
    words = f"{question.rules}\n\n{question.material}"
    return {"model": settings.model_name, "messages": [{"role": "user", "content": words}], "stream": False}


class _Line(TimedBackend):
    """Connects wherever the administrator said, and ends everything at the deadline."""

    def answers(self, host: str, port: int) -> list[str]:
        return resolve(host, port, self.left())


def _post(body: dict[str, Any], settings: Settings, line: _Line) -> tuple[int, dict[str, str], bytes]:
    """The answer of whatever status: the status, its headers with names in lower case, the body."""
    address = f"{settings.model_address}/chat/completions"
    content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    try:
        with (
            httpcore2.ConnectionPool(ssl_context=tls_context(), network_backend=line, http2=False) as pool,
            pool.stream("POST", address, headers=_headers(settings, len(content)), content=content) as response,
        ):
            headers = {n.decode("latin-1").lower(): v.decode("latin-1") for n, v in response.headers}
            return response.status, headers, _body(response, headers) if response.status == 200 else b""
    except httpcore2.TimeoutException as error:
        raise ModelFailed(
            f"The model did not answer within {settings.model_seconds:g} seconds. Try again, or write it yourself."
        ) from error
    except httpcore2.ConnectError as error:
        raise ModelFailed("The model's server cannot be reached. Ask whoever runs Curator to look at it.") from error
    except _BROKEN as error:
        raise ModelFailed(
            "The model's server broke off. Try again; ask whoever runs Curator if it stays so."
        ) from error


def _headers(settings: Settings, length: int) -> list[tuple[bytes, bytes]]:
    sent = {
        "Content-Type": "application/json",
        "Content-Length": str(length),
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "Curator/1.0",
        "Connection": "close",
    }
    if key := settings.model_key.get_secret_value():
        sent["Authorization"] = f"Bearer {key}"
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in sent.items()]


def _body(response: httpcore2.Response, headers: Mapping[str, str]) -> bytes:
    if headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
        raise ModelFailed("The model's server answers compressed, which was not asked for.")
    received = bytearray()
    for chunk in response.iter_stream():
        received += chunk
        if len(received) > LARGEST_ANSWER:
            raise ModelFailed("The model's server answers without end. Ask whoever runs Curator to look at it.")
    return bytes(received)


def _reason(status: int, headers: Mapping[str, str]) -> str:
    """A status as a sentence for an editor; nothing of what the server wrote."""
    if status in (429, 503):
        return f"The model's server has too much to do ({status}). Try again {_when(headers)}."
    if status in (401, 403):
        return f"The model's server refuses the key ({status}). Ask whoever runs Curator to correct CURATOR_MODEL_KEY."
    if status == 404:
        return "The model's server knows no such address or model (404). Ask whoever runs Curator to correct it."
    if 300 <= status < 400:
        return f"The model's server leads elsewhere ({status}), which is not followed. CURATOR_MODEL_ADDRESS is wrong."
    if status >= 500:
        return f"The model's server failed ({status}). Try again in a while."
    return f"The model's server refuses the question ({status}). Ask whoever runs Curator to look at its settings."


def _when(headers: Mapping[str, str]) -> str:
    """Retry-After (RFC 9110 10.2.3), seconds or a date, in words."""
    given = headers.get("retry-after", "").strip()
    if given.isdecimal() and len(given) <= 6:
        seconds = float(given)
    else:
        try:
            seconds = (parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return "in a minute"
    seconds = min(max(seconds, 1.0), _LONGEST_WAIT)
    return f"in {seconds:.0f} seconds" if seconds <= 90 else f"in {seconds / 60:.0f} minutes"


def _said(body: bytes) -> str:
    """`choices[0].message.content`, as a text or as a list of parts."""
    try:
        content = json.loads(body)["choices"][0]["message"]["content"]
        if isinstance(content, list):
            content = "".join(str(part.get("text", "")) for part in content if part.get("type") == "text")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise ModelFailed("What answers at CURATOR_MODEL_ADDRESS does not speak as a model's server does.") from error
    if not isinstance(content, str) or not content.strip():
        raise ModelFailed("The model said nothing. Try again, or write it yourself.")
    return content[:_LONGEST_WORDS]
