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

from notifier.sources.json.damage import JsonText

_FIRST_SIZE = 1 << 13  # the number of characters that are tried first; most values are smaller
# If the parser fails within this many characters before the end of a part, the part may end inside a number, or inside
# a word such as `true`.
_NEAR_END = 16
_MAX_DIGITS = 20  # an integer with more digits becomes None

CUT_OFF = "is cut off here"

_SPACE = re.compile(r"[\s\ufeff\x00]*")
_SEPARATORS = re.compile(r"[\s,\ufeff\x00]*")


@dataclass(frozen=True, slots=True)
class Value:
    """A value in a text from `start` to `end`, or the `fault` because of which the value cannot be parsed.

    `read` is the number of characters that were parsed until the fault was found.
    """

    start: int
    end: int
    value: Any = None
    fault: str | None = None
    read: int = 0


class _DuplicateKeyError(ValueError):
    """An object has a key twice. Probably it was two records, and the text between them is lost."""


def _parse_integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MAX_DIGITS else None


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
    for size in (min(_FIRST_SIZE, limit), limit):
        part = text[start : start + size]
        try:
            value, end = _DECODER.raw_decode(part)
        except _DuplicateKeyError:
            return Value(start, start, fault="is two records that run into each other here", read=len(part))
        except RecursionError:
            return Value(start, start, fault="is nested too deeply", read=len(part))
        except json.JSONDecodeError as error:
            fault = f"is broken JSON: {error}"
            is_unterminated = error.msg.startswith("Unterminated")
            read = len(part) if is_unterminated else error.pos
            may_be_cut = is_unterminated or error.pos > len(part) - _NEAR_END
            if start + size >= len(text) or not may_be_cut:
                return Value(start, start, fault=fault, read=read)
        else:
            return Value(start, start + end, value)
    return Value(start, start, fault=f"is larger than {limit >> 10} KB, or {fault}", read=read)


def array_elements(document: JsonText, place: int, limit: int) -> Generator[Value, None, int]:
    """Yield the elements of an array from `place` on, and return the place after the end of the array.

    `place` is inside the array, in the text of `document`. After an element with a fault, parsing continues at the next
    element that can be found, unless the document has too much damage. If the array has no end, the last value has the
    fault CUT_OFF.
    """
    text = document.text
    sound: tuple[int, int] | None = None
    place = _skip(_SEPARATORS, text, place)
    while place < len(text) and text[place] != "]":
        found = value_at(text, place, limit)
        if found.fault:
            end = document.end_of_faulty(place, found.read, sound)
            if end is None:
                yield Value(place, len(text), fault="is broken in so many places that the rest is not read")
                return len(text)
            found = Value(place, end, fault=CUT_OFF if end == len(text) else found.fault)
        elif text.startswith(("{", '"{'), place):
            sound = found.start, found.end
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
