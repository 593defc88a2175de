PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
PINNED := --constraint constraints.txt --build-constraint constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-real check fmt tools tools-argocd bench golden generate clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/.installed-run ## Install into .venv and render the walkthrough
	$(BIN)/python -m maxtac_render render testdata/walkthrough -o wide
	@echo "Next: .venv/bin/maxtac render --help, README.md, and make help."

test: .venv/.installed-dev ## Run the tests that need nothing but Python
	$(BIN)/pytest -m "not real"

test-real: .venv/.installed-dev tools ## Run the tests against kustomize and a Kubernetes API server
	$(BIN)/pytest -m real

check: .venv/.installed-dev ## Check lint, format, types, and that generated files are fresh
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p maxtac_render -p benchmarks
	$(BIN)/python tools/generate --check

fmt: .venv/.installed-dev ## Format the code and apply safe lint fixes
	$(BIN)/ruff check --fix --exit-zero --quiet .
	$(BIN)/ruff format .

tools: ## Install the parts that test-real and bench use (Go; about 6 minutes, once)
	tools/install

tools-argocd: ## Install the parts of Argo CD, whose tests are skipped otherwise (Go; about 3 minutes, 2.5 GB of caches)
	tools/install argocd

bench: .venv/.installed-run ## Measure speed and memory against references in the same run
	$(BIN)/python -m benchmarks

golden: .venv/.installed-dev ## Rewrite the expected output of the tests; review it with git diff
	$(BIN)/pytest -m "not real" --update

generate: .venv/.installed-run ## Rewrite schemas, deploy/ and pages of docs from the code
	$(BIN)/python tools/generate

clean: ## Remove .venv, caches and build output; the parts of make tools stay
	rm -rf .venv .hypothesis .mypy_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Only a newer pip than most Pythons bring knows --group and --build-constraint.
.venv/.installed-run: pyproject.toml constraints.txt
	@echo "installing maxtac-render into .venv"
	@$(PYTHON) -m venv .venv
	@$(PIP) install --constraint constraints.txt --upgrade pip
	@$(PIP) install $(PINNED) --editable .
	@touch $@

.venv/.installed-dev: .venv/.installed-run
	@echo "installing the development tools into .venv"
	@$(PIP) install $(PINNED) --group dev
	@touch $@
