# Fedele's two commands are `make demo` and `make test`; both set up all they need.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# The first Python that is new enough; PYTHON=… names another.
ifndef PYTHON
PYTHON := $(or $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done),python3)
endif
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
# One more than there are cores: many tests wait for processes that they have killed or started.
JOBS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((n + 1)))
# Our own processes keep their compiled modules in .venv and src: without them every start costs seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test lint format bench bench-graphql faults fuzz lock clients system-packages clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# Two marks, so that `make demo` does not wait for the test tools. uv installs in seconds what takes pip a minute: where
# there is none, pip brings the one that the lock pins. Where uv cannot reach the index (it reads neither pip's
# configuration nor, by itself, the system's certificates), pip does it all.
INSTALL = { if [ -n "$(UV)" ]; then $(UV) pip install -q --python $(BIN)/python "$$@"; \
	elif [ -x $(BIN)/uv ]; then $(BIN)/uv pip install -q --python $(BIN)/python "$$@" 2>$(VENV)/uv.log; else false; fi; } || \
	{ $(BIN)/python -m pip --version >/dev/null 2>&1 && $(BIN)/python -m pip install -q --disable-pip-version-check "$$@"; }

$(VENV)/.runtime: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Fedele needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Set PYTHON=…"; exit 1; }
	@test -x $(BIN)/python || $(if $(UV),$(UV) venv -q --python $(PYTHON) $(VENV),$(PYTHON) -m venv $(VENV)) || { rm -rf $(VENV); exit 1; }
	@echo "Installing Fedele into $(VENV) …"
	@[ -n "$(UV)" ] || { awk '/^uv==/{p=1} p{print} p&&!/\\$$/{exit}' requirements.lock > $(VENV)/uv.lock; \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r $(VENV)/uv.lock 2>/dev/null || echo "(no uv for this machine: pip does it, which takes longer)"; }
	@install() { $(INSTALL); }; install --require-hashes --no-deps -r requirements.lock && install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: $(VENV)/.runtime tests/requirements.lock
	@install() { $(INSTALL); }; install --require-hashes --no-deps -r tests/requirements.lock
	@touch $@

demo: $(VENV)/.runtime ## Start a living programme: database, demo data, API and worker (PORT=8000)
	@exec $(BIN)/fedele demo --port $(PORT)

test: lint clients ## Run everything: lint, types, architecture, every test
	@$(BIN)/pytest -n $(JOBS) --dist worksteal

lint: $(VENV)/.test ## Style, types and the floors of the house
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache > $(VENV)/lint-imports.txt || { cat $(VENV)/lint-imports.txt; exit 1; }

format: $(VENV)/.test ## Rewrite the code in the house style
	@$(BIN)/ruff check -q --fix .
	@$(BIN)/ruff format -q .

clients: ## Install the real client libraries that tests drive (needs node; skipped loudly without)
	@if command -v npm >/dev/null; then cd tests/clients && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --loglevel=error --no-audit --no-fund >/dev/null; }; \
	else echo "!! npm is not here: the tests that need node will be skipped, and say so"; fi

bench: $(VENV)/.test ## Measure: a table of ratios, and .fedele/bench.json
	@$(BIN)/python -m tests.benchmarks

bench-graphql: $(VENV)/.test ## Measure the GraphQL side alone
	@$(BIN)/python -m tests.benchmarks home

faults: $(VENV)/.test ## The long fault suite: kills, cut connections, hammers
	@$(BIN)/python -m tests.faults

fuzz: $(VENV)/.test ## Property tests with many more examples; every number of every template changed
	@HYPOTHESIS_PROFILE=fuzz $(BIN)/pytest -n $(JOBS) -m "not long" -k "machine or property or hypothesis or fuzz" tests
	@$(BIN)/pytest -n $(JOBS) -m long tests/stories/test_each_number_of_a_template_matters.py tests/database/checkout

lock: $(VENV)/.test ## Pin the dependencies again (needs uv)
	@for out in requirements.lock:build tests/requirements.lock:test; do \
	  uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
	    --extra demo --group $${out#*:} pyproject.toml -o $${out%:*}; done

system-packages: ## What tests want from the system (Debian; as root): an independent pass reader, a browser
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  need=""; for package in $(SYSTEM_PACKAGES); do dpkg -s $$package >/dev/null 2>&1 || need="$$need $$package"; done; \
	  if [ -n "$$need" ]; then (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$need) >/dev/null || echo "!! could not install:$$need"; fi; \
	else echo "!! not root on Debian: tests that need $(SYSTEM_PACKAGES) will be skipped, and say so"; fi

SYSTEM_PACKAGES := openssl libkpimpkpass-dev g++ pkg-config chromium

clean: ## Remove the environment and the demo's data
	@rm -rf $(VENV) .fedele
