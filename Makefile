# Every target does its own set-up in .venv: with uv where it is installed, with venv and pip where it is not.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
EXTRAS := viz,ml,dev
UV := $(shell command -v uv 2>/dev/null)
# uv does not read pip's variable for a folder of local wheels.
ifdef PIP_FIND_LINKS
export UV_FIND_LINKS := $(PIP_FIND_LINKS)
endif
PYTEST := $(BIN)/python -m pytest
# Compiled code does not show its lines to coverage: these tests run once more with the compiler off.
KERNEL_TESTS := tests/unit/engine/kernels tests/oracle/test_cox.py tests/oracle/test_flapping.py \
	tests/oracle/test_folding.py tests/oracle/test_hawkes.py tests/oracle/test_pairs.py tests/oracle/test_replay.py \
	tests/oracle/test_satterthwaite.py tests/oracle/test_survival.py tests/oracle/test_truncation.py

.PHONY: help demo test check notebooks bench validity clean
.DEFAULT_GOAL := help

help:  ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml constraints.txt
	@echo "setting up $(VENV): once, some minutes"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "alert-analytics needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12"; exit 1; }
ifdef UV
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) $(VENV)
	$(UV) pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[$(EXTRAS)]'
else
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$(EXTRAS)]'
endif
	@touch $(STAMP)

demo: $(STAMP)  ## tell the answers for data/sample, in the terminal and as charts in ./alert-analytics-demo
	$(BIN)/alert-analytics demo

check: $(STAMP)  ## the fast loop: lint, types, import contracts, unit tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) -q -m "not slow" -n 2 --dist worksteal tests

test: $(STAMP)  ## everything: what CI runs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/coverage erase
	NUMBA_DISABLE_JIT=1 $(BIN)/coverage run -m pytest -q $(KERNEL_TESTS)
	$(PYTEST) -q -n 2 --dist worksteal --cov --cov-append --cov-report= tests
	$(PYTEST) -q --doctest-modules --cov --cov-append --cov-report= alert_analytics
	$(BIN)/coverage report

notebooks: $(STAMP)  ## execute every notebook in a real kernel
	$(PYTEST) -q tests/notebooks

bench: $(STAMP)  ## measure against what a user would otherwise write; gates nothing
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.models_speed

validity: $(STAMP)  ## the full simulations behind the claimed error rates; minutes
	$(BIN)/python -m benchmarks.validity

clean:  ## remove the environment and everything that was made
	rm -rf $(VENV) .coverage* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis alert-analytics-demo
