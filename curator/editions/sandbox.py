"""Designs that people write, rendered in a process that can be killed: bounded time, memory and output.

Jinja2's sandbox alone bounds neither: one expression ran for minutes inside a C call; putting styles into elements can
take as long. The child sees plain JSON data only, may include our own designs (`email/...`), has an empty environment,
no file to write, and no object of ours.
"""

import json
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curator.editions.designs import templates_folder
from curator.errors import TemplateFailed, Unavailable

SECONDS = 3
"""Of computing."""

CLOCK_SECONDS = 4.5
"""From the start until the child is killed, whatever the machine does meanwhile: nobody waits longer than five."""

MEGABYTES = 256
_usual_clock = CLOCK_SECONDS  # longer in tests, which a busy machine must not fail
_STARVED = 3  # a child that got less than this part of its seconds was kept from computing by others

_CHILD = Path(__file__).with_name("sandbox_child.py")
_ADVICE = {
    "UndefinedError": "Check the name; docs/designs.md lists what a design is given.",
    "TemplateSyntaxError": "Every {% if %}, {% for %} and {% macro %} needs its end, every {{ its }}.",
    "TemplateNotFound": "A design includes its own files as design/… and ours as email/….",
    "SecurityError": "A design sees the issue's words and nothing behind them. Take this out.",
    "StylesError": 'Use simple selectors, and keep media queries in <style data-premailer="ignore">.',
}


def render_limited(
    files: Mapping[str, str],
    data: dict[str, Any],
    *,
    based_on: str = "classic",
    is_inlined: bool = True,
    seconds: int = SECONDS,
    megabytes: int = MEGABYTES,
    clock: float | None = None,
) -> str:
    """The page of `files` with `data`, its styles in its elements; what they lack comes from our design `based_on`.

    `TemplateFailed` after `seconds` of computing, above `megabytes`, and for any error in it (`template` and `line`).
    After `clock` seconds (CLOCK_SECONDS) it is over in any case: `Unavailable` when the design hardly got to compute,
    because a busy machine must not make a good design fail for ever.
    """
    request = {
        "files": dict(files),
        "data": data,
        "designs": str(templates_folder() / "email"),
        "based_on": based_on,
        "is_inlined": is_inlined,
        "megabytes": megabytes,
        "seconds": seconds,
    }
    before, clock = _computed(), _usual_clock if clock is None else clock
    try:
        child = subprocess.run(
            [sys.executable, "-I", str(_CHILD)],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=clock,
            env={},
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired as error:  # it is killed and gone
        if _computed() - before < seconds / _STARVED:
            raise Unavailable(
                f"The design was not ready in {clock:g} seconds, because this machine is busy. Try again in a moment."
            ) from error
        raise _stopped(seconds) from error
    if child.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise _stopped(seconds)
    return _answer(child.stdout, megabytes)


def _computed() -> float:
    """Seconds that children of this process which ended have computed."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _stopped(seconds: int) -> TemplateFailed:
    return TemplateFailed(
        f"The design computed longer than {seconds} seconds. Take out the loop, expression or style that never ends.",
        template="design",
        line=None,
    )


def _answer(output: bytes, megabytes: int) -> str:
    try:
        answer = json.loads(output)
    except ValueError as error:
        raise TemplateFailed(
            f"The design needed more than {megabytes} MB. Take out what grows without end.",
            template="design",
            line=None,
        ) from error
    if "error" in answer:
        place = f"{answer['file']}, line {answer['line']}" if answer["line"] else answer["file"]
        advice = _ADVICE.get(answer["kind"], "Correct it and save again.")
        raise TemplateFailed(
            f"The design has an error in {place or 'its page'}: {answer['error'].rstrip('.')}. {advice}",
            template=answer["file"] or "design",
            line=answer["line"],
        )
    return str(answer["text"])
