# Tidegate. Needed: Python 3.11 or newer, make, and package registries. Everything else is set up by the verbs.

PORT ?= 8080
VISITORS ?= 200
NAME ?= ingest
WORKERS ?= auto
SEEDS ?= 100000
FROM ?= 1000
CYCLES ?= 1000
ROUNDS ?= 30
SECONDS ?= 60

# The first Python that is new enough, asked for at each set-up: the verbs run in the environment made with it.
PYTHON = $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)

# Node, npm and Chromium are found here too, when they had to be installed for this checkout alone.
BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)

# Containers often tell Python to keep no compiled modules: then each of the hundreds of processes that the tests start
# compiles all that it imports anew, which takes three times as long as the import itself.
export PYTHONDONTWRITEBYTECODE :=

# One worker more than there are processors (tests/conftest.py), and few where a container is shown more of them than it
# may use. A worker that has nothing left takes half of what another still has before it.
PYTEST = $(BIN)/pytest --numprocesses=$(WORKERS) --maxprocesses=4 --dist=worksteal

# The checks of both languages side by side, where make can keep what they say apart.
ASIDE = $(if $(filter output-sync,$(.FEATURES)),--jobs=3 --output-sync=target)

.PHONY: help run test soak mutants fuzz nightly lint bench lock clean setup-run setup-lint setup-test setup-fuzz check-python check-browser compile-tests

help:
	@echo "make run    the demo: shop, visitors, dashboard   (PORT=$(PORT) VISITORS=$(VISITORS))"
	@echo "make test   lint, types, browser SDK and dashboard, then the whole of tests/   (WORKERS=$(WORKERS))"
	@echo "make soak   simulated worlds with faults, then kill -9 again and again, pauses, a disk that hangs, and all of it over two workers   (SEEDS=$(SEEDS) FROM=$(FROM) CYCLES=$(CYCLES) ROUNDS=$(ROUNDS))"
	@echo "make mutants  one line made wrong at a time: each must turn its test red"
	@echo "make fuzz   all that reads bytes from outside, under atheris   (SECONDS=$(SECONDS) for each target)"
	@echo "make nightly  every property test with 10,000 new examples, for some hours"
	@echo "make lint   ruff and mypy alone"
	@echo "make bench  one benchmark                         (NAME=$(NAME); all of them: NAME=all)"
	@echo "make lock   resolve pyproject.toml into the two lock files"
	@echo "make clean  remove everything that the other verbs made"

run: setup-run
	$(BIN)/tidegate demo --port $(PORT) --visitors $(VISITORS)

# pytest comes last: its closing line is the one that tells how the whole run went.
test: setup-test
	@$(MAKE) --no-print-directory $(ASIDE) check-python check-browser compile-tests
	$(PYTEST)

soak: setup-test
	$(BIN)/python -m tests.simulation $(SEEDS) --from $(FROM)
	TIDEGATE_KILL_CYCLES=$(CYCLES) $(BIN)/pytest --timeout=0 tests/e2e/test_kill.py
	TIDEGATE_PAUSES=30 TIDEGATE_DISK_HANG_S=30 TIDEGATE_DRAIN_CLIENTS=500 $(BIN)/pytest --timeout=0 \
		tests/e2e/test_pause.py tests/e2e/test_disk_trouble.py tests/e2e/test_shutdown.py
	TIDEGATE_WORKER_ROUNDS=$(ROUNDS) TIDEGATE_WORKER_STOP_S=5 $(BIN)/pytest --timeout=0 tests/e2e/test_workers.py
	TIDEGATE_WORKERS=2 $(BIN)/pytest tests/e2e tests/browser

mutants: setup-test
	$(BIN)/python -m tests.mutants

fuzz: setup-fuzz
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

nightly: setup-test
	HYPOTHESIS_PROFILE=nightly $(PYTEST) -m hypothesis --timeout=0

lint: setup-lint check-python

bench: setup-lint
	$(BIN)/python -m benchmarks $(NAME)

lock: setup-lint
	$(BIN)/python -m tools.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .fuzz dist *.egg-info gateway/dashboard/vendor client_sdk/browser/dist
	find . -name node_modules -prune -exec rm -rf {} +
	find . -name __pycache__ -prune -exec rm -rf {} +

setup-run setup-lint setup-test setup-fuzz:
	@test -n "$(PYTHON)" || { echo "setup: Python 3.11 or newer is needed and none is on the PATH" >&2; exit 1; }
	@$(PYTHON) -m tools $(@:setup-%=%)

check-python:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check-browser:
	cd client_sdk/browser && npm run --silent check && npm test --silent
	node --test tests/dashboard/*.test.js

# Once for all workers, each of which would compile all tests for itself. What cannot be collected, they tell.
compile-tests:
	@$(BIN)/pytest --collect-only -qq > /dev/null || true
