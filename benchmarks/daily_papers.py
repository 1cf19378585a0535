"""Read captures of the daily papers API for the benchmark of trending: positions, upvotes and comments."""

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
    """A paper as one capture lists it."""

    position: int
    upvotes: int
    comments: int


Capture = Mapping[str, Entry]  # from arXiv id to entry, in the order of the list


def read(file: Path) -> Capture:
    """Read one capture; a file without papers gives an empty capture.

    The file holds an array of records, or an object whose `data` is that array. A record is a JSON object, or a string
    with a Python dict literal.
    """
    content = json.loads(file.read_text(encoding="utf-8"))
    records = content.get("data", ()) if isinstance(content, dict) else content
    if not isinstance(records, list):
        return {}
    fields = map(_fields, records)
    return {key: Entry(position, upvotes, comments) for position, (key, upvotes, comments) in enumerate(fields, 1)}


def captures_by_day(folder: Path) -> dict[date, list[Capture]]:
    """Read the captures in a folder, and return those that hold papers, by listing day.

    The name of a file begins with its listing day. The captures of one day are in the order of their file names, the
    earliest first.
    """
    captures: dict[date, list[Capture]] = defaultdict(list)
    for file in sorted(folder.glob("*.json")):
        capture = read(file)
        if capture:
            captures[date.fromisoformat(file.name[:10])].append(capture)
    return dict(captures)


def _fields(record: Any) -> tuple[str, int, int]:
    """Return the arXiv id, the upvotes and the number of comments of a record."""
    listing = ast.literal_eval(record) if isinstance(record, str) else record
    paper = listing.get("paper", listing)
    return paper["id"], paper["upvotes"], listing.get("numComments", 0)
