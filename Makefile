# Thin on purpose: each target is a line or two that can also be typed.  `make site` and `make test` need nothing before.
PYTHON ?= python3
UV     ?= uv
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help site serve test lint types contracts unit browser coverage bench plexi format lock clean

help: ## what can be made
	@grep -hE '^[a-z]+:.*## ' Makefile | awk -F ':.*## ' '{ printf "make %-10s %s\n", $$1, $$2 }'

site: $(VENV)/.site node_modules/.site ## the whole site, from evidence/ into site/
	$(BIN)/vaultproof build
	@echo 'The site is in site/. To open it with its own headers: make serve'

serve: ## look at site/ with the headers it is published with
	$(BIN)/vaultproof serve site

test: $(VENV)/.dev node_modules/.dev ## everything: lint, types, contracts, all tests
	@command -v chromium >/dev/null || .ci/apt-install chromium "for the browser tests ('make unit' does without)"
	@$(MAKE) --no-print-directory lint types contracts
	$(PYTEST) -n 2 --dist worksteal

lint: $(VENV)/.dev ## style of the Python sources
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev ## mypy, strict
	$(BIN)/mypy

contracts: $(VENV)/.dev ## who may import whom
	$(BIN)/lint-imports

unit: $(VENV)/.dev ## the tests that need no browser
	$(PYTEST) -n 2 --dist worksteal -m 'not browser'

browser: $(VENV)/.dev node_modules/.dev ## the tests in a real Chromium
	$(PYTEST) -m browser

coverage: $(VENV)/.dev ## branch coverage of the tests that need no browser
	$(PYTEST) -n 2 --dist worksteal -m 'not browser' --cov --cov-report=term-missing

bench: $(VENV)/.dev node_modules/.dev ## speed and size, as ratios (benchmarks/README.md)
	$(BIN)/python -m benchmarks

# Not part of `make test`: four minutes of one processor, and it needs Rust and protoc.  The tests that use it say when they
# are skipped for want of it.
plexi: ## the signer's own public client, for the tests that compare its answers with ours
	cargo install plexi --version 0.1.2 --locked --root "$${XDG_CACHE_HOME:-$$HOME/.cache}/vaultproof/plexi"

format: $(VENV)/.dev ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## resolve the lock files anew (first set the date of [tool.uv] in pyproject.toml)
	$(UV) pip compile --quiet --upgrade --extra service --group site pyproject.toml -o requirements/site.txt
	$(UV) pip compile --quiet --upgrade --extra service --group dev -c requirements/site.txt pyproject.toml -o requirements/dev.txt
	npm install --package-lock-only

clean: ## remove the built site and all caches; installed things stay
	find site -mindepth 1 ! -name README.md -delete
	rm -rf .cache/browser-runtime
	rm -rf .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -not -path './$(VENV)/*' -not -path './node_modules/*' -prune -exec rm -rf {} +

# Stamps, so that a second run installs nothing.  What the tests need contains what the site needs, in the same versions.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or newer is needed: make PYTHON=...' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { .ci/apt-install python3-venv 'to make .venv' && $(PYTHON) -m venv --clear $(VENV); }

$(VENV)/.site: requirements/site.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements/site.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements/dev.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $(VENV)/.site $@

node_modules/.site: package-lock.json
	@command -v npm >/dev/null || { echo 'npm (with Node.js 18 or newer) is needed: it fetches Pyodide, which the pages carry' >&2; exit 1; }
	npm ci --omit=dev
	@touch $@

node_modules/.dev: package-lock.json
	@command -v npm >/dev/null || { echo 'npm (with Node.js 18 or newer) is needed: it fetches Pyodide and axe-core' >&2; exit 1; }
	npm ci
	@touch node_modules/.site $@
