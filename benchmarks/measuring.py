"""Rounds in child processes, and what they used: user and system CPU with children, in seconds."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence

ROUNDS = 7


def rounds(module: str, *arguments: str, count: int = ROUNDS) -> list[dict[str, float]]:
    """The figures that `python -m MODULE ARGUMENTS` prints as one JSON object, `count` times."""
    command = [sys.executable, "-m", module, *arguments]
    return [json.loads(subprocess.check_output(command, text=True)) for _ in range(count)]


def print_figures(title: str, figures: Sequence[dict[str, float]]) -> None:
    """The median of each figure with its least and greatest, as a table and as JSON."""
    print(title)
    medians = {}
    for name in figures[0]:
        values = [figure[name] for figure in figures]
        medians[name] = statistics.median(values)
        print(f"  {name:<44} {medians[name]:>10.3f}   ({min(values):.3f} to {max(values):.3f})")
    print(json.dumps({title: medians}))
