"""Print, as JSON, the compiled patterns of notifier whose matching time grows faster than the length of the text.

Run this module as a program.

A pattern is tried on texts that repeat one token, with each method. Two texts, one of which is twice as long as the
other, are enough to notice time that grows with the square of the length. If the time of a try grows
faster than the text, the try is repeated on longer texts, up to 150,000 characters, until it takes longer than is
allowed for a text of that length. The slowest try of each pattern is repeated on the longest text, whatever its growth.
A timer ends a try that would backtrack for hours.
"""

from __future__ import annotations

import json
import pkgutil
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from itertools import product
from time import process_time
from typing import Any

import notifier

SHORT, DOUBLE, MIDDLE, LONG = 2_500, 5_000, 30_000, 150_000  # characters
TOO_LONG = 1.0  # seconds of CPU time for the long text; a shorter text is allowed less, in proportion to its length
# A try that takes less than this time for the short text cannot take too long for the long one, unless its time grows
# faster than with the square of the length. A linear pattern takes about 0.05 ms.
SUSPICIOUS = TOO_LONG * (SHORT / LONG) ** 2
FASTER_THAN_LINEAR = 2.5  # the growth of the time from the short text to the double one; it is 4 for quadratic time

TOKENS = (
    *("a", "A", "z", "0", "7", "_", "é", "Ω", "中", "\u0301", "ß", "v1"),
    *(" ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u2028", " \n", "\n\n", "\x00", "\x1f", "\u200b", "\ufeff"),
    *('"', "'", "`", "’", "“", '""', "\"'", "'s", '\\"', "\\\\", "\\", "\\\\\\"),
    *("(", ")", "[", "]", "{", "}", "()", "[]", "{}", "((", "[[", "{{", "](", "[a](", "![a](b)", "{a", "a}", '{"'),
    *("<", ">", "<>", "<a", "<a ", "<b>", "</b>"),
    *("<!--", "-->", "<![CDATA[", "]]>", "<item>", "</item>", "<p:", "<a b='"),
    *("&", ";", "&amp;", "&amp", "&#", "&#38;", "&#0", "&#x0", "<!ENTITY ", "<?xml ", "xmlns:a=", " xmlns:a='"),
    *("@", "a@", "@a", ".", "..", "a.", ".a", "-", "--", "a-"),
    *("-a", ",", ", ", "a,", "a, ", ":", "a:", "/", "//", "a/"),
    *("http://", "http://a/", "https://arxiv.org/abs/", "doi:10.1000/"),
    *("10.1000/", "arXiv:", "arXiv:2607.00001 ", "www."),
    *("$", "$$", "\\frac{", "\\frac{a}", "\\text{", "\\'", "\\hat "),
    *("^{", "^\\circ", "~", "a~", "%", "%\n", "\\begin{"),
    *("+", "#", "*", "**", "__", "=", "|", "!", "?"),
    *("a b ", "a a", "ab cd ", "Ab ", "Ab, ", "Ab and ", "and ", "by ", "de "),
    *("2026-07-06", "2026", "1 ", "12,", "1 upvotes", "Subject: a\n", "a,a\n", "{\n", "},", "[1,", "'a': ", '"a": '),
    *("Get trending papers", "/papers/", "/login?next=", "Log In"),
    *("Subscribe", "et al", "submitted by ", "class=", "style='"),
)  # fmt: skip


def named_patterns() -> dict[str, re.Pattern[Any]]:
    """Return the patterns that the variables of notifier's modules hold, also inside collections.

    The key of a pattern names the module and the variable, and contains the pattern's source.
    """
    found: dict[str, re.Pattern[Any]] = {}
    for module in pkgutil.walk_packages(notifier.__path__, "notifier."):
        if not module.name.endswith("__main__") and ".migrations." not in module.name:
            for name, value in vars(import_module(module.name)).items():
                found.update({f"{module.name}.{name}: {each.pattern!r}": each for each in patterns_in(value)})
    return found


def patterns_in(value: object, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    """Yield the patterns in a value."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth < 6 and isinstance(value, dict):
        yield from patterns_in([*value.keys(), *value.values()], depth + 1)
    elif depth < 6 and isinstance(value, tuple | list | set | frozenset):
        for each in value:
            yield from patterns_in(each, depth + 1)


def seconds(pattern: re.Pattern[Any], method: str, text: str | bytes) -> float:
    """Return the CPU time that a method takes on a text. A timer ends the method after 2 * TOO_LONG seconds.

    The timer cannot end a method that begins to match at many positions and soon gives up at each of them.
    """
    start = process_time()
    signal.setitimer(signal.ITIMER_PROF, 2 * TOO_LONG)
    with suppress(TimeoutError):
        METHODS[method](pattern, text)
    signal.setitimer(signal.ITIMER_PROF, 0)
    return process_time() - start


def best_seconds(pattern: re.Pattern[Any], method: str, token: str, length: int) -> float:
    """Return the CPU time that a method takes on a text that repeats a token: the better of two tries."""
    text = repeated(token, length, pattern)
    first = seconds(pattern, method, text)
    return first if first < SUSPICIOUS else min(first, seconds(pattern, method, text))


def is_slow(pattern: re.Pattern[Any], method: str, token: str, short: float) -> bool:
    """Return whether a method, whose time for the short text is `short`, takes too long on a longer text."""
    if short < SUSPICIOUS or best_seconds(pattern, method, token, DOUBLE) < FASTER_THAN_LINEAR * short:
        return False
    return any(takes_too_long(pattern, method, token, length) for length in (SHORT, DOUBLE, MIDDLE, LONG))


def takes_too_long(pattern: re.Pattern[Any], method: str, token: str, length: int) -> bool:
    """Return whether a method takes longer than is allowed for a text of this length."""
    return best_seconds(pattern, method, token, length) > TOO_LONG * length / LONG


METHODS: dict[str, Callable[[re.Pattern[Any], Any], object]] = {
    "search": lambda pattern, text: pattern.search(text),
    "match": lambda pattern, text: pattern.match(text),
    "fullmatch": lambda pattern, text: pattern.fullmatch(text),
    "findall": lambda pattern, text: pattern.findall(text),
    "sub": lambda pattern, text: pattern.sub("", text) if isinstance(text, str) else pattern.sub(b"", text),
}


def repeated(token: str, length: int, pattern: re.Pattern[Any]) -> str | bytes:
    """Return a text of about this length that repeats the token; it is bytes if the pattern matches bytes."""
    text = token * (length // len(token))
    return text.encode() if isinstance(pattern.pattern, bytes) else text


def end_try(*_: object) -> None:
    """End a try that takes too long."""
    raise TimeoutError


def slow_try(pattern: re.Pattern[Any]) -> tuple[str, str] | None:
    """Return a method and a token with which a pattern takes too long, or None if there are none."""
    slowest = (0.0, "search", TOKENS[0])
    for token, method in product(TOKENS, METHODS):
        short = best_seconds(pattern, method, token, SHORT)
        if is_slow(pattern, method, token, short):
            return method, token
        slowest = max(slowest, (short, method, token))
    _, method, token = slowest
    return (method, token) if takes_too_long(pattern, method, token, LONG) else None


def slow_patterns(patterns: Mapping[str, re.Pattern[Any]]) -> dict[str, tuple[str, str]]:
    """Return the names of the patterns that take too long, each with a method and a token."""
    signal.signal(signal.SIGPROF, end_try)
    return {name: found for name, pattern in patterns.items() if (found := slow_try(pattern))}


if __name__ == "__main__":
    found = slow_patterns(named_patterns())
    print(json.dumps({"tokens": len(TOKENS), "patterns": len(named_patterns()), "slow": found}))
