"""Where designs, wording and notices lie, and the sandboxed Jinja2 environment that reads them.

Our own templates are rendered here, in process. What people edit is rendered in `sandbox`, never here.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from curator.errors import TemplateFailed


@lru_cache(maxsize=1)
def templates_folder() -> Path:
    """The folder `templates`: inside the installed package, else beside the checkout."""
    package = Path(__file__).parent.parent
    installed = package / "_assets" / "templates"
    return installed if installed.is_dir() else package.parent / "templates"


def render_template(name: str, data: dict[str, Any], *, escaped: bool = True) -> str:
    """The template `name` (a path below `templates`) with plain data; `TemplateFailed` names it and the line."""
    try:
        return _environment(escaped).get_template(name).render(trusted(data))
    except jinja2.TemplateError as error:
        line = getattr(error, "lineno", None)
        raise TemplateFailed(
            f"The template {name} has an error: {error}. Correct it or restore the one that came with Curator.",
            template=name,
            line=line,
        ) from error


def trusted(data: Any) -> Any:
    """The same data, with values whose key ends in `_html` marked as HTML that is already safe."""
    if isinstance(data, dict):
        return {
            key: Markup(value) if key.endswith("_html") and isinstance(value, str) else trusted(value)  # noqa: S704
            for key, value in data.items()
        }
    return [trusted(value) for value in data] if isinstance(data, list) else data


@lru_cache(maxsize=2)
def _environment(escaped: bool) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader(templates_folder()),
        autoescape=escaped,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
