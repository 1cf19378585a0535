"""Repair formulas whose backslashes a source has removed, as in `1.45times` and `360^circ`.

A word such as `times` is taken for a command only if it touches a number, so `3 times` stays as it is. So does
`sim2real`, because letters follow its number.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_NUMBER = r"(?=\d[\d.,]*+(?:%|×|\)|\s|$))"
_STYLES = "emph|textbf|textit|textsc|texttt|textrm|textsf|mathbf|mathbb|mathcal|mathrm|mathit|mathsf"
_COMPARISONS = {"l": "≤ ", "g": "≥ "}

# Each pattern with its replacement, and a string that all its matches contain: looking for the string is faster.
_RULES: tuple[tuple[str, re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    ("times", re.compile(r"times(?<=\dtimes)(?![^\W\d])"), "×"),
    ("circ", re.compile(r"\^\{?circ(?![abd-eg-zA-BD-EG-Z])\}?|circ(?<=\dcirc)(?![a-z])"), "°"),
    ("eq", re.compile(rf"([lg])eq(?<![A-Za-z\\].eq) ?{_NUMBER}"), lambda found: _COMPARISONS[found[1]]),
    ("sim", re.compile(rf"sim(?<![A-Za-z\d\\-]sim){_NUMBER}"), "∼"),
    ("approx", re.compile(rf"approx(?<![A-Za-z\d\\-]approx){_NUMBER}"), "≈"),
    ("pm", re.compile(r"pm(?<=\d\.\dpm|.\d\dpm)(?=\d)"), "±"),
    ("{", re.compile(rf"(?<![A-Za-z\\])(?:{_STYLES})\{{([^{{}}]*+)\}}"), r"\1"),
)


def has_lost_backslashes(text: str) -> bool:
    """Return whether a text contains a command of LaTeX whose backslash is missing."""
    for part, pattern, _ in _RULES:  # noqa: SIM110 - this runs for every text, and a generator would be slower
        if part in text and pattern.search(text):
            return True
    return False


def repaired(text: str) -> str:
    """Return the text with the characters that such commands stand for."""
    for part, pattern, replacement in _RULES:
        if part in text:
            text = pattern.sub(replacement, text)
    return text
