# Everything Starmeter needs is set up by the target that needs it. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.complete

.DEFAULT_GOAL := help
.PHONY: help setup up down test check lint type format bench clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

$(STAMP): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=python3.12"; exit 1; }
	@echo "Setting up $(VENV) from requirements-dev.txt (hash-locked); about a minute the first time"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(STAMP)  ## the virtual environment and the real programs, into .venv and .local; nothing else is touched
	@$(BIN)/python -m compose.programs

up: setup  ## run the local stack: two regions, live traffic, the front-door; Ctrl-C ends it
	@$(BIN)/starmeter up

down: setup  ## end a local stack that runs elsewhere
	@$(BIN)/starmeter down

test: setup  ## all tests, against real programs
	@$(BIN)/pytest -n auto --dist loadfile

check: lint type test  ## what a change must pass: lint, types, import contracts, tests

lint: setup  ## ruff (rules and format) and the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-logo

type: setup  ## mypy, strict, code and tests
	@$(BIN)/mypy

format: setup  ## rewrite the sources as the linter wants them
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

bench: setup  ## speed and memory beside the alternatives; prints tables of ratios
	@$(BIN)/python -m tests.bench

clean: down  ## remove everything that set-up and runs made
	@rm -rf $(VENV) .local .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
