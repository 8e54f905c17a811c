# `make help` lists the targets. Everything runs in .venv, which the first target makes.
SHELL := /bin/bash
PYTHON ?= python3
# Another Python needs another environment: make test PYTHON=python3.13 VENV=.venv-3.13
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8000
N ?= 10000
MINUTES ?= 10
ARGS ?= help
# Number of processes for the fast tests, each with its own PostgreSQL. auto: two for each core. 0: no extra process.
WORKERS ?= auto
# COVERAGE=1 also shows what code the tests do not reach, and fails if it is too much. It makes them slower.
COVERAGE ?=
FASTIFY := benchmarks/opponents/fastify
OPENAPI := dev/node
SLOW := docker or terraform or browser or slow
export PORT
# Hundreds of short processes would each compile the code again.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run test test-slow fuzz faults soak bench lint shell format manage migrations app rename seed rehearse emulators deploy requirements clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: $(VENV)/run-installed ## Serve the API on http://localhost:8000 (PORT=…, RELOAD=1) with its own PostgreSQL
	@exec $(BIN)/python -m dev.run

test: $(VENV)/installed ## Run the fast tests (ARGS="-k name" selects; COVERAGE=1 measures; WORKERS=0 uses one process)
	@$(BIN)/python -m pytest -m "not ($(SLOW))" --numprocesses=$(WORKERS) $(if $(COVERAGE),--cov --cov-report=term-missing:skip-covered) $(if $(filter-out help,$(ARGS)),$(ARGS))

test-slow: .venv-terraform/installed .venv-checkov/installed .venv-bench/installed .venv-clients/installed $(OPENAPI)/node_modules ## Run the slow tests: containers, browser, generated clients, Terraform and deploy on emulated AWS
	@.venv-terraform/bin/python -m pytest -m "$(SLOW)" $(if $(filter-out help,$(ARGS)),$(ARGS))
	@$(if $(filter-out help,$(ARGS)),,GUNICORN_WORKER=gthread .venv-terraform/bin/python -m pytest -m "$(SLOW)" tests/security tests/faults/test_fault_table.py)

fuzz: $(VENV)/installed ## Test the service against its schema with N=2000 examples per operation, with and without tokens
	@SCHEMATHESIS_EXAMPLES=$(if $(filter file,$(origin N)),2000,$(N)) $(BIN)/python -m pytest tests/api/test_schemathesis.py -rP

bench: $(VENV)/installed .venv-bench/installed $(FASTIFY)/node_modules ## Compare its performance with others (QUICK=1: under 3 minutes; ARGS="--only order" selects rows)
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(filter-out help,$(ARGS))

# What runs in Node.js. Without it, or without a registry, what needs these packages leaves itself out and says so.
%/node_modules: %/package.json %/package-lock.json
	@! command -v npm >/dev/null || { npm ci --prefix $* --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null && touch $@ || rm -rf $@; }

faults: $(VENV)/installed ## Run the fault tests and write their tables into docs/reliability.md (about 15 minutes)
	@$(BIN)/python -m tests.faults

soak: $(VENV)/installed ## Load the service for MINUTES=10 and check that no request fails and no memory leaks
	@$(BIN)/python -m tests.faults.soak $(MINUTES)

rehearse: .venv-terraform/installed ## Rehearse the whole AWS deployment on this machine (needs Docker and Terraform)
	@.venv-terraform/bin/python -m tests.rehearsal

emulators: .venv-terraform/installed ## Start the rehearsal's empty AWS account, to try things by hand
	@.venv-terraform/bin/python -m tests.rehearsal emulators

deploy: $(VENV)/installed ## Deploy this commit to AWS (ARGS="--environment prod")
	@$(BIN)/python -m deploy up $(filter-out help,$(ARGS))

lint: $(VENV)/installed $(OPENAPI)/node_modules ## Check style, types, migrations, the OpenAPI document, security, Terraform
	@$(BIN)/python -m dev.lint

format: $(VENV)/installed ## Sort the imports and format the code
	@$(BIN)/ruff check --quiet --select I --fix . && $(BIN)/ruff format --quiet .

shell: $(VENV)/run-installed ## Open Django's shell on the database of `make run`
	@$(BIN)/python -m dev.run shell

manage: $(VENV)/run-installed ## Run a management command on that database: make manage ARGS="createsuperuser"
	@$(BIN)/python -m dev.run $(ARGS)

migrations: $(VENV)/run-installed ## Write migrations for changes in the models
	@$(BIN)/python -m dev.run makemigrations

app: $(VENV)/installed ## Make a new resource: make app NAME=orders (ONE=order)
	@$(BIN)/python -m dev.app $(NAME) $(ONE)
	@$(BIN)/ruff check --quiet --select I --fix itemsvc $(NAME) && $(BIN)/ruff format --quiet $(NAME)
	@$(BIN)/python -m dev.run makemigrations $(NAME)

rename: $(VENV)/installed ## Give the project another name: make rename NAME=ordersvc
	@$(BIN)/python -m dev.rename $(NAME)

seed: $(VENV)/run-installed ## Add N=10000 invented rows to each resource (APPS=items selects)
	@$(BIN)/python -m dev.run seed $(N) $(APPS)

requirements: $(VENV)/installed ## Compile requirements*.txt, with hashes, from pyproject.toml (ARGS=--upgrade)
	@$(BIN)/python -m dev.requirements $(filter-out help,$(ARGS))

clean: ## Remove environments and build files; the data in .local/ stays
	@rm -rf $(VENV) .venv .venv-* $(FASTIFY)/node_modules $(OPENAPI)/node_modules .coverage* htmlcov staticfiles .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.local/*' -prune -exec rm -rf {} +
	@echo "Removed. The database and the key are still in .local/."

# The files list all dependencies. Without --no-deps, pip would look for newer ones and refuse them for want of a hash.
INSTALL := -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
CHECK := -m pip --quiet --disable-pip-version-check check

# These tools need environments of their own, because their dependencies conflict with the service's.
.venv-%/installed: requirements-%.txt
	@echo "Installing into .venv-$* (once) …" >&2
	@$(PYTHON) -m venv .venv-$*
	@.venv-$*/bin/python $(INSTALL) -r requirements-$*.txt
	@.venv-$*/bin/python $(CHECK)
	@touch $@

# `make run` needs fewer packages than the tests and checks.
$(VENV)/run-installed: requirements-run.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 14) else "itemsvc needs Python 3.11 to 3.14; this is " + sys.version.split()[0] + ". Name another one: make $(MAKECMDGOALS) PYTHON=python3.13")'
	@echo "Installing into $(VENV) (once, some seconds) …" >&2
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing (Debian: apt install python3-venv)." >&2; exit 1; }
	@$(BIN)/python $(INSTALL) -r requirements-run.txt
	@$(BIN)/python $(CHECK)
	@touch $@

$(VENV)/installed: $(VENV)/run-installed requirements-dev.txt
	@echo "Installing the packages for tests and checks (once, about half a minute) …" >&2
	@$(BIN)/python $(INSTALL) -r requirements-dev.txt
	@$(BIN)/python $(CHECK)
	@touch $@
