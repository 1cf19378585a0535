"""Run measurements in child processes, several rounds of each, and print the medians and the ranges."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence

ROUNDS = 7


def run_rounds(module: str, *arguments: str, count: int = ROUNDS) -> list[dict[str, float]]:
    """Run `python -m MODULE ARGUMENTS` `count` times, and return the JSON objects of figures that it prints."""
    command = [sys.executable, "-m", module, *arguments]
    return [json.loads(subprocess.check_output(command, text=True)) for _ in range(count)]


def interleaved(module: str, contenders: Mapping[str, Sequence[str]]) -> dict[str, list[float]]:
    """Run each contender once in each of ROUNDS rounds, and return the figures of each.

    `contenders` maps a name to the arguments of `python -m MODULE ARGUMENTS`, which prints one figure as JSON. The
    contenders take turns, so that a change in the load of the machine affects all of them.
    """
    figures: dict[str, list[float]] = {contender: [] for contender in contenders}
    for _ in range(ROUNDS):
        for contender, arguments in contenders.items():
            output = subprocess.check_output([sys.executable, "-m", module, *arguments], text=True)
            figures[contender].append(json.loads(output))
    return figures


def print_comparison(title: str, figures: dict[str, list[float]], ours: str) -> None:
    """Print the median and the range of each contender, and its ratio to `ours`, as a table; then the medians as JSON.

    A ratio is computed in each round; the table shows the median and the range of these ratios.
    """
    print(title)
    medians: dict[str, float] = {}
    for name, values in figures.items():
        ratios = [value / our_value for value, our_value in zip(values, figures[ours], strict=True)]
        medians[name] = statistics.median(values)
        spread = f"({min(values):.1f} to {max(values):.1f})"
        times = f"{statistics.median(ratios):8.1f} x   ({min(ratios):.1f} to {max(ratios):.1f})"
        print(f"  {name:<58} {medians[name]:>10.1f}   {spread:<22} {times}")
    print(json.dumps({title: medians}))


def print_figures(title: str, figures: Sequence[dict[str, float]]) -> None:
    """Print the median and the range of each figure as a table; then the medians as JSON."""
    print(title)
    medians = {}
    for name in figures[0]:
        values = [figure[name] for figure in figures]
        medians[name] = statistics.median(values)
        print(f"  {name:<44} {medians[name]:>10.3f}   ({min(values):.3f} to {max(values):.3f})")
    print(json.dumps({title: medians}))
