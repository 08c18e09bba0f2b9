"""The child of `sandbox`: reads a design and its data from standard input, writes the page, as JSON.

Limits itself before it reads anything. Runs alone (`python -I`); of ours it imports the inliner only, after rendering.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

_MOST_OUTPUT = 2_000_000
_OWN = "design/"


def main() -> None:
    """Render one design and leave."""
    request = json.load(sys.stdin)
    _limit(int(request["seconds"]), int(request["megabytes"]) * 1_000_000)
    answer = _render(request)
    if request["is_inlined"] and "text" in answer:
        answer = _inlined(answer["text"])
    json.dump(answer, sys.stdout)


def _limit(seconds: int, memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def _render(request: dict[str, Any]) -> dict[str, Any]:
    try:
        text = _environment(request).get_template(f"{_OWN}issue.html").render(_trusted(request["data"]))
    except MemoryError:
        return _wrong("it needs too much memory", "MemoryError")
    except Exception as error:  # noqa: BLE001 - an edge: whatever a template can raise is told to its author
        kind = type(error).__name__
        file, line = _place_of(error)
        return _wrong(f"{kind}: {str(error)[:300]}", kind, file, line)
    if len(text) > _MOST_OUTPUT:
        return _wrong(f"it writes more than {_MOST_OUTPUT:,} characters", "TooMuch")
    return {"text": text}


def _environment(request: dict[str, Any]) -> Any:
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    files, designs = request["files"], request["designs"]

    def own(name: str) -> tuple[str, str, Any] | None:
        """With a file name, so that an error can be placed."""
        return (files[name], _OWN + name, lambda: True) if name in files else None

    borrowed = jinja2.FileSystemLoader(f"{designs}/{request['based_on']}")
    return ImmutableSandboxedEnvironment(
        loader=jinja2.PrefixLoader(
            {
                "design": jinja2.ChoiceLoader([jinja2.FunctionLoader(own), borrowed]),
                "email": jinja2.FileSystemLoader(designs),
            }
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _place_of(error: BaseException) -> tuple[str, int | None]:
    """File and line: of a syntax error, else of the innermost frame that is the design's own."""
    file, line = str(getattr(error, "filename", None) or ""), getattr(error, "lineno", None)
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith(_OWN):
            file, line = name, trace.tb_lineno
        trace = trace.tb_next
    return (file.removeprefix(_OWN), line) if file.startswith(_OWN) else ("", None)


def _inlined(text: str) -> dict[str, Any]:
    """The page with its styles in its elements: hostile styles take as long as hostile templates."""
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    from lxml import etree

    from curator.editions.inline import inline

    try:
        page = inline(text, "the design")
        inlined = etree.tostring(page, method="html", encoding="unicode", doctype="<!DOCTYPE html>")
    except MemoryError:
        return _wrong("its styles need too much memory", "MemoryError")
    except Exception as error:  # noqa: BLE001 - the same edge
        return _wrong(f"its styles could not be put into the mail: {error.__cause__ or error}", "StylesError")
    if len(inlined) > _MOST_OUTPUT:
        return _wrong(f"it has more than {_MOST_OUTPUT:,} characters with its styles in each element", "TooMuch")
    return {"text": inlined}


def _wrong(error: str, kind: str, file: str = "", line: int | None = None) -> dict[str, Any]:
    return {"error": error, "kind": kind, "file": file, "line": line}


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
