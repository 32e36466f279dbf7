# meshtether's tasks. Each makes .venv if there is none; nothing else needs installing by hand.
#   make demo    a real mesh on loopback, one command
#   make test    every test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: demo test test-unit lint format typecheck imports bench soak fuzz docs proto proto-check check locks clean

$(STAMP): requirements-dev.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP)          ## a real mesh on loopback: sidecars, mTLS, a principal on 127.0.0.1, agents
	$(BIN)/meshtether demo $(ARGS)

# Two at a time: half of the time is spent waiting for processes. More would make timers late that tests wait for.
test: $(STAMP)          ## all tests; TESTS=path and ARGS=… narrow them
	$(BIN)/python -m pytest -n 2 --dist worksteal $(TESTS) $(ARGS)

test-unit: $(STAMP)     ## the tests that start no process and try no grid: under a minute
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not lab and not process and not grid" $(TESTS) $(ARGS)

lint: $(STAMP)          ## ruff (rules and format) and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

typecheck: $(STAMP)     ## mypy, strict
	$(BIN)/mypy

bench: $(STAMP)         ## ratios against a peer in the same run; never absolute promises
	$(BIN)/python -m bench $(ARGS)

soak: $(STAMP)          ## a principal under agents that come and go, SECONDS long: memory, descriptors, tasks
	$(BIN)/python -m bench.soak --seconds $(or $(SECONDS),600) $(ARGS)

fuzz: $(STAMP)          ## coverage-guided fuzzing, SECONDS for each target
	$(BIN)/python -m fuzz --seconds $(or $(SECONDS),60) $(ARGS)

docs: $(STAMP)          ## reference pages from the tables, then the site, warnings are errors
	$(BIN)/python -m meshtether.options.reference docs/reference
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

proto: $(STAMP)         ## generate the stubs that are checked in
	$(BIN)/python proto/generate.py

proto-check: $(STAMP)   ## fail when the checked-in stubs differ from what the .proto files give
	$(BIN)/python proto/generate.py --check

check: lint typecheck proto-check test

locks:                  ## refresh the hash-pinned lock files from pyproject.toml
	./lock.sh

clean:
	rm -rf $(VENV) site dist build
