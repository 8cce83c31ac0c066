# make demo: from nothing to cited answers.   make test: every check there is.
# make faults: the abuse, at full length.   make test-engines: the engines of optional libraries.
# make test-model EXO_TEST_GGUF=FILE: the sample vault, asked of a model that follows instructions.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ENGINES := .venv-engines
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: demo test check faults test-engines test-model programs install install-dev format clean
.DEFAULT_GOAL := demo

demo: install
	@$(BIN)/exo demo

test: programs install-dev check

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Exocortex needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 2; }
	@echo "Making $(VENV) …"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo "Installing Exocortex into $(VENV) (under a minute on most lines) …"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	@echo "Installing Exocortex and its checks into $(VENV) …"
	@$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.installed

faults: programs install-dev
	EXO_LONG_FAULTS=1 $(BIN)/python -m pytest --timeout 14400 --durations 20 tests/faults

# torch first, by itself: any of its builds does, and with the rest pip would weigh the largest ones against each other
$(ENGINES)/.installed: pyproject.toml
	@echo "Installing sentence-transformers and torch into $(ENGINES) (some minutes) …"
	@$(PYTHON) -m venv $(ENGINES)
	@$(ENGINES)/bin/python -m pip --disable-pip-version-check install --quiet torch==2.13.0
	@$(ENGINES)/bin/python -m pip --disable-pip-version-check install --quiet --editable '.[dev,bench]'
	@touch $@

test-engines: programs $(ENGINES)/.installed
	EXO_TEST_ST=1 $(ENGINES)/bin/python -m pytest tests/engines/test_sentence_transformers.py \
		tests/engines/test_cross_encoder.py

test-model: programs install-dev
	EXO_TEST_GGUF="$(abspath $(EXO_TEST_GGUF))" $(BIN)/python -m pytest --timeout 3600 tests/engines/test_instructed_model.py

programs:
	@sh tests/programs.sh

check:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

format: install-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) $(ENGINES) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
