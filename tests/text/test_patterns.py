"""Every compiled pattern takes time in proportion to the length of a text, whatever the text contains."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys

import pytest
from support.paths import CHECKOUT
from support.service import clean_environment
from support.slow_patterns import slow_patterns

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found() -> dict[str, object]:
    """Return what the search for slow patterns found. The search runs in a process that a timeout can end."""
    program = CHECKOUT / "tests" / "support" / "slow_patterns.py"
    run = subprocess.run(
        [sys.executable, program], env=clean_environment(), capture_output=True, text=True, timeout=900, check=True
    )
    found: dict[str, object] = json.loads(run.stdout)
    return found


def test_no_pattern_takes_longer_than_a_second_for_150_kb_of_one_repeated_token(found: dict[str, object]) -> None:
    assert found["slow"] == {}


def test_all_patterns_are_tried_on_many_tokens(found: dict[str, int]) -> None:
    assert found["patterns"] > 140
    assert found["tokens"] > 110


# The time of each grows with a power of the length, for a token among those that are tried.
SLOW = {
    "a class before a sign that is missing": re.compile(r"[a-z]+@"),
    "bytes up to an end that is missing": re.compile(rb"<!--.*-->", re.DOTALL),
    "pairs": re.compile(r"(?:\w\W)+;"),
    "after a dot": re.compile(r"(?<=[.])[^:]*:"),
}


@pytest.mark.parametrize("pattern", SLOW.values(), ids=SLOW)
def test_a_pattern_whose_time_grows_faster_than_the_text_is_found(pattern: re.Pattern[str]) -> None:
    usual = signal.getsignal(signal.SIGPROF)
    try:
        assert slow_patterns({"slow": pattern})
    finally:
        signal.signal(signal.SIGPROF, usual)
