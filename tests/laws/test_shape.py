"""Small files, small functions, names that say what is inside, and a promise at the top of each module."""

import ast

from tests.laws.code import ROOT, functions, modules, tracked

LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "service", "services", "misc"}
TEXT = {".py", ".toml", ".md", ".txt", ".yml", ".yaml", ".json", ".html", ".css", ".js", ".lock", ".cfg", ".ini", ""}


def test_modules_are_short() -> None:
    assert {module.name: module.lines for module in modules() if module.lines > LONGEST_MODULE} == {}


def test_names_say_what_is_inside() -> None:
    assert [module.name for module in modules() if set(module.name.split(".")) & NAMES_THAT_SAY_NOTHING] == []


def test_a_module_opens_with_its_promise() -> None:
    promises = {module.name: ast.get_docstring(module.tree) or "" for module in modules() if module.lines}
    assert [name for name, promise in promises.items() if not 1 <= len(promise.splitlines()) <= 8] == []


def test_functions_are_short() -> None:
    long = {
        f"{module.name}.{node.name}": length
        for module in modules()
        for node in functions(module.tree)
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert long == {}


def test_what_is_public_says_what_it_does() -> None:
    silent = [
        f"{module.name}.{node.name}"
        for module in modules()
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_tests_are_short_too() -> None:
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in tracked()
        if path.suffix == ".py" and path.is_relative_to(ROOT / "tests")
        if (lines := len(path.read_text().splitlines())) > LONGEST_MODULE
    }
    assert long == {}


# Written in halves, so that this file does not find itself.
FOREIGN = tuple(
    "".join(halves)
    for halves in (
        ("pypi", ".org"),
        ("files.python", "hosted"),
        ("/simple", "/"),
        ("index", "-url ="),
        ("/work", "/main"),
        ("/root", "/"),
    )
)


def test_no_registry_and_no_machine_in_what_is_kept() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in tracked()
        if path.suffix in TEXT and "vendor" not in path.parts
        for word in FOREIGN
        if word in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert found == []
