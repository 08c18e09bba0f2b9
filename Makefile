# The commands of a checkout. `make demo` and `make test` need Linux, Python 3.11 or newer, and nothing else.
#
# Packages: exactly those of requirements.lock, checked by hash, in .venv. uv installs them in seconds; where there is
# none it is fetched by pip first, itself checked by hash (pip alone takes four times as long for all of it), and where
# uv gets nowhere (it does not read pip's configuration) pip does the work.
#
# The project: a .pth file and a two-line script. That is what an editable installation comes down to, and it needs no
# build backend, no second download and no reinstallation when the code changes.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed-$(firstword $(shell echo '$(CURDIR)' | cksum))
UV := $(shell command -v uv 2>/dev/null)
PYTHON := $(shell for name in python3.13 python3.12 python3.11 python3; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $$name && break; done)
TESTS ?= tests
OPTIONS ?=
RECIPIENTS ?= 100000
MINUTES ?= 10
SEED ?=

unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

.PHONY: help install demo test faults chaos golden check lock clean

help:
	@echo 'make install only what the others begin with: the packages, into $(VENV)'
	@echo 'make demo    run everything with a sample newsletter; Ctrl-C stops it, the data stays in var/'
	@echo 'make test    the tests, on real servers (TESTS=tests/delivery OPTIONS="-k claim" for some of them)'
	@echo 'make faults  those of them in which servers, workers and relays fail, and nobody may be lost or mailed twice'
	@echo 'make chaos   all faults at once, by chance (RECIPIENTS=$(RECIPIENTS) MINUTES=$(MINUTES) SEED=1); loopback only'
	@echo 'make golden  write the golden mails of the tests anew, after a design or wording changed on purpose: look at the difference'
	@echo 'make check   ruff, mypy and the laws of the code'
	@echo 'make lock    resolve requirements.lock again (OPTIONS=--upgrade for newer versions)'
	@echo 'make clean   remove what can be made again; never var/'

install: $(STAMP)

demo: $(STAMP)
	@exec $(BIN)/curator demo

test: $(STAMP)
	@exec $(BIN)/python -m pytest -n 3 -m 'not long' $(OPTIONS) $(TESTS)

faults: $(STAMP)
	@exec $(BIN)/python -m pytest -n 2 $(OPTIONS) tests/faults

chaos: $(STAMP)
	@exec $(BIN)/python -m tests.faults.chaos --recipients $(RECIPIENTS) --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) --keep artifacts/chaos

golden: $(STAMP)
	@CURATOR_TEST_WRITE_GOLDEN=1 $(BIN)/python -m pytest -q tests/editions/test_whole_message.py -k golden
	@git diff --stat -- tests/editions/golden

check: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/laws

lock: $(STAMP)
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet $(OPTIONS) -o requirements.lock

clean:
	rm -rf $(VENV) artifacts build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Brought up to date when the lock or the project's facts are newer; made anew when the last attempt did not end or the
# folder was moved, which is why the stamp's name depends on the path: scripts in .venv hold it.
$(STAMP): requirements.lock pyproject.toml
	@test -n '$(PYTHON)' || { echo 'Curator needs Python 3.11 or newer, and none is on PATH.' >&2; exit 1; }
	@test -e $(STAMP) && $(BIN)/python -c '' 2>/dev/null || { rm -rf $(VENV); $(if $(UV),uv venv -q --python '$(PYTHON)' $(VENV),'$(PYTHON)' -m venv $(VENV)); } || \
		{ echo 'Python cannot make a virtual environment here: install its venv module (Debian: python3-venv), or uv.' >&2; exit 1; }
	@echo 'Installing the packages of requirements.lock into $(VENV) ...' >&2
	@$(if $(UV),,sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.lock && \
		$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock || true)
	@PATH="$$PWD/$(BIN):$$PATH" uv pip install -q --system-certs --python $(BIN)/python --require-hashes -r requirements.lock || \
		$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "curator.pth").write_text(str(pathlib.Path.cwd()) + "\n")'
	@printf '#!/bin/sh\nexec "%s" -P -m curator.cli.main "$$@"\n' "$$PWD/$(BIN)/python" > $(BIN)/curator
	@chmod +x $(BIN)/curator
	@touch $(STAMP)
