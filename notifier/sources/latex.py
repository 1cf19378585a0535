"""LaTeX made plain: what a reader of the compiled paper sees, as far as one line of Unicode can show it.

Every pattern is linear: a repeated part is possessive, or ends at a character that it cannot hold.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from notifier.sources.latex_symbols import ACCENTS, LETTERS, STYLES, SWITCHES, SYMBOLS

_COMMAND = r"\\(?<!\\\\)"  # one that no backslash stands before; searched by its first character, which is quick
_GROUP = r"\{((?:[^{}]++|\{[^{}]*+\})*+)\}"  # one level of braces inside
_BASE = r"(?:\{\s*\\?([A-Za-z])\s*\}|\\([ij])(?![A-Za-z])|([A-Za-z]))"

_BRACKETS = re.compile(rf"{_COMMAND}[()\[\]]")
_DOLLARS = re.compile(r"\$(?<!\\\$)\$*+")
_MARKUP = re.compile(r"[\\^_={}]")
_PROSE = re.compile(r"(?<!\\)\b[A-Za-z]{3,}(?: [A-Za-z]+){3}")
_OPERATORS = ("-", "+", "/", "<", ">", ",", "*")
_OPEN_END = ("-", "–", "/", ",", "+", "(", ":")  # what stands before a second amount of money, not in a formula
_WORD_FOLLOWS = re.compile(r"\s[A-Za-z]{2}")

_SIGN_ACCENT = re.compile(rf"{_COMMAND}([\"'`^~=.])\s?{_BASE}")
_LETTER_ACCENT = re.compile(rf"{_COMMAND}([Hcdkruv])(?:\s*\{{\s*\\?([A-Za-z])\s*\}}|\s+([A-Za-z])(?![A-Za-z]))")
_MATH_ACCENT = re.compile(rf"{_COMMAND}({'|'.join(name for name in ACCENTS if len(name) > 2)})(?![A-Za-z])\s*{_BASE}")
_LETTER = re.compile(rf"{_COMMAND}({'|'.join(LETTERS)})(?![A-Za-z])(?:\{{\}}| (?=\w))?")
_NAMED = re.compile(rf"{_COMMAND}([A-Za-z]+)(?:\{{\}})?")


def plain(text: str) -> str:
    """The text with its LaTeX made plain; commands that are not known stay as written."""
    if "\\" in text:
        text = _BRACKETS.sub("", text)
    if "$" in text:
        text = _without_math_marks(text)
    return _by_rules(text)


def _by_rules(text: str) -> str:
    for needed, rules in _RULES:
        if needed in text:
            for pattern, replacement in rules:
                text = pattern.sub(replacement, text)
    return text


def _without_math_marks(text: str) -> str:
    """Formulas without the dollars around them; amounts of money keep theirs."""
    parts = _DOLLARS.split(text)
    done, index = [parts[0]], 1
    while index < len(parts):
        if index + 1 < len(parts) and _is_formula(parts[index], parts[index + 1]):
            done += _by_rules(parts[index]), parts[index + 1]
            index += 2
        else:
            done += "$", parts[index]
            index += 1
    return "".join(done)


def _is_formula(inside: str, after: str) -> bool:
    """Whether what stands between two dollars is a formula, and not the way from one amount of money to the next."""
    if not inside.strip() or _PROSE.search(inside):
        return False
    if _MARKUP.search(inside) or inside in _OPERATORS:
        return True
    if inside[0].isspace() or inside[-1].isspace():
        return False
    return not inside[0].isdigit() or not (
        inside.endswith(_OPEN_END) or after[:1].isdigit() or _WORD_FOLLOWS.search(inside)
    )


def _accented(found: re.Match[str]) -> str:
    """A letter with its accent, if Unicode has it as one character or the accent is one of mathematics."""
    mark, letter = ACCENTS[found[1]], next(filter(None, found.groups()[1:]))
    whole = unicodedata.normalize("NFC", letter + mark)
    return whole if len(whole) == 1 or len(found[1]) > 1 else found[0]


def _root(found: re.Match[str]) -> str:
    return f"√{found[1]}" if found[1].isalnum() else f"√({found[1]})"


_Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

# In order, with the character that a text must have for any of them to match. Each begins with a character of its own,
# and looks back after it: so the search is quick.
_RULES: tuple[tuple[str, tuple[_Rule, ...]], ...] = (
    (
        "\\",
        (
            (re.compile(r"\^\{?\\circ(?![A-Za-z])\}?"), "°"),
            (_SIGN_ACCENT, _accented),
            (_LETTER_ACCENT, _accented),
            (_MATH_ACCENT, _accented),
            (_LETTER, lambda found: LETTERS[found[1]]),
        ),
    ),
    (
        "{",
        (
            (re.compile(r"\{([^\W\d_][\u0300-\u036f]?)\}(?<=[^\x00-\x7f]\})"), r"\1"),  # {é}
        ),
    ),
    (
        "\\",
        (
            (re.compile(rf"{_COMMAND}(?:href|textcolor)\s*{_GROUP}\s*{_GROUP}"), r"\2"),
            (re.compile(rf"{_COMMAND}[dt]?frac\s*{_GROUP}\s*{_GROUP}"), r"\1/\2"),
            (re.compile(rf"{_COMMAND}sqrt\s*{_GROUP}"), _root),
            (re.compile(rf"{_COMMAND}(?:{'|'.join(STYLES)})\s*{_GROUP}"), r"\1"),
            (re.compile(rf"\{{\\(?:{'|'.join(SWITCHES)})(?![A-Za-z])\s*((?:[^{{}}]++|\{{[^{{}}]*+\}})*+)\}}"), r"\1"),
        ),
    ),
    (
        "{",
        (
            (re.compile(r"\{(?<=[\^_]\{)(-?\w+)\}"), r"\1"),  # x^{2}
            (re.compile(r"\{(?<=\d\{),\}(?=\d)"), ","),  # 10{,}000
        ),
    ),
    (
        "\\",
        (
            (_NAMED, lambda found: SYMBOLS.get(found[1], found[0])),
            (re.compile(rf"{_COMMAND}!"), ""),
            (re.compile(r"\\\\|\\[,;:\s]"), " "),
            (re.compile(r"\\([%&$#_{}])"), r"\1"),
        ),
    ),
    (
        "~",
        (
            (re.compile(r"~(?<=[^\W\d_]~|\.~)(?=[\w(\\$])"), " "),  # a tie, unlike that of `~10` and `/~name`
        ),
    ),
)
