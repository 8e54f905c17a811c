# `make help` lists what there is. Everything runs in .venv, made on first use.
SHELL := /bin/bash
PYTHON ?= python3
# Where the environment is; another Python wants another one: make test PYTHON=python3.13 VENV=.venv-3.13
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8000
N ?= 10000
MINUTES ?= 10
ARGS ?= help
# Processes that run the fast tests, each with a PostgreSQL of its own: auto is two a core, 0 is one without workers.
WORKERS ?= auto
# Some of the tests cover too little of the code to be held to its part.
COVERAGE ?= $(if $(filter-out help,$(ARGS)),,--cov --cov-report=term-missing:skip-covered)
SLOW := docker or terraform or browser or slow
export PORT

.DEFAULT_GOAL := help
.PHONY: help run test test-slow fuzz faults soak bench lint shell format manage migrations app rename seed rehearse emulators deploy requirements clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: $(VENV)/run-installed ## Serve the API on http://localhost:8000 (PORT=…) with a PostgreSQL of its own
	@exec $(BIN)/python -m dev.run

test: $(VENV)/installed ## Run the fast tests, with coverage (ARGS="-k name": some, without; WORKERS=0: one process)
	@$(BIN)/python -m pytest -m "not ($(SLOW))" --numprocesses=$(WORKERS) $(COVERAGE) $(if $(filter-out help,$(ARGS)),$(ARGS))

test-slow: .venv-terraform/installed .venv-checkov/installed .venv-bench/installed ## Run the slow tests: containers, browser, Terraform and deploy on emulated AWS
	@.venv-terraform/bin/python -m pytest -m "$(SLOW)" $(if $(filter-out help,$(ARGS)),$(ARGS))

fuzz: $(VENV)/installed ## Hold the service against its schema with N=2000 examples per operation, without tokens and with
	@SCHEMATHESIS_EXAMPLES=$(if $(filter file,$(origin N)),2000,$(N)) $(BIN)/python -m pytest tests/api/test_schemathesis.py -rP

bench: $(VENV)/installed .venv-bench/installed ## Measure it beside others (QUICK=1; FEATURES=1: their cost; WITHOUT=1: the optimisations; SIZES=1; ARGS="--only list")
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(if $(FEATURES),--features) $(if $(WITHOUT),--without) $(if $(SIZES),--sizes) $(filter-out help,$(ARGS))

faults: $(VENV)/installed ## Run the fault table and write it into docs/reliability.md (about 3 minutes)
	@$(BIN)/python -m tests.faults

soak: $(VENV)/installed ## Load the service for MINUTES=10 and watch that nothing fails and nothing grows
	@$(BIN)/python -m tests.faults.soak $(MINUTES)

rehearse: .venv-terraform/installed ## Rehearse the whole AWS deployment on this machine (Docker and Terraform needed)
	@.venv-terraform/bin/python -m tests.rehearsal

emulators: .venv-terraform/installed ## Start the rehearsal's empty account alone, to try things by hand
	@.venv-terraform/bin/python -m tests.rehearsal emulators

deploy: $(VENV)/installed ## Deploy this commit to AWS (ARGS="--environment prod")
	@$(BIN)/python -m deploy up $(filter-out help,$(ARGS))

lint: $(VENV)/installed ## Check style, types, migrations, security, Terraform
	@$(BIN)/python -m dev.lint

format: $(VENV)/installed ## Sort the imports and format the code
	@$(BIN)/ruff check --quiet --select I --fix . && $(BIN)/ruff format --quiet .

shell: $(VENV)/run-installed ## Open Django's shell on the database of `make run`
	@$(BIN)/python -m dev.run shell

manage: $(VENV)/run-installed ## Run a management command on that database: make manage ARGS="createsuperuser"
	@$(BIN)/python -m dev.run $(ARGS)

migrations: $(VENV)/run-installed ## Write migrations for what changed in the models
	@$(BIN)/python -m dev.run makemigrations

app: $(VENV)/installed ## Make a new resource: make app NAME=orders (ONE=order)
	@$(BIN)/python -m dev.app $(NAME) $(ONE)
	@$(BIN)/ruff check --quiet --select I --fix itemsvc $(NAME) && $(BIN)/ruff format --quiet $(NAME)
	@$(BIN)/python -m dev.run makemigrations $(NAME)

rename: $(VENV)/installed ## Give the project another name: make rename NAME=ordersvc
	@$(BIN)/python -m dev.rename $(NAME)

seed: $(VENV)/run-installed ## Add N=10000 made-up rows of each resource (APPS=items for some)
	@$(BIN)/python -m dev.run seed $(N) $(APPS)

requirements: $(VENV)/installed ## Compile requirements*.txt, with hashes, from pyproject.toml (ARGS=--upgrade)
	@$(BIN)/python -m dev.requirements $(filter-out help,$(ARGS))

clean: ## Remove what was built and tested; the data in .local/ stays
	@rm -rf $(VENV) .venv .venv-* .coverage* htmlcov staticfiles .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.local/*' -prune -exec rm -rf {} +
	@echo "Removed. The database and the key are in .local/; delete that to forget them too."

# The files are complete: with dependencies, pip would look for newer ones than are pinned, and refuse them.
INSTALL := -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
CHECK := -m pip --quiet --disable-pip-version-check check

# Environments of their own: what these bring along would get in the way of the service's.
.venv-%/installed: requirements-%.txt
	@echo "Installing into .venv-$* (once) …" >&2
	@$(PYTHON) -m venv .venv-$*
	@.venv-$*/bin/python $(INSTALL) -r requirements-$*.txt
	@.venv-$*/bin/python $(CHECK)
	@touch $@

# What `make run` needs, and then what the tests and checks need too.
$(VENV)/run-installed: requirements-run.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 14) else "itemsvc needs Python 3.11 to 3.14; this is " + sys.version.split()[0] + ". Name another one: make $(MAKECMDGOALS) PYTHON=python3.13")'
	@echo "Installing into $(VENV) (once, some seconds) …" >&2
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing (Debian: apt install python3-venv)." >&2; exit 1; }
	@$(BIN)/python $(INSTALL) -r requirements-run.txt
	@$(BIN)/python $(CHECK)
	@touch $@

$(VENV)/installed: $(VENV)/run-installed requirements-dev.txt
	@echo "Installing what tests and checks need (once, about half a minute) …" >&2
	@$(BIN)/python $(INSTALL) -r requirements-dev.txt
	@$(BIN)/python $(CHECK)
	@touch $@
