"""Where designs, wording and notices lie, and the sandboxed Jinja2 environments that read them.

A design is a folder below templates/email: its own files are `design/…` to it, those of all are `email/…`. Our own
templates are rendered here, in process. What people edit is rendered in `sandbox`, never here.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from curator.errors import TemplateFailed

MAIN_FILE = "issue.html"


@lru_cache(maxsize=1)
def templates_folder() -> Path:
    """The folder `templates`: inside the installed package, else beside the checkout."""
    package = Path(__file__).parent.parent
    installed = package / "_assets" / "templates"
    return installed if installed.is_dir() else package.parent / "templates"


def render_template(name: str, data: dict[str, Any], *, escaped: bool = True) -> str:
    """The template `name` (a path below `templates`) with plain data; `TemplateFailed` names it and the line."""
    return _rendered(_environment(escaped), name, data)


def render_design(name: str, data: dict[str, Any]) -> str:
    """Our design `name` with the data of an issue; `TemplateFailed` names the file and the line."""
    return _rendered(_design_environment(name), "design/issue.html", data)


def design_files(name: str) -> dict[str, str]:
    """The files of our design `name` and what is in them, the page itself first."""
    folder = templates_folder() / "email" / name
    paths = sorted(folder.iterdir(), key=lambda path: (path.name != MAIN_FILE, path.suffix, path.name))
    return {path.name: path.read_text(encoding="utf-8") for path in paths}


def trusted(data: Any) -> Any:
    """The same data, with values whose key ends in `_html` marked as HTML that is already safe."""
    if isinstance(data, dict):
        return {
            key: Markup(value) if key.endswith("_html") and isinstance(value, str) else trusted(value)  # noqa: S704
            for key, value in data.items()
        }
    return [trusted(value) for value in data] if isinstance(data, list) else data


def _rendered(environment: ImmutableSandboxedEnvironment, name: str, data: dict[str, Any]) -> str:
    try:
        return environment.get_template(name).render(trusted(data))
    except jinja2.TemplateError as error:
        line = getattr(error, "lineno", None)
        raise TemplateFailed(
            f"The template {name} has an error: {error}. Correct it or restore the one that came with Curator.",
            template=name,
            line=line,
        ) from error


@lru_cache(maxsize=2)
def _environment(escaped: bool) -> ImmutableSandboxedEnvironment:
    return _sandboxed(jinja2.FileSystemLoader(templates_folder()), escaped)


@lru_cache(maxsize=8)
def _design_environment(name: str) -> ImmutableSandboxedEnvironment:
    designs = templates_folder() / "email"
    own = jinja2.FileSystemLoader(designs / name)
    return _sandboxed(jinja2.PrefixLoader({"design": own, "email": jinja2.FileSystemLoader(designs)}), True)


def _sandboxed(loader: jinja2.BaseLoader, escaped: bool) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=loader,
        autoescape=escaped,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
