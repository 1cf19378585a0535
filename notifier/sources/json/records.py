"""Read the records of a JSON document.

The records are the elements of an array (which may be inside objects), the lines of the document, or the rows of a
table that is given by its columns. A record that is a string is parsed again: its text is the record in JSON or in
Python syntax.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from notifier.config import Limits
from notifier.sources.json.damage import JsonText
from notifier.sources.json.values import CUT_OFF, Value, array_elements, skip_space, value_at

# The most characters of a record that is a string. Parsing Python syntax takes a hundred times as much memory.
_LONGEST_LITERAL = 1 << 18
_MAX_DEPTH = 3  # the most objects around the array of records, counting the outermost
_COLUMN_FACTOR = 4  # a member may be this many times as large as a record may be, because it may be a whole column

# The keys of members that may hold the records.
_RECORD_KEYS = frozenset(
    (
        *("data", "papers", "daily_papers", "dailypapers", "results", "items", "entries", "records", "hits", "docs"),
        *("articles", "list", "response"),
    )
)
# The same in the responses of scholarly APIs. A single paper may have such a member too, after its title. So if a title
# comes before it, such a member holds no records.
_RECORD_KEYS_WITHOUT_TITLE = frozenset(
    (
        *("message", "notes", "collection", "works", "publications", "preprints", "recommendedpapers"),
        *("result", "resultlist", "hit"),
    )
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_TWO_LINES = re.compile(r"\A\s*\{[^\n]+\n\s*\{\s*[\"']")
_CLOSINGS = re.compile(r"[\s,\]}\ufeff\x00]*")


@dataclass(frozen=True, slots=True)
class Record:
    """A record and its place, or the fault that makes it unreadable."""

    where: str
    value: Any = None
    fault: str | None = None


@dataclass(slots=True)
class EnclosingObject:
    """The object around the records.

    `members` holds its members except the records. `has_records` says whether it has an array of records.
    """

    has_records: bool = False
    members: dict[str, Any] = field(default_factory=dict)


def read_records(text: str, limits: Limits, enclosing: EnclosingObject) -> Iterator[Record]:
    """Yield the records of a document in order.

    The other members of the objects around the records are added to `enclosing` meanwhile.
    """
    if _TWO_LINES.match(text):
        yield from _read_lines(text, limits)
        return
    for number, found in enumerate(_record_values(text, limits, enclosing), 1):
        fault = found.fault and (f"the document {found.fault}" if found.fault == CUT_OFF else f"it {found.fault}")
        yield _record(f"record {number}", found.value, fault)


def _record(where: str, value: Any, fault: str | None) -> Record:
    if fault is None and isinstance(value, str):
        try:
            value = _parse_record_string(value)
        except ValueError as error:
            return Record(where, fault=str(error))
    return Record(where, value, fault)


def _parse_record_string(text: str) -> Any:
    """Return the record that a string holds in JSON or in Python syntax.

    Raises ValueError, with the reason, if it holds none.
    """
    if len(text) > _LONGEST_LITERAL:
        raise ValueError(f"it is a string of more than {_LONGEST_LITERAL >> 10} KB")
    as_json = value_at(text, 0, len(text))
    if as_json.fault is None:
        return as_json.value
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise ValueError("it is a string that holds no record") from None


def _read_lines(text: str, limits: Limits) -> Iterator[Record]:
    start, number = 0, 1
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if line := text[start:end].strip("\ufeff\x00 \t\r,"):
            yield _read_line(f"line {number}", line, limits)
        start, number = end + 1, number + 1


def _read_line(where: str, line: str, limits: Limits) -> Record:
    if len(line) > limits.max_line_length:
        return Record(where, fault=f"it is longer than {limits.line_kb} KB")
    if line.startswith("{'"):
        return _record(where, line, None)
    found = value_at(line, 0, limits.max_line_length)
    if found.fault:
        return Record(where, fault=f"it {found.fault}")
    if found.end < len(line):
        return Record(where, fault="there is more text after the end of its record")
    return _record(where, found.value, None)


def _record_values(text: str, limits: Limits, enclosing: EnclosingObject) -> Generator[Value, None, None]:
    """Yield the elements of the outermost array of records.

    If damage has closed the array too early, the elements after its end are yielded too.
    """
    start, document = skip_space(text, 0), JsonText(text)
    if text[start : start + 1] == "{":
        place = yield from _values_in_object(document, start + 1, limits, enclosing, 0)
    else:
        place = yield from array_elements(document, start + 1, limits.max_record_length)
    while (place := _skip_closings(text, place)) < len(text):
        # If another array begins here, skip its bracket and yield its elements.
        place = yield from array_elements(document, place + (text[place] == "["), limits.max_record_length)


def _skip_closings(text: str, place: int) -> int:
    found = _CLOSINGS.match(text, place)
    return found.end() if found else place


def _values_in_object(
    document: JsonText, place: int, limits: Limits, enclosing: EnclosingObject, depth: int
) -> Generator[Value, None, int]:
    """Yield the records in an object of a document, read from `place` on, and return the place after the object.

    All other members are added to `enclosing`.
    """
    text = document.text
    while (place := skip_space(text, place)) < len(text) and text[place] != "}":
        key = value_at(text, place, limits.max_record_length)
        colon = skip_space(text, key.end)
        if not isinstance(key.value, str) or text[colon : colon + 1] != ":":
            yield Value(place, len(text), fault=CUT_OFF)
            return len(text)
        place = skip_space(text, colon + 1)
        opening = text[place : place + 1]
        if not _may_hold_records(key.value, enclosing.members) or opening not in ("[", "{") or depth == _MAX_DEPTH:
            found = value_at(text, place, limits.max_record_length * _COLUMN_FACTOR)
            if found.fault:
                yield Value(place, len(text), fault=found.fault)
                return len(text)
            enclosing.members[key.value] = found.value
            place = found.end
        elif opening == "{":
            place = yield from _values_in_object(document, place + 1, limits, enclosing, depth + 1)
        else:
            enclosing.has_records = True
            place = yield from array_elements(document, place + 1, limits.max_record_length)
        place = skip_space(text, place)
        place += text[place : place + 1] == ","
    if place >= len(text):
        yield Value(place, place, fault=CUT_OFF)
    return place + 1


def _may_hold_records(key: str, members: dict[str, Any]) -> bool:
    if key.lower() in _RECORD_KEYS_WITHOUT_TITLE:
        return "title" not in members
    return key.lower() in _RECORD_KEYS or _DAY.fullmatch(key) is not None


def table_rows(columns: dict[str, Any]) -> Iterator[Record]:
    """Yield the rows of a table that is given by its columns, each as a record.

    A column is a list of cells, or an object whose values are the cells.
    """
    columns = {name: column for name, column in columns.items() if isinstance(column, list | dict)}
    cells = [list(column.values()) if isinstance(column, dict) else column for column in columns.values()]
    for number, row in enumerate(zip_longest(*cells), 1):
        yield Record(f"row {number}", dict(zip(columns, row, strict=True)))
