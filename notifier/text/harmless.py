"""Make text from outside safe to show in a mail, a page or a terminal.

The functions replace control characters, check URLs, and wrap lines without separating a letter from its marks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import chain
from urllib.parse import quote

LINE_WIDTH = 72  # columns: comfortable to read, and short enough to be quoted in a reply

_SPACES = {*range(0x09, 0x0E), 0x85, 0x2028, 0x2029}
_CONTROLS = {*range(0x20), *range(0x7F, 0xA0)}
_BIDI_MARKS = {0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
_TAGS = set(range(0xE0000, 0xE0080))  # invisible copies of ASCII characters
_SURROGATES = set(range(0xD800, 0xE000))
_INERT = dict.fromkeys(_CONTROLS | _BIDI_MARKS | _TAGS | _SURROGATES, "\ufffd") | dict.fromkeys(_SPACES, " ")

_URL_PUNCTUATION = "!#$%&'()*+,/:;=?@[]~"
_SAFE_URL = re.compile(r"https?://[^/?#]+|mailto:[^@?]+@", re.IGNORECASE)

# Most Western letters, punctuation and mathematical signs: each takes one column.
_ONE_COLUMN_EACH = re.compile("[\0-\u02ff\u0391-\u03a1\u03a3-\u03c9\u2010-\u205e\u2200-\u22ff▲]*")
_MARKS = {"Mn", "Mc", "Me"}
_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def inert(text: str) -> str:
    """Replace the characters of a text that control its display instead of being displayed.

    Line ends and tabs become spaces. Other control characters, surrogates, bidirectional marks and tag characters
    become U+FFFD. The length stays the same, so spans in the text stay valid.
    """
    return text if text.isprintable() else text.translate(_INERT)


def inert_lines(text: str) -> str:
    """Make each line of a text inert; the line feeds between the lines stay."""
    return text if text.isprintable() else "\n".join(map(inert, text.split("\n")))


def without_controls(text: str) -> str:
    """Remove the characters of a text that `inert` would replace by U+FFFD; line ends and tabs become spaces."""
    return inert(text).replace("\ufffd", "")


def safe_url(url: str | None) -> str:
    """Return a URL percent-encoded to ASCII if it is http, https or mailto; otherwise an empty string."""
    encoded = quote((url or "").strip(), safe=_URL_PUNCTUATION, errors="replace")
    return encoded if _SAFE_URL.match(encoded) else ""


def grapheme_end(text: str, at: int) -> int:
    """Return the first index, not below `at`, where `text` can be cut without separating a letter from its marks.

    The rules are a subset of UAX 29's for grapheme clusters.
    """
    while 0 < at < len(text) and _continues(text, at):
        at += 1
    return at


def _continues(text: str, at: int) -> bool:
    character = text[at]
    if character.isascii():
        return text[at - 1] == _JOINER
    return (
        unicodedata.category(character) in _MARKS
        or character == _JOINER
        or text[at - 1] == _JOINER
        or ord(character) in _SKIN_TONES
    )


def columns(text: str) -> int:
    """Return the number of terminal columns that `text` takes: two for a wide character (UAX 11), none for a mark."""
    if text.isascii():
        return len(text)
    return sum(_character_columns(character) for character in text)


def _character_columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shortened_to_columns(text: str, limit: int) -> str:
    """Return a text, or its first words and an ellipsis, in at most `limit` columns.

    The words of the text must be separated by single spaces.
    """
    if columns(text) <= limit:
        return text
    first = _lines(text, limit - 1)[0]
    return first.rstrip(" .,;:([-\N{EN DASH}\N{EM DASH}") + "…"


def shortened_to_bytes(text: str, limit: int) -> str:
    """Return a text, or its beginning and an ellipsis, in at most `limit` bytes of UTF-8."""
    encoded = text.encode(errors="replace")
    if len(encoded) <= limit:
        return text
    end = len(encoded[: limit - len("…".encode())].decode(errors="ignore"))
    while end and _continues(text, end):
        end -= 1
    return text[:end].rstrip() + "…"


def wrapped(text: str, indent: str = "", first: str | None = None) -> str:
    """Wrap `text` into lines of at most LINE_WIDTH columns.

    Every line begins with `indent`, except that the first one begins with `first` if it is given.
    """
    room = LINE_WIDTH - columns(indent)
    start = indent if first is None else first
    lines = _lines(" ".join(text.split()), room)
    return start + f"\n{indent}".join(lines) if lines else start.rstrip()


def _lines(text: str, room: int) -> list[str]:
    """Split a text, whose words are separated by single spaces, into lines that are as full as possible."""
    if not (text.isascii() or _ONE_COLUMN_EACH.fullmatch(text)):
        return _lines_by_columns(text, room)
    lines: list[str] = []
    start = 0
    while len(text) - start > room:
        end = text.rfind(" ", start, start + room + 1)
        if end < 0:  # a word is longer than a line
            return _lines_by_columns(text, room)
        lines.append(text[start:end])
        start = end + 1
    return [*lines, text[start:]] if text else lines


def _lines_by_columns(text: str, room: int) -> list[str]:
    lines: list[str] = []
    used = room + 1  # so that the first word begins a new line
    for word in _words(text, room):
        width = len(word) if word.isascii() else columns(word)
        if used + 1 + width <= room:
            lines[-1] += f" {word}"
            used += 1 + width
        else:
            lines.append(word)
            used = width
    return lines


def _words(text: str, room: int) -> Iterable[str]:
    """Return the words of a text, with those that are wider than a line cut into pieces."""
    words = text.split()
    if 2 * max(map(len, words), default=0) <= room:  # no letter takes more than two columns
        return words
    return chain.from_iterable(_pieces(word, room) for word in words)


def _pieces(word: str, room: int) -> list[str]:
    """Cut a word into pieces that fit into a line; a Chinese sentence is such a word, because it has no spaces."""
    if columns(word) <= room:
        return [word]
    pieces, start = [""], 0
    while start < len(word):
        end = grapheme_end(word, start + 1)
        if columns(pieces[-1] + word[start:end]) > room:
            pieces.append("")
        pieces[-1] += word[start:end]
        start = end
    return pieces
