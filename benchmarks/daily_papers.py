"""Captures of the daily papers API, as far as the check of trending needs them."""

from __future__ import annotations

import ast
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper in a capture."""

    position: int
    upvotes: int
    comments: int


Capture = Mapping[str, Entry]  # by arXiv id, in the order of the list


def read(file: Path) -> Capture:
    """One capture, an array or wrapped in an object, its records as JSON or as Python writes them.

    What tells no papers is empty.
    """
    told = json.loads(file.read_text(encoding="utf-8"))
    records = told.get("data", ()) if isinstance(told, dict) else told
    if not isinstance(records, list):
        return {}
    entries = map(_record, records)
    return {key: Entry(place, upvotes, comments) for place, (key, upvotes, comments) in enumerate(entries, 1)}


def captures_by_day(folder: Path) -> dict[date, list[Capture]]:
    """For each listing day, which begins the file's name, its captures that tell papers, the earliest first."""
    found: dict[date, list[Capture]] = defaultdict(list)
    for file in sorted(folder.glob("*.json")):
        capture = read(file)
        if capture:
            found[date.fromisoformat(file.name[:10])].append(capture)
    return dict(found)


def _record(record: Any) -> tuple[str, int, int]:
    whole = ast.literal_eval(record) if isinstance(record, str) else record
    paper = whole.get("paper", whole)
    return paper["id"], paper["upvotes"], whole.get("numComments", 0)
