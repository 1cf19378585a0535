"""Parse a JSON text value by value.

The memory needed therefore depends on the largest value, and a fault costs one value only. Control characters in
strings are accepted. It is a fault if an object has a key twice, or if a value is nested too deeply. The constants NaN,
Infinity and -Infinity become None, and so do integers with too many digits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

_FIRST_SIZE = 1 << 13  # the number of characters that are tried first; most values are smaller
_MOST_DIGITS = 20  # an integer with more digits becomes None
_MAX_FAULTS = 1000  # in one array; after each fault, the next element has to be searched for

CUT_OFF = "breaks off here"

_SPACE = re.compile(r"[\s\ufeff\x00]*")
_SEPARATORS = re.compile(r"[\s,\ufeff\x00]*")
_STRING_OR_MARK = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z)|[\[\]{},]', re.DOTALL)
_OBJECT_START = re.compile(r'\{\s*("(?:[^"\\]|\\.){1,100}?"\s*:)')
_STRING_START = re.compile(r'"\{[^\n]{1,8}')  # the start of a string that holds a record


@dataclass(frozen=True, slots=True)
class Value:
    """A value in a text from `start` to `end`, or the `fault` because of which the value cannot be parsed."""

    start: int
    end: int
    value: Any = None
    fault: str | None = None


class _DuplicateKeyError(ValueError):
    """An object has a key twice, so it is two records, and the text between them is lost."""


def _parse_integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MOST_DIGITS else None


def _build_object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(members)
    if len(built) < len(members):
        raise _DuplicateKeyError
    return built


_DECODER = json.JSONDecoder(
    object_pairs_hook=_build_object, strict=False, parse_int=_parse_integer, parse_constant=lambda _: None
)


def skip_space(text: str, start: int) -> int:
    """Return the place of the first character from `start` on that is not white space, or the end of the text."""
    return _skip(_SPACE, text, start)


def value_at(text: str, start: int, limit: int) -> Value:
    """Return the value that begins at `start` and has at most `limit` characters.

    If the value has a fault, the `end` of the result is equal to its `start`.
    """
    fault = ""
    for size in (_FIRST_SIZE, limit):
        try:
            value, end = _DECODER.raw_decode(text[start : start + min(size, limit)])
        except _DuplicateKeyError:
            return Value(start, start, fault="is two records that run into each other here")
        except RecursionError:
            return Value(start, start, fault="is nested too deeply")
        except ValueError as error:
            fault = f"is broken JSON: {error}"
        else:
            return Value(start, start + end, value)
        if start + min(size, limit) >= len(text):
            return Value(start, start, fault=fault)
    return Value(start, start, fault=f"is larger than {limit >> 10} KB, or {fault}")


def array_elements(text: str, place: int, limit: int) -> Generator[Value, None, int]:
    """Yield the elements of an array from `place` on, and return the place after the end of the array.

    `place` is inside the array. After an element with a fault, parsing continues at the next element that can be found.
    If the array has no end, the last value has the fault CUT_OFF.
    """
    sound: Value | None = None
    faults = 0
    place = _skip(_SEPARATORS, text, place)
    while place < len(text) and text[place] != "]":
        found = value_at(text, place, limit)
        if found.fault:
            faults += 1
            if faults > _MAX_FAULTS:
                yield Value(place, len(text), fault="is broken in so many places that the rest is not read")
                return len(text)
            end = _end_of_faulty(text, place, sound)
            found = Value(place, end, fault=CUT_OFF if end == len(text) else found.fault)
        elif text.startswith(("{", '"{'), place):
            sound = found
        yield found
        if found.fault == CUT_OFF:
            return len(text)
        place = _skip(_SEPARATORS, text, found.end)
    if place >= len(text):
        yield Value(place, place, fault=CUT_OFF)
    return place + 1


def _skip(pattern: re.Pattern[str], text: str, start: int) -> int:
    """Return the place after what a pattern matches at `start`."""
    found = pattern.match(text, start)
    return found.end() if found else start


def _end_of_faulty(text: str, place: int, sound: Value | None) -> int:
    """Return the place where the faulty element at `place` ends.

    It ends at its closing bracket, or before the next element if the next element begins earlier. The elements of an
    array usually begin alike, for example with the same key. So the next element is recognised because it begins like
    this one. If the beginning of this element is damaged, the next element is recognised because it begins like
    `sound`, an earlier element without a fault, and the brackets are used only if no such element follows. If such a
    beginning also occurs inside `sound`, it does not show that an element begins, and only the brackets are used.
    """
    balanced_end = _balanced_end(text, place)
    own_start = _start_pattern(text, place)
    start = own_start or (_start_pattern(text, sound.start) if sound else None)
    if start is None:
        return balanced_end
    if sound and start.search(text, sound.start + 1, sound.end):
        return balanced_end
    following = start.search(text, place + 1)
    if following is None:
        return balanced_end
    return min(balanced_end, following.start()) if own_start else following.start()


def _start_pattern(text: str, place: int) -> re.Pattern[str] | None:
    """Return a pattern for the beginning of elements that begin like the one at `place`."""
    if found := _OBJECT_START.match(text, place):
        return re.compile(rf"\{{\s*{re.escape(found[1])}")
    found = _STRING_START.match(text, place)
    return re.compile(re.escape(found[0])) if found else None


def _balanced_end(text: str, start: int) -> int:
    """Return the place where a value ends, found by its brackets.

    A value with brackets ends when all of them are closed. A value without brackets ends before the next comma or
    closing bracket.
    """
    depth = 0
    for found in _STRING_OR_MARK.finditer(text, start):
        mark = found[0]
        if mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
            if depth <= 0:
                return found.end() if depth == 0 else max(found.start(), start + 1)
        elif mark == "," and depth == 0:
            return max(found.start(), start + 1)
    return len(text)
