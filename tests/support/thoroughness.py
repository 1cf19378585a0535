"""Make a run of the tests quick or full.

A quick run (`make test`) leaves out the slow tests, and hypothesis tries fewer examples of each property. A full run
(`make check`, and any run in CI) leaves out nothing; NOTIFIER_TESTS=full in the environment asks for a full run. Slow
tests are those marked `slow` and all of `tests/journeys`. A slow test whose file or folder is named on the command line
always runs.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

IS_FULL = os.environ.get("NOTIFIER_TESTS") == "full" or bool(os.environ.get("CI"))
QUICK_SHARE = 10  # a quick run tries one example in this many
FEWEST = 5  # a quick run tries at least this many examples of a property, unless a full run tries fewer
USUAL = 100  # a full run tries this many examples of a property that does not give its own number

LEFT_OUT = pytest.StashKey[int]()


def examples(full: int) -> int:
    """Return how many examples of a property this run tries, if a full run tries `full`."""
    return full if IS_FULL else min(full, max(FEWEST, full // QUICK_SHARE))


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEFT_OUT] = 0
    # Examples have no time limit: on a busy machine, fast code takes long too.
    patient = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
    hypothesis.settings.register_profile("quick", patient, max_examples=examples(USUAL))
    hypothesis.settings.register_profile("full", patient, max_examples=USUAL)
    hypothesis.settings.load_profile("full" if IS_FULL else "quick")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if IS_FULL:
        return
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        (left_out if _is_slow(item) and not _is_named(item, config) else kept).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left_out)
    config.stash[LEFT_OUT] = len(left_out)


def _is_slow(item: pytest.Item) -> bool:
    return "journeys" in item.path.parts or item.get_closest_marker("slow") is not None


def _is_named(item: pytest.Item, config: pytest.Config) -> bool:
    """Return whether an argument names the test's file, or a folder below `tests` that contains the file."""
    named = {Path(config.invocation_params.dir, argument.split("::")[0]).resolve() for argument in config.args}
    holders = {item.path, *item.path.parents}
    return bool(named & holders - {config.rootpath, *config.rootpath.parents, config.rootpath / "tests"})


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a worker of xdist say how many tests it has left out."""
    if output := getattr(session.config, "workeroutput", None):
        output["left_out"] = session.config.stash[LEFT_OUT]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Remember what the worker said. Every worker collects all tests, so they all say the same."""
    node.config.stash[LEFT_OUT] = max(node.config.stash[LEFT_OUT], getattr(node, "workeroutput", {}).get("left_out", 0))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None]:
    """Say at the very end what was left out."""
    yield
    if not IS_FULL:
        left_out = terminalreporter.config.stash[LEFT_OUT]
        terminalreporter.write_line(
            f"left for `make check`: {left_out} slow tests and journeys; "
            f"hypothesis ran {examples(USUAL)} examples a property instead of {USUAL}"
        )
