"""Values in a JSON text, one at a time, so that memory follows the largest of them and a fault costs one alone.

Lenient where sources are: control characters in strings are read. Strict where it protects: what is nested too deep is
a fault, so is an object that names something twice, and numbers that JSON does not know (NaN) or that nobody can count
to are null.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

_PIECE = 1 << 13  # characters looked at first: most values are smaller
_LONGEST_INTEGER = 20  # digits
_MOST_FAULTS = 1000  # in one array: each costs a look at what follows

CUT_OFF = "breaks off here"

_SPACE = re.compile(r"[\s\ufeff\x00]*")
_SEPARATORS = re.compile(r"[\s,\ufeff\x00]*")
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z)|[\[\]{},]', re.DOTALL)
_OBJECT_BEGINS = re.compile(r'\{\s*("(?:[^"\\]|\\.){1,100}?"\s*:)')
_STRING_BEGINS = re.compile(r'"\{[^\n]{1,8}')  # a record as a string


@dataclass(frozen=True, slots=True)
class Value:
    """A value that was read, or the fault that it could not be read for."""

    start: int
    end: int
    value: Any = None
    fault: str | None = None


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else None


class _NamedTwiceError(ValueError):
    """An object that names something twice: what stood between two of them is lost."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _NamedTwiceError
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_object, strict=False, parse_int=_integer, parse_constant=lambda _: None)


def skip_space(text: str, start: int) -> int:
    """Where the next character that is no space stands; the end of the text where there is none."""
    return _after(_SPACE, text, start)


def value_at(text: str, start: int, limit: int) -> Value:
    """The value that begins at `start`, of at most `limit` characters. A faulty one ends where it begins."""
    fault = ""
    for size in (_PIECE, limit):
        try:
            value, end = _DECODER.raw_decode(text[start : start + min(size, limit)])
        except _NamedTwiceError:
            return Value(start, start, fault="is two records that run into each other here")
        except RecursionError:
            return Value(start, start, fault="is nested too deep")
        except ValueError as error:
            fault = f"is broken JSON: {error}"
        else:
            return Value(start, start + end, value)
        if start + min(size, limit) >= len(text):
            return Value(start, start, fault=fault)
    return Value(start, start, fault=f"is larger than {limit >> 10} KB, or {fault}")


def elements(text: str, place: int, limit: int) -> Generator[Value, None, int]:
    """The elements of an array from `place` inside it on; after a faulty one comes the next that can be made out.

    The last has the fault CUT_OFF where the array has no end. Returns where the text goes on after it.
    """
    whole: Value | None = None
    faults = 0
    place = _after(_SEPARATORS, text, place)
    while place < len(text) and text[place] != "]":
        found = value_at(text, place, limit)
        if found.fault:
            faults += 1
            if faults > _MOST_FAULTS:
                yield Value(place, len(text), fault="is broken in so many places that the rest is not read")
                return len(text)
            end = _end_of_faulty(text, place, whole)
            found = Value(place, end, fault=CUT_OFF if end == len(text) else found.fault)
        elif text.startswith(("{", '"{'), place):
            whole = found
        yield found
        if found.fault == CUT_OFF:
            return len(text)
        place = _after(_SEPARATORS, text, found.end)
    if place >= len(text):
        yield Value(place, place, fault=CUT_OFF)
    return place + 1


def _after(pattern: re.Pattern[str], text: str, start: int) -> int:
    """Where the text goes on after a pattern that matches everywhere."""
    found = pattern.match(text, start)
    return found.end() if found else start


def _end_of_faulty(text: str, place: int, whole: Value | None) -> int:
    """Where a faulty element ends: at its last bracket, or where the next one begins, if that comes first.

    The next one begins alike. That says nothing where an element that is `whole` holds such a beginning
    inside it too.
    """
    balanced = _balanced_end(text, place)
    own = _beginning(text, place)
    beginning = own or (_beginning(text, whole.start) if whole else None)
    if beginning is None:
        return balanced
    if whole and beginning.search(text, whole.start + 1, whole.end):
        return balanced
    following = beginning.search(text, place + 1)
    if following is None:
        return balanced
    return min(balanced, following.start()) if own else following.start()


def _beginning(text: str, place: int) -> re.Pattern[str] | None:
    """What the elements begin with that are like the one at `place`."""
    if found := _OBJECT_BEGINS.match(text, place):
        return re.compile(rf"\{{\s*{re.escape(found[1])}")
    found = _STRING_BEGINS.match(text, place)
    return re.compile(re.escape(found[0])) if found else None


def _balanced_end(text: str, start: int) -> int:
    """Where as many brackets are closed as were opened, or a comma or closing bracket ends what has none."""
    depth = 0
    for found in _TOKEN.finditer(text, start):
        token = found[0]
        if token in "[{":
            depth += 1
        elif token in "]}":
            depth -= 1
            if depth <= 0:
                return found.end() if depth == 0 else max(found.start(), start + 1)
        elif token == "," and depth == 0:
            return max(found.start(), start + 1)
    return len(text)
