"""Only edges commit: one request or one task, one transaction. The exceptions are named here and say so themselves."""

import ast
import re

from tests.laws.code import Module, modules

EXCEPTIONS = {
    "curator.db.session": "transaction() itself",
    "curator.db.upgrade": "the lock around a migration",
    "curator.events.store": "hits are committed in groups",
}
# Who opens transactions: the edges, and the delivery engine, which commits per group of messages.
EDGES = ("curator.web", "curator.cli", "curator.demo", "workers")
ENGINES = ("curator.delivery", "curator.events")

SAYS_SO = re.compile("commit|transaction", re.IGNORECASE)


def commits(module: Module) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
        for node in ast.walk(module.tree)
    )


def opens_transactions(module: Module) -> bool:
    return any(
        isinstance(node, ast.Call)
        and (getattr(node.func, "id", "") == "transaction" or getattr(node.func, "attr", "") == "transaction")
        for node in ast.walk(module.tree)
    )


def test_nobody_else_commits_and_every_exception_is_needed() -> None:
    assert {module.name for module in modules() if commits(module)} == set(EXCEPTIONS)


def test_transactions_are_opened_at_the_edges() -> None:
    inner = [
        m for m in modules() if opens_transactions(m) and not m.part.startswith(EDGES) and m.name not in EXCEPTIONS
    ]
    assert {module.name for module in inner if not module.part.startswith(ENGINES)} == set()


def test_an_exception_says_at_its_top_that_it_commits() -> None:
    engines = [module for module in modules() if opens_transactions(module) and module.part.startswith(ENGINES)]
    silent = [m.name for m in engines if not SAYS_SO.search(ast.get_docstring(m.tree) or "")]
    assert silent == []
