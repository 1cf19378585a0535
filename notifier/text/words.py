"""Fold text, split it into tokens (words) and stem them, by the same rules in papers and in queries: the text rules.

All comparisons of text use this module; searches use it through `spellings`. TEXT_VERSION must be raised when any rule
of the two modules changes: canonical queries and tokens that were stored under another version are then recomputed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple
from unicodedata import category, name, normalize

from Stemmer import Stemmer

TEXT_VERSION = 2


class Token(NamedTuple):
    """A folded word and its place in the original text, from `start` up to but not including `end`, in code points."""

    folded: str
    start: int
    end: int


def fold(text: str) -> str:
    """Fold text: remove case, Unicode compatibility forms, and marks on Latin, Greek and Cyrillic letters.

    Folding a folded text changes nothing.
    """
    if text.isascii():
        return text.lower()
    return _NON_ASCII.sub(_without_marks_in_match, normalize("NFKC", text).casefold())


def words(text: str) -> list[str]:
    """Return the folded tokens of a text in order, as `tokens` does, but faster and without their places."""
    folded = fold(text)
    if folded.isascii():
        return _ascii_words(folded)
    # White space always separates tokens, so the pieces that are ASCII can be split by the faster function.
    runs = groupby(folded.split(), str.isascii)
    return [word for is_ascii, run in runs for word in (_ascii_words if is_ascii else _unicode_words)(" ".join(run))]


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text in order, with their places.

    A character may belong to two tokens: `½` folds to the tokens `1` and `2`.
    """
    if text.isascii():
        return [Token(match[1], *match.span(1)) for match in _ASCII_TOKEN.finditer(text.lower())]
    folded, places = _fold_with_places(text)
    return [Token(folded[start:end], places[start][0], places[end - 1][1]) for start, end in _token_spans(folded)]


def folded_title(title: str) -> str:
    """Return the tokens of a title joined by spaces: the identity of a paper without an arXiv id."""
    return " ".join(words(title))


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """Return the stem of a folded word, which is the same for all inflections of an English word.

    The stemmer is Snowball's for English, applied once. It does not change the plurals of most abbreviations, such as
    `llms` and `pdes`; therefore a word of 4 to 8 letters that it leaves unchanged also loses a final `s`, unless it
    ends in `ss`. A word with characters other than ASCII letters is its own stem.
    """
    if not (word.isascii() and word.isalpha()):
        return word
    stemmed: str = _SNOWBALL.stemWord(word)
    is_plural = stemmed == word and 4 <= len(word) <= 8 and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if is_plural else stemmed


def shortest_word(stemmed: str) -> str:
    """Return the shortest word that has this stem.

    For most stems, this word is the stem itself. `stem` would shorten a few stems again, such as `organis`. These stems
    need an ending: `organise`. For every stem that the tests have tried, one of the four candidates has this stem.
    """
    candidates = (stemmed + ending for ending in ("", "e", "s", "ness"))
    return next((word for word in candidates if stem(word) == stemmed), stemmed)


_SNOWBALL = Stemmer("english", 0)  # 0: without the stemmer's own cache, which is not safe for several threads

# Two patterns match a token and the possessive `'s` after it, which is dropped. _ASCII_TOKEN matches in ASCII text.
# _TOKEN_IN_SHAPE matches in the shape of any text: the text with each character replaced by its class. The class `a` is
# a letter or digit, `m` is a mark, `i` is a character that is a token by itself, and a space is a separator. `s`, `'`,
# `+` and `#` are classes of their own.
_ASCII_TOKEN = re.compile(r"([a-z0-9]+(?:(?:\+{1,2}+|#)(?![a-z0-9]))?)(?:'s(?![a-z0-9]))?")
_ASCII_POSSESSIVE = re.compile(r"([a-z0-9])'s(?![a-z0-9])")
_ASCII_SPLIT = bytes(code if chr(code).isalnum() else ord(" ") for code in range(128)) + bytes(128)
_TOKEN_IN_SHAPE = re.compile(r"(i|[as][asm]*(?:(?:\+{1,2}+|#)(?![asi]))?)(?:'s(?![asi]))?")


def _ascii_words(folded: str) -> list[str]:
    if "+" in folded or "#" in folded:
        return _ASCII_TOKEN.findall(folded)
    if "'" in folded:
        folded = _ASCII_POSSESSIVE.sub(r"\1 ", folded)
    return folded.encode().translate(_ASCII_SPLIT).decode().split()


def _unicode_words(folded: str) -> list[str]:
    return [folded[start:end] for start, end in _token_spans(folded)]


def _token_spans(folded: str) -> Iterator[tuple[int, int]]:
    return (match.span(1) for match in _TOKEN_IN_SHAPE.finditer(folded.translate(_SHAPES)))


class _Shapes(dict[int, str]):
    """A table for str.translate, from code points to classes; each entry is computed at its first use."""

    def __missing__(self, code_point: int) -> str:
        self[code_point] = shape = _shape(chr(code_point))
        return shape


_SHAPES = _Shapes()
_SCRIPTS_WITHOUT_SPACES = ("CJK ", "IDEOGRAPHIC ", "HIRAGANA ", "KATAKANA", "HENTAIGANA ")
_SCRIPTS_THAT_LOSE_MARKS = ("LATIN ", "GREEK ", "CYRILLIC ")


def _shape(char: str) -> str:
    """Return the class of a character, which replaces it in a shape."""
    if char in "s'+#":
        return char
    if char.isalnum():
        return "i" if name(char, "").startswith(_SCRIPTS_WITHOUT_SPACES) else "a"
    return "m" if _is_mark(char) else " "


def _is_mark(char: str) -> bool:
    return category(char).startswith("M")


_NON_ASCII = re.compile(r"[^\x00-\x7f]+")  # marks at the start of a match belong to an ASCII character, and are removed
_PLAIN_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "’": "'"})


def _without_marks_in_match(match: re.Match[str]) -> str:
    return _without_marks(match[0])


@lru_cache(maxsize=1 << 12)
def _without_marks(casefolded: str) -> str:
    """Remove marks on Latin, Greek and Cyrillic letters, and replace the letters that Unicode does not decompose."""
    kept = []
    base = ""
    for char in normalize("NFKD", casefolded):
        if not _is_mark(char):
            base = char
        if base == char or _keeps_marks(base):
            kept.append(char)
    return normalize("NFC", "".join(kept).translate(_PLAIN_LETTERS))


@lru_cache(maxsize=1 << 12)
def _keeps_marks(base: str) -> bool:
    return base.isalpha() and not name(base, "").startswith(_SCRIPTS_THAT_LOSE_MARKS)


def _fold_with_places(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return the folded text, and for each of its characters the span of the original text that it comes from."""
    folded: list[str] = []
    places: list[tuple[int, int]] = []
    for start, end in _clusters(text):
        piece = fold(text[start:end])
        folded.append(piece)
        places += [(start, end)] * len(piece)
    return "".join(folded), places


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of a text that can be folded separately: a character, and those after it that compose with it."""
    start = 0
    for end in range(1, len(text)):
        if not _composes(text[end]):
            yield start, end
            start = end
    if text:
        yield start, len(text)


@lru_cache(maxsize=1 << 14)
def _composes(char: str) -> bool:
    """Return whether NFKC may join the character to the one before.

    This holds for marks, and for the second and third letters of a Hangul syllable.
    """
    first = normalize("NFKD", char)[0]
    return _is_mark(first) or "\u1161" <= first <= "\u1175" or "\u11a8" <= first <= "\u11c2"
