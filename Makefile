# Everything a person types, and what CI types. `make` alone lists it.
#
# The environment is `.venv`. It is made once, with the versions of constraints.txt, and made again when these or the
# project's own metadata change: the stamp files in it remember. pip is enough; uv is used where it is found.

VENV   := .venv
BIN    := $(VENV)/bin
PYTHON ?= $(shell for p in python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

# Some environments forbid bytecode; every import would then compile torch and mlflow again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help search test test-slow check format lint types imports bench build clean

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

search: $(VENV)/.installed  ## install what a search needs, then let EAS grow a network on scikit-learn's digits
	$(BIN)/automl search cnn $(ARGS)

test: $(VENV)/.installed-dev  ## install what testing needs, then run the whole fast suite
	$(BIN)/python -m pytest -n auto -m "not slow" $(ARGS)

test-slow: $(VENV)/.installed-dev  ## run the tests that need more than a few seconds each
	$(BIN)/python -m pytest -m slow $(ARGS)

check: lint types imports test  ## format, lint, types, import rules, and the fast suite (layout and docs included)

format: $(VENV)/.installed-dev  ## put the code into its one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

imports: $(VENV)/.installed-dev
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/.installed-dev  ## run every benchmark (long); each prints the result that is committed beside it
	@set -e; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

build: $(VENV)/.installed-dev  ## build the wheel and the source archive into dist/
	$(BIN)/python -m build

clean:  ## remove the environment and everything that can be made again; runs/ stays
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment ------------------------------------------------------------------------------------------------

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "automl needs Python 3.11 or newer. Install it, or type: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# $(call install,WHAT) puts WHAT into the environment. pip finds local wheels through PIP_FIND_LINKS (spaces between
# places), uv through UV_FIND_LINKS (commas). Where uv cannot resolve, pip, which knows more configuration, still may.
define install
	@if command -v uv >/dev/null 2>&1; then \
	    links="$${UV_FIND_LINKS:-$$(echo $$PIP_FIND_LINKS | tr ' ' ',')}"; \
	    env $${links:+UV_FIND_LINKS="$$links"} uv pip install --python $(BIN)/python --compile-bytecode \
	        -c constraints.txt -e '$(1)' && exit 0; \
	    echo "uv could not install; trying pip."; \
	fi; \
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e '$(1)'
	@$(BIN)/python -m compileall -q automl
endef

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(call install,.[dev])
	@touch $(VENV)/.installed $@

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(call install,.)
	@touch $@
