"""The child of `sandbox`: reads a template and its data from standard input, writes the result, as JSON.

Limits itself before it reads anything. Runs alone (`python -I`), imports nothing of ours.
"""

import json
import resource
import sys
from typing import Any

_MOST_OUTPUT = 2_000_000


def main() -> None:
    """Render one template and leave."""
    request = json.load(sys.stdin)
    _limit(int(request["seconds"]) + 1, int(request["megabytes"]) * 1_000_000)
    json.dump(_render(request["source"], request["data"], request["designs"]), sys.stdout)


def _limit(seconds: int, memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def _render(source: str, data: Any, designs: str) -> dict[str, Any]:
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.PrefixLoader(
            {"design": jinja2.FileSystemLoader(f"{designs}/classic"), "email": jinja2.FileSystemLoader(designs)}
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    try:
        text = environment.from_string(source).render(_trusted(data))
        if len(text) > _MOST_OUTPUT:
            return {"error": f"it writes more than {_MOST_OUTPUT:,} characters", "line": None}
        return {"text": text}
    except MemoryError:
        return {"error": "it needs too much memory", "line": None}
    except Exception as error:  # noqa: BLE001 - an edge: whatever a template can raise is told to its author
        return {"error": f"{type(error).__name__}: {str(error)[:300]}", "line": _line_of(error)}


def _line_of(error: BaseException) -> int | None:
    """The template's line: of a syntax error, else of the innermost frame that is template code."""
    line = getattr(error, "lineno", None)
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _trusted(data: Any) -> Any:
    from markupsafe import Markup

    if isinstance(data, dict):
        return {
            key: Markup(value) if key.endswith("_html") and isinstance(value, str) else _trusted(value)  # noqa: S704
            for key, value in data.items()
        }
    return [_trusted(value) for value in data] if isinstance(data, list) else data


if __name__ == "__main__":
    main()
