"""Templates that people edit, rendered in a child process that can be killed: bounded time, memory and output.

Jinja2's sandbox alone bounds neither: one expression ran for minutes inside a C call. The child sees plain JSON data
only, may include our own designs (`email/...`), has an empty environment, no file to write, and no object of ours.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from curator.editions.designs import templates_folder
from curator.errors import TemplateFailed

_CHILD = Path(__file__).with_name("sandbox_child.py")


def render_limited(source: str, data: dict[str, Any], *, seconds: float = 5, megabytes: int = 256) -> str:
    """`source` rendered with `data`; `TemplateFailed` after `seconds`, above `megabytes`, or for any error in it."""
    request = json.dumps(
        {
            "source": source,
            "data": data,
            "designs": str(templates_folder() / "email"),
            "megabytes": megabytes,
            "seconds": seconds,
        }
    )
    try:
        child = subprocess.run(
            [sys.executable, "-I", str(_CHILD)],
            input=request.encode(),
            capture_output=True,
            timeout=seconds,
            env={},
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TemplateFailed(
            f"The design took longer than {seconds:g} seconds. Take out the loop or the expression that never ends.",
            template="design",
            line=None,
        ) from error
    return _answer(child.stdout, megabytes)


def _answer(output: bytes, megabytes: int) -> str:
    try:
        answer = json.loads(output)
    except ValueError as error:
        raise TemplateFailed(
            f"The design needed more than {megabytes} MB or too much computing time. Take out what grows without end.",
            template="design",
            line=None,
        ) from error
    if "error" in answer:
        where = f" in line {answer['line']}" if answer["line"] else ""
        raise TemplateFailed(
            f"The design has an error{where}: {answer['error']}. Correct it in the settings.",
            template="design",
            line=answer["line"],
        )
    return str(answer["text"])
