# `make` lists what can be done. `make check` is what CI runs.

# The first of these that is 3.11 or newer builds .venv. Name another: make install PYTHON=/path/to/python3
PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11

# Named with a PYTHON of another version, it is left alone: that one gets .venv-3.13, say, beside it.
VENV := $(if $(filter file,$(origin PYTHON)),.venv,$(shell tools/name-venv $(PYTHON)))
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
STAMP := $(VENV)/.installed

SDKS := $(patsubst %/pyproject.toml,%,$(wildcard sdks/*/pyproject.toml))
EVERYTHING := -e ".[all]" $(foreach sdk,$(SDKS),-e "$(sdk)[cli,server]") --group dev

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo test test-fast test-all test-quick fuzz faults lint format check documented mutate job-rounds rounds round build reference architecture docs constraints judges bench effects clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP)  ## Build the environment in .venv, with everything pinned

# The stamp comes last: an interrupted installation is taken up again.
$(STAMP): pyproject.toml $(SDKS:=/pyproject.toml) constraints.txt tools/make-venv
	@echo "Installing into $(VENV): a minute or two, the first time."
	@rm -f $@
	@tools/make-venv $(VENV) $(PYTHON)
	@$(PIP) install --quiet -c constraints.txt pip hatchling editables
	@$(PIP) install --quiet -c constraints.txt --no-build-isolation $(EVERYTHING)
	@touch $@

demo: install  ## Check the SDKs against their error contracts, over real sockets
	@$(BIN)/failwell check pictograph && echo
	@$(BIN)/failwell check subconscious && echo
	@$(BIN)/failwell check scopix && echo
	@$(BIN)/failwell check vectorshift

test: install $(VENV)/.servers  ## Run the tests on all cores
	@$(BIN)/pytest -q -n auto --dist worksteal

# What is promised of the values, the wire and the decisions: no sockets, no servers. Folders that are as fast may join.
FAST := tests/contract tests/wire tests/policy tests/reference tests/testing tests/tools

test-fast: install  ## Run those that need neither servers nor patience: under a minute on two cores
	@$(BIN)/pytest -q -n auto --dist worksteal -m "not slow" $(FAST)

test-all:  ## Run them on each Python of this machine, 3.11 to 3.14, one after the other
	@tools/test-all

# The tests start servers of their own. Where one cannot be had, those that need it are skipped, and say so.
$(VENV)/.servers: $(STAMP)
	@tools/find-program redis-server "the tests start" >/dev/null || true
	@tools/find-program postgres "the tests start" postgresql >/dev/null || true
	@touch $@

# What differs between the versions of Python shows here: classes, pickles, processes, SQLite.
test-quick: install $(VENV)/.servers  ## Run those that other versions of Python are most likely to fail
	@$(BIN)/pytest -q -n auto --dist worksteal $(QUICK)

QUICK := tests/contract tests/wire tests/policy tests/tools tests/server tests/subconscious_server

fuzz: install  ## Send 20,000 random requests to a server, which must leak nothing
	@FAILWELL_FUZZ=20000 $(BIN)/pytest -q tests/server/frameworks/test_fuzz.py

# The tests take a third of these a day: each fault with each SDK, and in each way.
faults: install  ## Let each SDK meet each fault, blocking, on asyncio and on trio
	@for vendor in $(notdir $(SDKS)); do $(BIN)/failwell check $$vendor --faults || exit 1; done

effects: install $(VENV)/.servers  ## Make 10,000 calls through faults on each store: what do errors say, what was done? SEED=n
	@$(BIN)/python -m tests.server.effects_over_sockets $(if $(SEED),--seed $(SEED))

lint: install  ## Check format, style, imports and types
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --check
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/mypy
	@$(BIN)/pyright

format: install  ## Format the code and repair what can be repaired
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format

check: lint test  ## Everything that CI checks

documented: install  ## Write tests/documented/INDEX.md; fail on a sentence of a page that no test holds
	@$(BIN)/python -m tests.documented.written_index

mutate: install  ## Delete each case of each contract, place by place; fail if a check does not notice
	@$(BIN)/python tools/mutate.py

job-rounds: install $(VENV)/.servers  ## Kill the workers of two hosts with -9, 50 rounds of random moments; SEED=n throws one again
	@$(BIN)/python -m tests.server.job_rounds --rounds 50 $(if $(SEED),--seed $(SEED))

rounds: install $(VENV)/.servers  ## Let processes do the same work in one store while some are killed: 200 rounds, each store
	@$(BIN)/python -m tests.server.rounds

round: install $(VENV)/.servers  ## Play one of these rounds again: make round SEED=17
	@$(BIN)/python -m tests.server.rounds --seed $(SEED)

build: install  ## Build the wheels into dist/ and try them in an empty environment
	@rm -rf dist
	@$(PIP) wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . $(SDKS:%=./%)
	@$(BIN)/python tools/try_wheels.py dist

reference: install  ## Write the pages on errors, docs/reference/*.md, from the catalogues
	@$(BIN)/failwell reference --out docs/reference

architecture: install  ## Write the list of files in ARCHITECTURE.md, from their first lines
	@$(BIN)/python tools/write_architecture.py

docs: reference $(VENV)/.docs  ## Build the documentation into site/ and follow its links in Chromium
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --clean
	@$(BIN)/python tools/try_site.py site "$$(tools/find-chromium)"

$(VENV)/.docs: $(STAMP)
	@$(PIP) install --quiet -c constraints.txt --group docs
	@touch $@

constraints:  ## Pin the newest versions in constraints.txt (needs Python 3.11)
	@tools/pin-versions "$(firstword $(PYTHON))" $(EVERYTHING) --group docs > constraints.new
	@mv constraints.new constraints.txt

# A judge is a vendor's published client. It has the import name of our SDK, so it lives in an environment of its own.
JUDGES := .venv-judges

JUDGED := pictograph subconscious vectorshift

judges: install $(JUDGED:%=$(JUDGES)/%/.installed)  ## Let the vendors' published clients judge our servers, and check them
	@failed=0; for vendor in $(JUDGED); do \
	  $(BIN)/python judges/judge.py $$vendor $(JUDGES)/$$vendor/bin/python || failed=1; echo; \
	done; exit $$failed

$(JUDGES)/%/.installed: judges/requirements-%.txt tools/make-venv
	@rm -f $@
	@tools/make-venv $(@D) $(PYTHON)
	@$(@D)/bin/python -m pip --disable-pip-version-check --no-input install --quiet -r $<
	@touch $@

# The peers bring other versions of our libraries along, so they live in an environment of their own, too.
PEERS := .venv-bench

bench: install $(PEERS)/.installed  ## Measure calls and imports beside bare ones and peers; write benchmarks/RESULTS.md
	@tools/find-program valgrind "counts instructions" >/dev/null || true
	@$(BIN)/python -m benchmarks --peers $(PEERS)/bin/python

$(PEERS)/.installed: benchmarks/requirements-peers.txt tools/make-venv
	@rm -f $@
	@tools/make-venv $(@D) $(PYTHON)
	@$(@D)/bin/python -m pip --disable-pip-version-check --no-input install --quiet -r $<
	@touch $@

clean:  ## Remove everything that was built, .venv too
	@rm -rf .venv .venv-3.* $(JUDGES) $(PEERS) dist site .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} +
