"""Run the named parts of the benchmarks, or all of them. Each part prints a table and a line of JSON."""

from __future__ import annotations

import sys

from benchmarks import (
    delivery,
    ingest,
    journey,
    planning,
    publishing,
    searching,
    sending,
    similar,
    trending,
    web,
    whole_path,
)
from benchmarks.matching import comparison

PARTS = {
    "journey": [journey.run],
    "delivery": [delivery.run, sending.run, whole_path.run],
    "ingest": [ingest.run],
    "matching": [comparison.run],
    "planning": [planning.run],
    "publishing": [publishing.run],
    "search": [searching.run],
    "similar": [similar.run],
    "trending": [trending.run],
    "web": [web.run],
}


def main(names: list[str]) -> None:
    """Run these parts, or all parts if there are no names."""
    unknown = set(names) - set(PARTS)
    if unknown:
        sys.exit(f"there is no part {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    for name in names or PARTS:
        for run in PARTS[name]:
            run()


main(sys.argv[1:])
