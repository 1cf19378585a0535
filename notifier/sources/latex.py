"""Convert LaTeX in titles and abstracts to Unicode text that looks like the compiled paper.

Every regular expression here takes linear time. Its repeated parts are possessive, or end at a character that they
cannot contain.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable

from notifier.sources.latex_symbols import ABBREVIATIONS, ACCENTS, LETTERS, STYLES, SWITCHES, SYMBOLS

# The beginning of a command: a backslash that does not follow another backslash. The lookbehind comes second because a
# search is fast if its pattern begins with a fixed character.
_COMMAND = r"\\(?<!\\\\)"
_GROUP = r"\{((?:[^{}]++|\{[^{}]*+\})*+)\}"  # a group in braces, which may contain one more level of groups
_BASE_LETTER = r"(?:\{\s*\\?([A-Za-z])\s*\}|\\([ij])(?![A-Za-z])|([A-Za-z]))"  # the letter that gets an accent

_TEXT_FOR_PDF = re.compile(rf"{_COMMAND}texorpdfstring\s*\{{(?:[^{{}}]++|\{{[^{{}}]*+\}})*+\}}\s*{_GROUP}")
_FORMULA_BRACKETS = re.compile(rf"{_COMMAND}[()\[\]]")
_DOLLAR_SIGNS = re.compile(r"\$(?<!\\\$)\$*+")
_FORMULA_CHARACTER = re.compile(r"[\\^_={}]")
_PROSE = re.compile(r"(?<!\\)\b[A-Za-z]{3,}(?: [A-Za-z]+){3}")  # four words, which are too many for a formula
_OPERATORS = ("-", "+", "/", "<", ">", ",", "*")
# A text that ends with one of these may be followed by an amount of money, as in `$5-$10`.
_BEFORE_MONEY = ("-", "–", "/", ",", "+", "(", ":")
_WORD_FOLLOWS = re.compile(r"\s[A-Za-z]{2}")

_SIGN_ACCENT = re.compile(rf"{_COMMAND}([\"'`^~=.]){_BASE_LETTER}")
# Quotation marks and apostrophes that a program has escaped, as in `today\'s \"news\"`. `\'s` could also be
# an `s` with an accent. If the `s` is the last letter of a word, `\'` is taken for an apostrophe.
_ESCAPED_QUOTES = (
    re.compile(rf"{_COMMAND}(['\"])(?=(?:s|t|d|m|re|ve|ll|S)(?![A-Za-z\\]))(?<=[A-Za-z0-9]\\['\"])"),
    re.compile(rf"{_COMMAND}(')(?=[A-Z][a-z])(?<=\b[ODL]\\')"),  # O'Reilly
    re.compile(r"\\(?<![\w\\}]\\)(['\"])(?=\w(?:[^\\\n]{0,300}+)\\\1(?![A-Za-z{\\]))"),
    re.compile(rf"{_COMMAND}(['\"])(?![A-Za-z{{\\])"),
)
# Commands whose argument is a reference or a length, and is no text of the paper.
_UNSEEN = (
    *(
        "cite",
        "Cite",
        "parencite",
        "textcite",
        "autocite",
        "footcite",
        "nocite",
        "ref",
        "cref",
        "Cref",
        "eqref",
        "autoref",
    ),
    *("pageref", "label", "thanks", "index", "hspace", "vspace", "footnotemark"),
)
_OPTIONS = r"\s*+(?:\[[^\[\]]{0,300}+\]\s*+){0,2}"
_REFERENCE_COMMAND = rf"{_COMMAND}(?:{'|'.join(_UNSEEN)})[a-z]{{0,8}}\*?(?![A-Za-z]){_OPTIONS}{_GROUP}"
_REFERENCE = re.compile(rf"[ ~]{{0,2}}+(?:[(\[](?:{_REFERENCE_COMMAND}[,; ]*+)++[)\]]|{_REFERENCE_COMMAND})")
_FOOTNOTE = re.compile(rf"[ ~]{{0,2}}+{_COMMAND}(?:footnote|footnotetext)(?![A-Za-z]){_OPTIONS}{_GROUP}")
_ENVIRONMENT = re.compile(
    rf"{_COMMAND}(?:begin|end)\s*\{{(?:itemize|enumerate|description|center|quote|abstract|document|(?:equation|align)\*?)\}}"
    rf"|{_COMMAND}item(?![A-Za-z])"
)
_ABBREVIATION = re.compile(rf"{_COMMAND}({'|'.join(ABBREVIATIONS)})(?![A-Za-z])\.?(?:\{{\}}|\\(?=\s))?")
_CODE_POINT = re.compile(
    rf"{_COMMAND}(?:unicode|symbol|char)\s*(?:\[[^\[\]]{{0,100}}\])?\{{?\s*(?:(?:0?[xX]|\"|U\+)([0-9A-Fa-f]{{1,6}})"
    rf"(?![0-9A-Za-z])|(\d{{1,7}}))\s*\}}?|{_COMMAND}u(?=[0-9a-fA-F]{{0,3}}\d)([0-9a-fA-F]{{4}})(?![0-9A-Za-z])"
)
_SUPERSCRIPT = re.compile(rf"{_COMMAND}textsuperscript\s*{_GROUP}")
_LETTER_ACCENT = re.compile(rf"{_COMMAND}([Hcdhkruv])(?:\s*\{{\s*\\?([A-Za-z])\s*\}}|\s+([A-Za-z])(?![A-Za-z]))")
_MATH_ACCENT_NAMES = "|".join(name for name in ACCENTS if len(name) > 2)
_MATH_ACCENT = re.compile(rf"{_COMMAND}({_MATH_ACCENT_NAMES})(?![A-Za-z])\s*{_BASE_LETTER}")
_LETTER = re.compile(rf"{_COMMAND}({'|'.join(LETTERS)})(?![A-Za-z])(?:\{{\}}| (?=\w))?")
_APOSTROPHE_IN_NAME = re.compile(rf"{_COMMAND}'(?=[A-Z][a-z])(?<=\b[ODL]\\')")  # O'Reilly
_DOTLESS_IN_NAME = re.compile(r"\\(?<=\\['`^\"~=.]\\)(?=[ij])")  # Mart\'\in
_ACCENT_IN_NAME = re.compile(rf"{_COMMAND}([Hcdhkruv]) ?([A-Za-z])(?![A-Za-z]{{0,20}}\{{)")
_LETTER_IN_NAME = re.compile(
    rf"{_COMMAND}({'|'.join(sorted(LETTERS, key=len, reverse=True))})(?:\{{\}}| (?=[a-z]))?(?![A-Za-z]{{0,20}}\{{)"
)
_NAMED_COMMAND = re.compile(rf"{_COMMAND}([A-Za-z]+)(?:\{{\}})?")


def latex_to_unicode(text: str) -> str:
    """Return the text with its LaTeX converted to Unicode. Unknown commands stay as they are written."""
    if "\\" in text:
        text = _FORMULA_BRACKETS.sub("", _TEXT_FOR_PDF.sub(r"\1", text))
    if "$" in text:
        text = _without_math_marks(text)
    return _apply_rules(text)


def with_letters(name: str) -> str:
    r"""Return the name of a person, with the LaTeX commands for letters and accents replaced by characters.

    A name contains no formulas, so `\in` is not taken for a symbol: it is `\i` without its braces, and an `n`.
    """
    name = _APOSTROPHE_IN_NAME.sub("'", name)
    name = _SIGN_ACCENT.sub(_accented, _DOTLESS_IN_NAME.sub("", name))
    name = _ACCENT_IN_NAME.sub(_accented, name)
    return _LETTER_IN_NAME.sub(lambda found: LETTERS[found[1]], name)


def _apply_rules(text: str) -> str:
    for needed, rules in _RULES:
        if needed in text:
            for pattern, replacement in rules:
                text = pattern.sub(replacement, text)
    return text


def _without_math_marks(text: str) -> str:
    """Remove the dollar signs around formulas, and keep those before amounts of money."""
    parts = _DOLLAR_SIGNS.split(text)
    result, index = [parts[0]], 1
    while index < len(parts):
        if index + 1 < len(parts) and _is_formula(parts[index], parts[index + 1]):
            result += _apply_rules(parts[index]), parts[index + 1]
            index += 2
        else:
            result += "$", parts[index]
            index += 1
    return "".join(result)


def _is_formula(inside: str, after: str) -> bool:
    """Return whether the text between two dollar signs is a formula.

    It is not one in `$5 and $10`, where both signs belong to amounts of money. `after` is the text after the second
    sign.
    """
    if not inside.strip() or _PROSE.search(inside):
        return False
    if _FORMULA_CHARACTER.search(inside) or inside in _OPERATORS:
        return True
    if inside[0].isspace() or inside[-1].isspace():
        return False
    return not inside[0].isdigit() or not (
        inside.endswith(_BEFORE_MONEY) or after[:1].isdigit() or _WORD_FOLLOWS.search(inside)
    )


def _accented(found: re.Match[str]) -> str:
    """Return a letter with its accent.

    If Unicode has no single character for the accented letter, a mathematical accent such as that of `hat` becomes a
    combining character after the letter, and any other command stays as it is written.
    """
    mark, letter = ACCENTS[found[1]], next(filter(None, found.groups()[1:]))
    whole = unicodedata.normalize("NFC", letter + mark)
    return whole if len(whole) == 1 or len(found[1]) > 1 else found[0]


def _character(found: re.Match[str]) -> str:
    """Return the character with this code point; an empty string if there is none."""
    code = int(found[2]) if found[2] else int(found[1] or found[3], 16)
    return chr(code) if code <= sys.maxunicode else ""


def _superscript(found: re.Match[str]) -> str:
    """Return a superscript as plain text: `4th`, but `10^3`, because 103 is another number."""
    is_power = found[1].lstrip("-").isdigit() and found.string[found.start() - 1 : found.start()].isdigit()
    return f"^{found[1]}" if is_power else found[1]


def _footnote(found: re.Match[str]) -> str:
    return f" ({note})" if (note := found[1].strip().rstrip(".")) else ""


def _symbol(found: re.Match[str]) -> str:
    return SYMBOLS.get(found[1], found[0])


def _root(found: re.Match[str]) -> str:
    return f"√{found[1]}" if found[1].isalnum() else f"√({found[1]})"


def _reference(found: re.Match[str]) -> str:
    """Return a space if a word follows, because the spaces before a reference are removed with it."""
    return " " if found.string[found.end() : found.end() + 1].isalnum() else ""


_Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

# The rules in the order in which they are applied. Each group begins with a string that every match of its rules
# contains. A text without that string skips the group.
_RULES: tuple[tuple[str, tuple[_Rule, ...]], ...] = (
    *((f"\\{command}", ((_REFERENCE, _reference),)) for command in _UNSEEN),
    ("\\footnote", ((_FOOTNOTE, _footnote),)),
    (
        "\\",
        (
            *((pattern, r"\1") for pattern in _ESCAPED_QUOTES),
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
            (_CODE_POINT, _character),
            # A command directly before another one, as in `\times\mathbf{x}`. It is replaced first: once `\mathbf` is
            # removed, the text would be `\timesx`.
            (re.compile(rf"{_COMMAND}([A-Za-z]+)(?=\\[A-Za-z])"), _symbol),
            (_ABBREVIATION, lambda found: ABBREVIATIONS[found[1]]),
            (_ENVIRONMENT, " "),
            (_SUPERSCRIPT, _superscript),
            (re.compile(rf"{_COMMAND}(?:href|textcolor)\s*{_GROUP}\s*{_GROUP}"), r"\2"),
            (re.compile(rf"{_COMMAND}[dt]?frac\s*{_GROUP}\s*{_GROUP}"), r"\1/\2"),
            (re.compile(rf"{_COMMAND}[dt]?frac\s*(\d)\s*(\d)"), r"\1/\2"),
            (re.compile(rf"{_COMMAND}pmod\s*{_GROUP}"), r"(mod \1)"),
            (re.compile(rf"{_COMMAND}sqrt\s*{_GROUP}"), _root),
            (re.compile(rf"{_COMMAND}(?:{'|'.join(STYLES)})\*?\s*{_GROUP}"), r"\1"),
            (re.compile(rf"{_COMMAND}math(?:bb|bf|cal|frak|rm|scr|sf)\s+([A-Za-z])(?![A-Za-z])"), r"\1"),
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
            (_NAMED_COMMAND, _symbol),
            (re.compile(rf"{_COMMAND}!"), ""),
            (re.compile(r"\\\\|\\[,;:\s]"), " "),
            (re.compile(r"\\([%&$#_{}])"), r"\1"),
        ),
    ),
    (
        "~",
        (
            (re.compile(r"~(?<=[^\W\d_]~|\.~)(?=[\w(\\$])"), " "),  # a tie between words; `~10` and `/~name` stay
        ),
    ),
)
