# Every target needs only Python 3.11 or later; PYTHON=/path/to/python names one that is not called `python3`.
# .venv-run contains notifier and what it needs to run; .venv-dev also contains the tools for development. Two runs of
# make at the same time can share them, because a file lock protects each.

run = .venv-run/bin
dev = .venv-dev/bin
# Two processes for each processor, because many tests wait for servers and timeouts.
processors = $(shell getconf _NPROCESSORS_ONLN)
pytest = $(dev)/python -m pytest --numprocesses $(shell expr 2 \* $(processors)) --dist worksteal

.PHONY: demo serve test test-postgres check bench torture lock pictures dist .venv-run .venv-dev

# Run the whole service on the sample pages, in ./demo. A second run continues there; FRESH=1 starts over, and
# ARGS=--serve then serves the pages and the inbox until Ctrl-C.
demo: .venv-run
	@$(if $(filter 1,$(FRESH)),rm -rf demo)
	@$(run)/python -m notifier demo --folder demo $(ARGS)

serve: .venv-run
	@$(run)/python -m notifier serve

# Run the quick tests. At the end, pytest says what was left for `make check`.
test: .venv-dev
	@$(pytest)

# Run the tests on PostgreSQL: on a server that is started for them, or on the one at STORE=postgresql+psycopg://...
# ROOMS="tests/store tests/sending" runs only these.
test-postgres: .venv-dev
	@NOTIFIER_TESTS_STORE=$(or $(STORE),postgresql) $(pytest) $(ROOMS)

# Run everything that a change must pass, the quickest check first. This includes the slow tests.
check: .venv-dev
	$(dev)/ruff format --check .
	$(dev)/ruff check .
	$(dev)/mypy
	$(dev)/lint-imports --no-logo
	$(dev)/python scripts/check_wheel.py
	NOTIFIER_TESTS=full $(pytest)

# Run every benchmark, or one part of them: PART=matching.
bench: .venv-dev
	@$(dev)/python -m benchmarks $(PART)

# Kill a sender a thousand times, and count the mails that are lost or repeated. This takes half an hour.
torture: .venv-dev
	@PYTHONPATH=tests $(dev)/python -m torture.random_kills

# Make the pictures in docs/ from the demo; this needs Chromium.
pictures: .venv-run
	@$(run)/python scripts/pictures.py

# Build the archive and the wheel of a release in dist/. `make check` installs and runs the same wheel.
dist: .venv-dev
	rm -rf dist
	@$(dev)/python -m build --no-isolation

# Write the lock files from pyproject.toml; this needs uv. A locked version stays if it still fits.
lock:
	$(compile) --output-file requirements.lock
	$(compile) --all-extras --constraint requirements.lock --output-file requirements-dev.lock

compile = uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --quiet \
	--custom-compile-command "make lock"

export PYTHON

.venv-run:
	@scripts/environment $@ requirements.lock

.venv-dev:
	@scripts/environment $@ requirements-dev.lock
