"""Importing a module does nothing: no connection, no thread, no settings read, no engine made."""

import subprocess
import sys

from tests.laws.code import ROOT, modules

# Programs that are only ever run: importing the migrations' environment is running a migration.
PROGRAMS = ("curator.db.migrations.env",)

CHECK = """
import importlib, os, socket, sys, threading

def refuse(what):
    def refused(*_, **__):
        raise AssertionError(f"importing {current} {what}")
    return refused

current = "the packages"
import sqlalchemy
import curator.settings
connect = socket.socket.connect
socket.socket.connect = refuse("connects")
sqlalchemy.create_engine = refuse("makes an engine")
curator.settings.get_settings = refuse("reads the settings")
curator.settings.Settings.__init__ = refuse("reads the settings")
before = dict(os.environ)
for current in sys.argv[1:]:
    importlib.import_module(current)
    assert threading.active_count() == 1, f"importing {current} starts a thread"
assert {k: v for k, v in os.environ.items() if k.startswith("CURATOR")} == {
    k: v for k, v in before.items() if k.startswith("CURATOR")
}
"""


def test_importing_does_nothing() -> None:
    names = [module.name for module in modules() if module.name not in PROGRAMS]
    done = subprocess.run(
        [sys.executable, "-c", CHECK, *names], cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr[-3000:]
