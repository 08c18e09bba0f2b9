"""The source as the laws see it: files, modules, imports, functions. Reads, never imports."""

import ast
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Module(NamedTuple):
    """One Python file of the project."""

    path: Path
    name: str
    tree: ast.Module
    lines: int

    @property
    def part(self) -> str:
        """`curator.delivery`, `curator.settings` or `workers`."""
        return ".".join(self.name.split(".")[:2]) if self.name.startswith("curator") else "workers"

    def imports(self) -> Iterator[str]:
        """Every dotted name of ours it imports, wherever in the file."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)


@lru_cache(maxsize=1)
def modules() -> tuple[Module, ...]:
    """Everything under curator/ and workers/, without what is generated."""
    files = [path for folder in ("curator", "workers") for path in sorted((ROOT / folder).rglob("*.py"))]
    return tuple(_read(path) for path in files if "migrations/versions" not in path.as_posix())


@lru_cache(maxsize=1)
def tracked() -> tuple[Path, ...]:
    """Every file in git; without git (a source archive), every file that would be."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        found = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        found = [path for path in ROOT.rglob("*") if not {".venv", "var"} & set(path.relative_to(ROOT).parts)]
    return tuple(path for path in found if path.is_file())


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions and methods, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _read(path: Path) -> Module:
    source = path.read_text(encoding="utf-8")
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return Module(path, name, ast.parse(source), len(source.splitlines()))
