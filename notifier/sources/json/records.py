"""The records of a JSON document, whatever it wraps them in: an array, an object, lines, or the columns of a table.

A record that is a string holds a record itself: as JSON, or as Python prints it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from notifier.config import Limits
from notifier.sources.json.values import CUT_OFF, Value, elements, skip_space, value_at

_LONGEST_LITERAL = 1 << 18  # characters that Python prints a record in: reading it takes a hundred times its size
_DEEPEST = 3  # objects around the array of records
_COLUMN = 4  # the records' limit times this: a member that may be a whole column

_CONTAINERS = frozenset(
    (
        *("data", "papers", "daily_papers", "dailypapers", "results", "items", "entries", "records", "hits", "docs"),
        *("articles", "list", "response"),
    )
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_TWO_LINES = re.compile(r"\s*\{[^\n]+\n\s*\{\s*[\"']")
_LEFT_OVER = re.compile(r"[\s,\]}\ufeff\x00]*")


@dataclass(frozen=True, slots=True)
class Record:
    """One record and its place, or the fault that it could not be read for."""

    where: str
    value: Any = None
    fault: str | None = None


@dataclass(slots=True)
class OuterObject:
    """What an object around the records says beside them; where it has no array of records, all that it says."""

    has_records: bool = False
    members: dict[str, Any] = field(default_factory=dict)


def records(text: str, limits: Limits, around: OuterObject) -> Iterator[Record]:
    """The records of a document in order; `around` learns what stands beside them."""
    if _TWO_LINES.match(text):
        yield from _lines(text, limits)
        return
    for number, found in enumerate(_values(text, limits, around), 1):
        fault = found.fault and (f"the document {found.fault}" if found.fault == CUT_OFF else f"it {found.fault}")
        yield _record(f"record {number}", found.value, fault)


def _record(where: str, value: Any, fault: str | None) -> Record:
    if fault is None and isinstance(value, str):
        try:
            value = _printed(value)
        except ValueError as error:
            return Record(where, fault=str(error))
    return Record(where, value, fault)


def _printed(text: str) -> Any:
    """The record that a string holds, as JSON or as Python prints it; ValueError says why there is none."""
    if len(text) > _LONGEST_LITERAL:
        raise ValueError(f"it is a string of more than {_LONGEST_LITERAL >> 10} KB")
    as_json = value_at(text, 0, len(text))
    if as_json.fault is None:
        return as_json.value
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise ValueError("it is a string that holds no record") from None


def _lines(text: str, limits: Limits) -> Iterator[Record]:
    start, number = 0, 1
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if line := text[start:end].strip("\ufeff\x00 \t\r,"):
            yield _line(f"line {number}", line, limits)
        start, number = end + 1, number + 1


def _line(where: str, line: str, limits: Limits) -> Record:
    if len(line) > limits.line:
        return Record(where, fault=f"it is longer than {limits.line_kb} KB")
    if line.startswith("{'"):
        return _record(where, line, None)
    found = value_at(line, 0, limits.line)
    if found.fault:
        return Record(where, fault=f"it {found.fault}")
    if found.end < len(line):
        return Record(where, fault="it goes on after the end of its record")
    return _record(where, found.value, None)


def _values(text: str, limits: Limits, around: OuterObject) -> Generator[Value, None, None]:
    """The elements of the outermost array of records, and of what stands after it where its end was misplaced."""
    start = skip_space(text, 0)
    if text[start : start + 1] == "{":
        place = yield from _members(text, start + 1, limits, around, 0)
    else:
        place = yield from elements(text, start + 1, limits.record)
    while (place := _left_over(text, place)) < len(text):
        place = yield from elements(text, place + (text[place] == "["), limits.record)


def _left_over(text: str, place: int) -> int:
    found = _LEFT_OVER.match(text, place)
    return found.end() if found else place


def _members(text: str, place: int, limits: Limits, around: OuterObject, depth: int) -> Generator[Value, None, int]:
    """The records in the members of an object, from `place` inside it on; `around` learns the others."""
    while (place := skip_space(text, place)) < len(text) and text[place] != "}":
        key = value_at(text, place, limits.record)
        colon = skip_space(text, key.end)
        if not isinstance(key.value, str) or text[colon : colon + 1] != ":":
            yield Value(place, len(text), fault=CUT_OFF)
            return len(text)
        place = skip_space(text, colon + 1)
        opening = text[place : place + 1]
        if not _may_hold_records(key.value) or opening not in ("[", "{") or depth == _DEEPEST:
            found = value_at(text, place, limits.record * _COLUMN)
            if found.fault:
                yield Value(place, len(text), fault=found.fault)
                return len(text)
            around.members[key.value] = found.value
            place = found.end
        elif opening == "{":
            place = yield from _members(text, place + 1, limits, around, depth + 1)
        else:
            around.has_records = True
            place = yield from elements(text, place + 1, limits.record)
        place = skip_space(text, place)
        place += text[place : place + 1] == ","
    if place >= len(text):
        yield Value(place, place, fault=CUT_OFF)
    return place + 1


def _may_hold_records(key: str) -> bool:
    return key.lower() in _CONTAINERS or _DAY.fullmatch(key) is not None


def rows(columns: dict[str, Any]) -> Iterator[Record]:
    """The rows of a table that is told column by column: each a list, or an object by row."""
    columns = {name: column for name, column in columns.items() if isinstance(column, list | dict)}
    cells = [list(column.values()) if isinstance(column, dict) else column for column in columns.values()]
    for number, row in enumerate(zip_longest(*cells), 1):
        yield Record(f"row {number}", dict(zip(columns, row, strict=True)))
