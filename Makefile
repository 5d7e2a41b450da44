# Everything runs from .venv, which `make setup` creates from the hash-locked requirements. Python 3.11 and make are enough.
# Compiled modules are kept, whatever the shell says: hundreds of processes of the tests start from them.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: setup demo serve test check format lock bench scale faults conformance clean help

help:            ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

setup: $(READY)  ## create the environment in .venv, with the command .venv/bin/adapter

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is %s" % sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)   ## start everything on loopback, send the documented order, show its way
	$(BIN)/adapter demo

serve: $(READY)  ## the service with its simulators on port 8080
	$(BIN)/adapter serve --with-simulators --port 8080

# Three workers: on two processors a good part of the tests waits for processes and clocks. Each has neighbours of the list to run, so that
# what the tests of a file share is made once. What fails beside others is run once more,
# alone, and named as such: several hundred tests run services with real time limits, and a busy machine may be too slow for one.
test: $(READY)   ## all tests, with the coverage gate
	$(BIN)/python -m pytest -n 3 --dist worksteal --cov --cov-report=term --cov-fail-under=95 || \
	{ echo "once more, alone, what failed beside others:"; $(BIN)/python -m pytest --last-failed --last-failed-no-failures=none; }

check: $(READY)  ## formatting, lint, types, import directions, and the mappings themselves
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/adapter check
	$(BIN)/adapter test

format: $(READY) ## let ruff format and mend what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(READY)   ## renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile --quiet pyproject.toml --extra dev --extra bench --generate-hashes --no-emit-index-url --no-header --upgrade --python-version 3.11 -o requirements.lock

bench: $(READY)  ## speed against a hand-written service, as ratios in one run
	$(BIN)/python -m benchmarks

scale: $(READY)  ## a million open orders; SCALE_URL=postgresql://… takes a database, which it EMPTIES
	$(BIN)/python -m benchmarks.scale $(if $(SCALE_URL),--url $(SCALE_URL))

faults: $(READY)  ## the random crash run, the long failure tests and the planted faults, 15 minutes at most; SEED=4711
	$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED))

conformance: DEFINITIONS := $(or $(TMF_DEFINITIONS),../shared/tmf)
conformance: $(READY) ## the six TMF APIs, tested straight from the official definitions (TMF_DEFINITIONS=folder); UPDATE=1 writes the page
	@ls $(DEFINITIONS)/TMF622*.json >/dev/null 2>&1 || { echo "no TMF622*.json in $(DEFINITIONS): download the v4 swagger files of TMF621, 622, 632, 646, 653 and 673 from TM Forum, and name their folder: make conformance TMF_DEFINITIONS=folder"; exit 2; }
	ADAPTER_TMF_DEFINITIONS=$(DEFINITIONS) ADAPTER_CONFORMANCE_UPDATE=$(UPDATE) $(BIN)/python -m pytest tests/conformance

clean:           ## remove the environment and the data of the demo
	rm -rf .venv var
