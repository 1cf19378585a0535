"""Print, as JSON, the compiled patterns of notifier whose matching time grows faster than the length of the text.

Run this module as a program.

A pattern is tried on texts that repeat one token. A text of 5,000 characters is enough to notice time that grows with
the square of the length. A pattern that is suspiciously slow on this text is tried on longer and longer texts, up to
150,000 characters, until it takes longer than is allowed for a text of that length. A timer ends a try that would
backtrack for hours.
"""

from __future__ import annotations

import json
import pkgutil
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from time import process_time
from typing import Any

import notifier

LENGTHS = (5_000, 20_000, 50_000, 150_000)  # characters
SUSPICIOUS = 0.004  # seconds of CPU time for the shortest text; a linear pattern takes about 0.1 ms
TOO_LONG = 1.0  # seconds of CPU time for the longest text; a shorter text is allowed less, in proportion to its length

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


def is_slow(pattern: re.Pattern[Any], method: str, token: str) -> bool:
    """Return whether a method takes too long on a text that repeats a token. The better of two tries counts."""
    if seconds(pattern, method, repeated(token, LENGTHS[0], pattern)) < SUSPICIOUS:
        return False
    for length in LENGTHS:
        text, allowed = repeated(token, length, pattern), TOO_LONG * length / LENGTHS[-1]
        if all(seconds(pattern, method, text) > allowed for _ in range(2)):
            return True
    return False


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


def slow_tries(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str]]:
    """Yield the methods and tokens with which a pattern takes too long."""
    for token in TOKENS:
        for method in METHODS:
            if is_slow(pattern, method, token):
                yield method, token


if __name__ == "__main__":
    signal.signal(signal.SIGPROF, end_try)
    slow = {}
    for place, pattern in named_patterns().items():
        if tries := list(slow_tries(pattern)):
            slow[place] = tries
    print(json.dumps({"tokens": len(TOKENS), "patterns": len(named_patterns()), "slow": slow}))
