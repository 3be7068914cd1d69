# `make help` lists the targets. Each one first sets up .venv when it is missing or out of date.
BIN := .venv/bin
READY := .venv/ready
INSTALL := --quiet --constraint constraints.txt --editable '.[dev]'

# The tests start Python hundreds of times: without its cache each start compiles every module.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check bench constraints clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(READY)  ## an invented household in data/demo: its net worth, and what to try next
	$(BIN)/tenet --home data/demo demo

test: $(READY)  ## all tests, and no command slower by half
	$(BIN)/pytest -n auto --dist worksteal
	$(BIN)/tenet bench regressions

check: $(READY)  ## lint, format, types, import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## time and memory as ratios; more with BENCH="--size whale"
	$(BIN)/tenet bench $(BENCH)

constraints:  ## renew constraints.txt (needs uv)
	{ sed -n '/^#/p' constraints.txt; \
	  uv pip compile pyproject.toml --all-extras --universal --upgrade --python-version 3.11 \
	    --quiet --no-header --no-annotate; } > constraints.new
	mv constraints.new constraints.txt

clean:  ## remove .venv, caches and builds; data/ stays
	rm -rf .venv dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find tenet tests notebooks -name __pycache__ -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	@echo 'setting up .venv; the first time this takes a minute' >&2
	@if command -v uv >/dev/null; then \
	    uv venv --quiet --allow-existing --python '>=3.11' .venv && \
	    uv pip install --python $(BIN)/python $(INSTALL); \
	else \
	    for python in python3 python3.13 python3.12 python3.11 ""; do \
	        $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	    done; \
	    test "$$python" || { echo 'tenet needs Python 3.11 or newer, or uv, on the PATH' >&2; exit 1; }; \
	    $$python -m venv .venv && \
	    $(BIN)/python -m pip --disable-pip-version-check install $(INSTALL); \
	fi
	@touch $@
