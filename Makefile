# One target a job; `make help` lists them. The two that matter: `make up` and `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
LOCKS := requirements.txt requirements-dev.txt
SHELL_SCRIPTS := .ci/run sandbox/bin/pulumi

KILLS := $(if $(CALL),--call $(CALL)) $(if $(PHASE),--phase $(PHASE)) $(if $(SEED),--seed $(SEED)) \
  $(if $(VISIBILITY),--visibility $(VISIBILITY)) $(if $(SAMPLE),--sample $(SAMPLE),--all)

.PHONY: calibrate drift faults kills matrix help setup up rehearse preflight preview refresh recover destroy down status test test-long test-all check format lock picture clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed  ## make .venv with all that the sandbox and the tests need

$(VENV)/.installed: $(LOCKS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "error: $(PYTHON) is $$($(PYTHON) --version 2>&1): Python 3.10 or newer is needed; name one with make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "Setting up $(VENV) (once; about a minute) ..."
	@[ -x $(VENV)/bin/pip ] || $(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "error: $(PYTHON) -m venv failed: install the venv package of your Python (Debian: python3-venv)" >&2; exit 1; }
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt \
	  || { echo "error: pip could not install requirements-dev.txt: is the package index reachable?" >&2; exit 1; }
	@touch $@
	@echo "Set up."

up: setup  ## the main job: start the sandbox, deploy, make a key there, prove and promote it
	@$(PY) -m sandbox.story up

rehearse: setup  ## walk the whole guide in a browser on a sandbox exchange, the verifier looking on (ACCOUNT=)
	@$(PY) -m sandbox.rehearsal $(if $(ACCOUNT),--account $(ACCOUNT))

preflight: setup  ## ask AWS what an `up` would fail on, changing nothing; STACK=name asks for a real stack
	@$(PY) -m $(if $(STACK),commands.preflight --stack $(STACK),sandbox.story preflight)

preview: setup  ## show what `up` would change
	@$(PY) -m sandbox.story preview

refresh: setup  ## compare the stack with what is there; tell what drifted and what no state knows; STACK=name
	@$(if $(STACK),pulumi refresh --stack $(STACK) && $(PY) -m commands.recover --look-only --stack $(STACK),\
	  $(PY) -m sandbox.story refresh)

recover: setup  ## after a killed run: its lock, its pending operations, its orphans; STACK=name for a real stack
	@$(PY) -m $(if $(STACK),commands.recover --stack $(STACK),sandbox.story recover)

destroy: setup  ## destroy the stack; the address is kept and named
	@$(PY) -m sandbox.story destroy

down: setup  ## end the whole sandbox world: stack, AWS, exchange and its keys
	@$(PY) -m sandbox stop

status: setup  ## is a sandbox running, and where
	@$(PY) -m sandbox status

test: setup  ## the tests
	@$(PY) -m pytest -q -n 2 -m "not long and not exhaustive"

test-long: setup  ## the tests that take long
	@$(PY) -m pytest -q -n 2 -m "long and not exhaustive"

test-all: setup  ## every test
	@$(PY) -m pytest -q -n 2

kills: setup  ## kill the product at every call that changes AWS, and count (CALL=, PHASE=, SAMPLE=, SEED=, VISIBILITY=)
	@$(PY) -m tests.faults.kills $(KILLS)

faults: setup  ## every fault of AWS at every call of the providers, as a table (CALL=, FAULT=, SAMPLE=)
	@$(PY) -m tests.faults.faults $(if $(CALL),--call $(CALL)) $(if $(FAULT),--fault "$(FAULT)") $(if $(SAMPLE),--sample $(SAMPLE))

drift: setup  ## what hands do to a stack: each found, and repaired or told (some minutes)
	@$(PY) -m tests.faults.drift

calibrate: setup  ## with a real account, once: how the exchange words what nobody knows (WORDS="--account bot ...")
	@$(PY) -m commands.calibrate $(WORDS)

matrix: setup  ## every situation of a key under the unknowns of the exchange, as a table (ALL=1, ONLY=, SAMPLE=)
	@$(PY) -m tests.cexio.matrix $(if $(ALL),--all) $(if $(ONLY),--only "$(ONLY)") $(if $(SAMPLE),--sample $(SAMPLE))

check: setup  ## linters and types
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@cd policies && ../$(VENV)/bin/mypy --config-file ../pyproject.toml .
	@$(VENV)/bin/shellcheck $(SHELL_SCRIPTS)

format:  ## lay the code out as `check` wants it
	@$(VENV)/bin/ruff check --fix . ; $(VENV)/bin/ruff format .

lock: setup  ## pin the dependencies anew, with hashes
	@$(PY) -m pip install --quiet uv
	@for name in requirements requirements-dev; do \
	  $(VENV)/bin/uv pip compile -q --upgrade --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-header $$name.in -o $$name.txt; done

picture: setup  ## record docs/make-up.svg from a real `make up`
	@$(PY) docs/record.py

clean:  ## end the sandbox and remove .venv and all caches
	@[ ! -x $(PY) ] || $(PY) -m sandbox stop
	@rm -rf $(VENV) .sandbox .artifacts .mypy_cache policies/.mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Clean: the sandbox, $(VENV) and the caches are gone."
