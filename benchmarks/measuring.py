"""Rounds in child processes, and what they used: user and system CPU with children, in seconds."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence

ROUNDS = 7


def rounds(module: str, *arguments: str, count: int = ROUNDS) -> list[dict[str, float]]:
    """The figures that `python -m MODULE ARGUMENTS` prints as one JSON object, `count` times."""
    command = [sys.executable, "-m", module, *arguments]
    return [json.loads(subprocess.check_output(command, text=True)) for _ in range(count)]


def interleaved(module: str, contenders: Mapping[str, Sequence[str]]) -> dict[str, list[float]]:
    """The figure that `python -m MODULE ARGUMENTS` prints as JSON for each contender, once in each of ROUNDS rounds."""
    figures: dict[str, list[float]] = {contender: [] for contender in contenders}
    for _ in range(ROUNDS):
        for contender, arguments in contenders.items():
            output = subprocess.check_output([sys.executable, "-m", module, *arguments], text=True)
            figures[contender].append(json.loads(output))
    return figures


def print_comparison(title: str, figures: dict[str, list[float]], ours: str) -> None:
    """The median of each contender with its least and greatest, and how many times ours it is, as a table and as JSON.

    The spread of a ratio is that of the rounds.
    """
    print(title)
    medians: dict[str, float] = {}
    for name, values in figures.items():
        ratios = [value / own for value, own in zip(values, figures[ours], strict=True)]
        medians[name] = statistics.median(values)
        spread = f"({min(values):.1f} to {max(values):.1f})"
        times = f"{statistics.median(ratios):8.1f} x   ({min(ratios):.1f} to {max(ratios):.1f})"
        print(f"  {name:<58} {medians[name]:>10.1f}   {spread:<22} {times}")
    print(json.dumps({title: medians}))


def print_figures(title: str, figures: Sequence[dict[str, float]]) -> None:
    """The median of each figure with its least and greatest, as a table and as JSON."""
    print(title)
    medians = {}
    for name in figures[0]:
        values = [figure[name] for figure in figures]
        medians[name] = statistics.median(values)
        print(f"  {name:<44} {medians[name]:>10.3f}   ({min(values):.3f} to {max(values):.3f})")
    print(json.dumps({title: medians}))
