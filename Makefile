# make demo and make test need Python >= 3.11, git, make and a package index, nothing else.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
SETUP := .venv/.set-up
# requirements.lock holds what Python 3.11 on Linux resolves to; empty, the ranges count.
CONSTRAINTS ?= --constraint requirements.lock

# Keeps many small matrix products from fighting over two cores.
export KMP_BLOCKTIME ?= 0
export OMP_WAIT_POLICY ?= PASSIVE

.DEFAULT_GOAL := help
.PHONY: help demo test test-plugins test-wheel lint coverage docs golden picture evaluate examples model bench bench-layout bench-encodings crash arrivals hostile endurance memory layouts vendor lock clean

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

$(SETUP): pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(CONSTRAINTS) --editable '.[test]'
	@touch $@

demo: $(SETUP) ## Subtitle the examples in four languages and show what came out
	$(BIN)/python -m examples.demo

test: $(SETUP) lint ## Everything that must hold but the first-party plugins, in under 12 minutes
	$(BIN)/python -m pytest --ignore=tests/plugins

test-plugins: $(SETUP) ## The first-party plugins, installed as strangers' are
	$(BIN)/python -m pytest tests/plugins

lint: $(SETUP)
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy

coverage: $(SETUP) ## The suite, and which lines it runs; fails under the floor in pyproject.toml
	rm -rf build/coverage && mkdir -p build/coverage
	# Coverage itself imports sqlite3 in every process, which that test would find.
	$(BIN)/coverage run -m pytest --deselect tests/test_architecture.py::test_nothing_heavy_is_imported_before_it_is_needed
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

test-wheel: $(SETUP) ## A short part of the suite against the built wheel and sdist
	$(BIN)/python -m tests.tools.packages

docs: $(SETUP) ## The documentation as a site in build/docs; a warning fails
	$(BIN)/python docs/generate.py build/docs-source
	$(BIN)/zensical build --strict

golden: $(SETUP) ## Write tests/cli/golden afresh after the help has changed
	$(BIN)/python -m tests.cli.golden_help

picture: $(SETUP) ## Take docs/images/proof.png afresh, after 'make demo' (needs chromium)
	$(BIN)/python -m tests.tools.proof_picture

evaluate: $(SETUP) ## The demonstration models on sentences, voices and sounds that they never met
	$(BIN)/python -m examples.demo_model.evaluate
	$(BIN)/python -m examples.demo_model.train_tagger --evaluate

examples: $(SETUP) ## Make the example videos afresh (needs espeak-ng)
	$(BIN)/python -m examples.make_examples

model: $(SETUP) ## Train the demonstration models afresh (needs espeak-ng, about 105 minutes)
	$(BIN)/python -m examples.demo_model.train
	$(BIN)/python -m examples.demo_model.train_tagger

bench: $(SETUP) ## The engine against NeMo's and transformers' own, in one run
	$(BIN)/python -m tests.benchmarks.engine --require
	$(BIN)/python -m tests.benchmarks.pipeline
	$(BIN)/canary-subs bench examples/videos/long.mkv --model demo

crash: $(SETUP) ## Kill the daemon 200 times and compare what it makes
	$(BIN)/python -m tests.crash.sweep

arrivals: $(SETUP) ## A thousand files in every way they can arrive
	$(BIN)/python -m tests.crash.arrivals

hostile: $(SETUP) ## Damaged and malicious files
	$(BIN)/python -m tests.crash.hostile

endurance: $(SETUP) ## 2,000 jobs and 100,000 files: memory and time
	$(BIN)/python -m tests.crash.endurance

memory: $(SETUP) ## A 3-hour video beside a 10-minute one, and an hour aligned
	$(BIN)/python -m tests.benchmarks.memory

layouts: $(SETUP) ## 10,000 random transcripts
	EXAMPLES=10000 $(BIN)/python -m pytest tests/cues/test_layout_properties.py

bench-layout: $(SETUP) ## Our layout against the rules of others, on the same words
	$(BIN)/python -m tests.benchmarks.layout

bench-encodings: $(SETUP) ## Our choice of a code page beside chardet's and charset-normalizer's
	$(BIN)/python -m pip install --quiet --disable-pip-version-check chardet
	$(BIN)/python -m tests.benchmarks.encodings

vendor: ## Fetch the waveform library afresh (needs npm)
	$(PYTHON) tests/tools/vendor_wavesurfer.py

lock: ## Write requirements.lock afresh from the ranges in pyproject.toml
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet torch==2.13.0
	build/lock/bin/python -m pip install --quiet '.[test]'
	(echo "# Exact versions for the demonstration and the tests; made by 'make lock'." \
	  && build/lock/bin/python -m pip freeze | grep -v '^canary' | sed 's/+cpu//') > requirements.lock

clean: ## Remove what was built, the virtual environment too
	rm -rf .venv build dist
