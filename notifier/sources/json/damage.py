"""Find where the faulty elements of JSON arrays end, in time that grows in proportion to the text."""

from __future__ import annotations

import re

# How often the text may be searched in all. One search for each fault would take time that grows with the square of
# the size.
_MAX_SEARCHES = 20
_ALLOWANCE = 1 << 20  # further characters that may be searched, so that small texts may have many faults

_STRING_OR_MARK = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z)|[\[\]{},]', re.DOTALL)
_OBJECT_START = re.compile(r'\{\s*("(?:[^"\\]|\\.){1,100}?"\s*:)')
_STRING_START = re.compile(r'"\{[^\n]{1,8}')  # the start of a string that holds a record


class JsonText:
    """The text of a JSON document, with a limit on the characters that are searched for the ends of faulty elements."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._left = _MAX_SEARCHES * len(text) + _ALLOWANCE  # characters that may still be searched
        self._last_search = re.compile(""), 0, 0  # a pattern, a place, and where the pattern occurs after the place
        self._last_sound = (0, 0), re.compile(""), False  # an element, a pattern, and whether it occurs inside

    def end_of_faulty(self, place: int, read: int, sound: tuple[int, int] | None) -> int | None:
        """Return the place where the faulty element at `place` ends; None if the document has too much damage.

        The parser has read `read` characters of the element. `sound` is the start and the end of an earlier element
        without a fault.

        The elements of an array usually begin alike, for example with the same key. So the next element is expected
        where the beginning of this element occurs again. If the beginning of this element is damaged, the next element
        is expected where the beginning of `sound` occurs again. The element ends at its closing bracket, or before the
        place where the next element is expected if that place comes earlier. There are two
        exceptions. If the beginning of the element is damaged, the element ends before that place, and its closing
        bracket counts only if there is no such place. If the beginning also occurs inside `sound`, it does not show
        that an element begins, and only the closing bracket counts.
        """
        if self._left < 0:
            return None
        own_start = _start_pattern(self.text, place)
        start = own_start or (_start_pattern(self.text, sound[0]) if sound else None)
        following = len(self.text)
        if start and not (sound and self._occurs_inside(start, sound)):
            following = self._next(start, place + 1)
            if own_start is None and following < len(self.text):
                return following
        end = _balanced_end(self.text, place, following)
        self._left -= end - place + read
        return end

    def _occurs_inside(self, start: re.Pattern[str], element: tuple[int, int]) -> bool:
        if self._last_sound[:2] != (element, start):
            self._left -= element[1] - element[0]
            self._last_sound = element, start, start.search(self.text, element[0] + 1, element[1]) is not None
        return self._last_sound[2]

    def _next(self, start: re.Pattern[str], place: int) -> int:
        """Return where the pattern occurs next from `place` on, or the end of the text."""
        pattern, searched_from, result = self._last_search
        if pattern != start or not searched_from <= place <= result:
            found = start.search(self.text, place)
            result = found.start() if found else len(self.text)
            self._left -= result - place
            self._last_search = start, place, result
        return result


def _start_pattern(text: str, place: int) -> re.Pattern[str] | None:
    """Return a pattern for the beginning of elements that begin like the one at `place`."""
    if found := _OBJECT_START.match(text, place):
        return re.compile(rf"\{{\s*{re.escape(found[1])}")
    found = _STRING_START.match(text, place)
    return re.compile(re.escape(found[0])) if found else None


def _balanced_end(text: str, start: int, end: int) -> int:
    """Return the place where a value ends, found by its brackets; `end` if it does not end before that place.

    A value with brackets ends when all of them are closed. A value without brackets ends before the next comma or
    closing bracket.
    """
    depth = 0
    for found in _STRING_OR_MARK.finditer(text, start):
        mark = found[0]
        if found.start() >= end:
            break
        if mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
            if depth <= 0:
                return found.end() if depth == 0 else max(found.start(), start + 1)
        elif mark == "," and depth == 0:
            return max(found.start(), start + 1)
    return end
