"""What the code imports is named in pyproject.toml: nothing is there by the grace of another package alone."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

from tests.laws.code import ROOT

HIDDEN = {"lxml.cssselect": "cssselect", "lxml.html.clean": "lxml-html-clean"}
"""Modules that only hand over to another distribution."""
PART_OF = {"starlette": "fastapi", "pydantic": "fastapi", "anyio": "fastapi", "click": "typer", "markupsafe": "jinja2"}
"""What a named package is made of and shows on purpose."""


def test_every_import_is_a_named_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {re.split(r"[^\w-]", line)[0].lower().replace("_", "-") for line in project["dependencies"]}
    homes = packages_distributions()
    missing = {}
    for path in [*(ROOT / "curator").rglob("*.py"), *(ROOT / "workers").rglob("*.py")]:
        for module in _imports(ast.parse(path.read_text())):
            top = module.partition(".")[0]
            if top in sys.stdlib_module_names or top in ("curator", "workers"):
                continue
            wanted = HIDDEN.get(module) or PART_OF.get(top) or next(iter(homes.get(top, [top])))
            if wanted.lower().replace("_", "-") not in named:
                missing[module] = str(path.relative_to(ROOT))
    assert missing == {}


def _imports(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found
