# Every target sets itself up from Python 3.11 or later alone; PYTHON=/its/path names another one than `python3`.
# .venv-run holds what runs notifier, .venv-dev what tests it as well: two makes at once do not meet.

run = .venv-run/bin
dev = .venv-dev/bin
pytest = $(dev)/python -m pytest --numprocesses auto --dist worksteal

.PHONY: demo serve test check bench torture lock .venv-run .venv-dev

# The seeds to an inbox, in ./demo; a second run goes on there, FRESH=1 starts over.
demo: .venv-run
	@$(if $(filter 1,$(FRESH)),rm -rf demo)
	@$(run)/python -m notifier demo --folder demo

serve: .venv-run
	@$(run)/python -m notifier serve

test: .venv-dev
	@$(pytest)

# All that a change must pass, the quickest first.
check: .venv-dev
	$(dev)/ruff format --check .
	$(dev)/ruff check .
	$(dev)/mypy
	$(dev)/lint-imports --no-logo
	$(dev)/python scripts/check_wheel.py
	$(pytest)

# All parts, or PART=matching.
bench: .venv-dev
	@$(dev)/python -m benchmarks $(PART)

# A sender that is killed a thousand times: what is lost, and what comes twice. Takes half an hour.
torture: .venv-dev
	@PYTHONPATH=tests $(dev)/python -m torture.random_kills

# The locks, anew from pyproject.toml; needs uv. Versions stay where they still fit.
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
