# Everything here works on a fresh machine that has Python 3.11 or later and make; `make help` lists the targets.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TIER ?= small

.DEFAULT_GOAL := help
.PHONY: help setup test test-all lint docs reproduce bench clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(READY) ## make the virtual environment in .venv

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if v >= (3, 11) else "rnnbench needs Python 3.11 or later, this is %d.%d; name another: make PYTHON=python3.12" % v)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

test: setup ## run the default tests: no network, no GPU
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

test-all: setup ## run all tests that this machine can run
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal -m 'not gpu'

lint: setup ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: setup ## build the documentation in docs/_build/html
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	$(BIN)/python -m sphinx -q -b html docs docs/_build/html

reproduce: setup ## run a tier (TIER=small, study or paper), print and save its tables
	$(BIN)/rnnbench reproduce --tier $(TIER)

bench: setup ## time every cell and engine, print and save BENCHMARKS.md (half an hour)
	$(BIN)/python -m rnnbench.bench

clean: ## remove the virtual environment and caches; runs stay
	rm -rf $(VENV) docs/_build docs/api .pytest_cache .ruff_cache .mypy_cache .hypothesis
