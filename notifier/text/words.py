"""The text rules: how words are folded, cut into tokens and stemmed, for papers and queries alike.

Whatever compares text goes through here. A change of any rule raises TEXT_VERSION: canonical queries and folded titles
that were stored under another version are then recomputed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple
from unicodedata import category, name, normalize

from Stemmer import Stemmer

TEXT_VERSION = 1


class Token(NamedTuple):
    """A word as it is compared, and where it stands: half-open, in code points of the text that was given."""

    folded: str
    start: int
    end: int


def fold(text: str) -> str:
    """The text without case, compatibility forms, and marks on Latin, Greek and Cyrillic letters; idempotent."""
    if text.isascii():
        return text.lower()
    return _BEYOND_ASCII.sub(_plain_match, normalize("NFKC", text).casefold())


def words(text: str) -> list[str]:
    """The folded tokens of a text, in order: those of `tokens`, found more quickly."""
    folded = fold(text)
    if folded.isascii():
        return _ascii_words(folded)
    # White space always splits: what stands between it and is ASCII need not go the long way.
    runs = groupby(folded.split(), str.isascii)
    return [word for is_ascii, run in runs for word in (_ascii_words if is_ascii else _shaped_words)(" ".join(run))]


def tokens(text: str) -> list[Token]:
    """The tokens of a text, in order, with their places; one character may be part of two (`½` is `1` and `2`)."""
    if text.isascii():
        return [Token(match[1], *match.span(1)) for match in _ASCII_TOKEN.finditer(text.lower())]
    folded, places = _fold_with_places(text)
    return [Token(folded[start:end], places[start][0], places[end - 1][1]) for start, end in _cuts(folded)]


def folded_title(title: str) -> str:
    """What identifies a paper that has no arXiv id: its tokens joined by spaces."""
    return " ".join(words(title))


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """What the inflections of a folded word have in common; a word of other than ASCII letters is its own stem.

    Snowball's English stemmer, applied once. It leaves the plurals of most abbreviations (`llms`, `pdes`) as they are:
    a word of 4 to 8 letters loses that one `s`.
    """
    if not (word.isascii() and word.isalpha()):
        return word
    stemmed: str = _SNOWBALL.stemWord(word)
    left_plural = stemmed == word and 4 <= len(word) <= 8 and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if left_plural else stemmed


def shortest_word(stemmed: str) -> str:
    """The one word that stands for all of that stem: the stem itself, but for the few that stem would cut again.

    So `organis` is `organise`. No stem is known that none of the endings fits.
    """
    candidates = (stemmed + ending for ending in ("", "e", "s", "ness"))
    return next((word for word in candidates if stem(word) == stemmed), stemmed)


_SNOWBALL = Stemmer("english", 0)  # without its own cache, which is not for several threads

# A token, and the possessive that it drops. In a shape, `a` is a letter or digit, `m` a mark on one, `i` a character
# that is a token of its own; `s`, `'`, `+` and `#` stand for themselves, and a space for all that splits.
_ASCII_TOKEN = re.compile(r"([a-z0-9]+(?:(?:\+{1,2}+|#)(?![a-z0-9]))?)(?:'s(?![a-z0-9]))?")
_ASCII_POSSESSIVE = re.compile(r"([a-z0-9])'s(?![a-z0-9])")
_ASCII_SPLIT = bytes(code if chr(code).isalnum() else ord(" ") for code in range(128)) + bytes(128)
_SHAPED_TOKEN = re.compile(r"(i|[as][asm]*(?:(?:\+{1,2}+|#)(?![asi]))?)(?:'s(?![asi]))?")


def _ascii_words(folded: str) -> list[str]:
    if "+" in folded or "#" in folded:
        return _ASCII_TOKEN.findall(folded)
    if "'" in folded:
        folded = _ASCII_POSSESSIVE.sub(r"\1 ", folded)
    return folded.encode().translate(_ASCII_SPLIT).decode().split()


def _shaped_words(folded: str) -> list[str]:
    return [folded[start:end] for start, end in _cuts(folded)]


def _cuts(folded: str) -> Iterator[tuple[int, int]]:
    return (match.span(1) for match in _SHAPED_TOKEN.finditer(folded.translate(_SHAPES)))


class _Shapes(dict[int, str]):
    """A table for str.translate that learns each character at its first use."""

    def __missing__(self, code_point: int) -> str:
        self[code_point] = shape = _shape(chr(code_point))
        return shape


_SHAPES = _Shapes()
_SCRIPTS_WITHOUT_SPACES = ("CJK ", "IDEOGRAPHIC ", "HIRAGANA ", "KATAKANA", "HENTAIGANA ")
_SCRIPTS_WITHOUT_MARKS = ("LATIN ", "GREEK ", "CYRILLIC ")


def _shape(char: str) -> str:
    if char in "s'+#":
        return char
    if char.isalnum():
        return "i" if name(char, "").startswith(_SCRIPTS_WITHOUT_SPACES) else "a"
    return "m" if _is_mark(char) else " "


def _is_mark(char: str) -> bool:
    return category(char).startswith("M")


_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")  # a mark that it begins with is on an ASCII character, and goes
_PLAIN_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "’": "'"})


def _plain_match(match: re.Match[str]) -> str:
    return _plain(match[0])


@lru_cache(maxsize=1 << 12)
def _plain(cased: str) -> str:
    """Without the marks that do not count, and with the letters that Unicode does not take apart mapped."""
    kept = []
    base = ""
    for char in normalize("NFKD", cased):
        if not _is_mark(char):
            base = char
        if base == char or _keeps_marks(base):
            kept.append(char)
    return normalize("NFC", "".join(kept).translate(_PLAIN_LETTERS))


@lru_cache(maxsize=1 << 12)
def _keeps_marks(base: str) -> bool:
    return base.isalpha() and not name(base, "").startswith(_SCRIPTS_WITHOUT_MARKS)


def _fold_with_places(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The folded text, and for each of its characters the span that it was made from."""
    folded: list[str] = []
    places: list[tuple[int, int]] = []
    for start, end in _clusters(text):
        piece = fold(text[start:end])
        folded.append(piece)
        places += [(start, end)] * len(piece)
    return "".join(folded), places


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """The spans of a text that are folded each by itself: a character, and those after it that compose with it."""
    start = 0
    for end in range(1, len(text)):
        if not _composes(text[end]):
            yield start, end
            start = end
    if text:
        yield start, len(text)


@lru_cache(maxsize=1 << 14)
def _composes(char: str) -> bool:
    """Whether NFKC may join the character to the one before: marks, and the later letters of a Hangul syllable."""
    first = normalize("NFKD", char)[0]
    return _is_mark(first) or "\u1161" <= first <= "\u1175" or "\u11a8" <= first <= "\u11c2"
