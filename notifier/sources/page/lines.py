"""The lines of a copied page, with Markdown's marks taken off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\(([^\s()]*)\)")
_LINK_END = re.compile(r"\]\(([^\s()]*)\)$")
_BOLD = re.compile(r"(\*\*|__)(.+)\1")
_URL = re.compile(r"https?://[^\s()<>\[\]]+")
_MARKS = re.compile(r"^(?:#{1,6}|[-*+>])\s+")


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not blank: its number in the dump from 1, its text, how many blank lines stand before it, and
    the addresses that it links to (never those that its text merely mentions)."""

    number: int
    text: str
    blanks: int = 0
    links: tuple[str, ...] = ()


def lines_of(text: str) -> Iterator[Line]:
    """The lines that are not blank, in order."""
    last = 0
    for number, found in enumerate(_LINE.finditer(text), 1):
        visible = _INVISIBLE.sub("", found[0]).strip()
        if visible:
            yield _line(number, visible, number - last - 1)
            last = number


def _line(number: int, text: str, blanks: int) -> Line:
    if "](" not in text and not text.startswith(("#", "[", "http", "**", "__")):
        return Line(number, text, blanks)
    links: list[str] = []

    def keep_text(link: re.Match[str]) -> str:
        links.append(link[2])
        if link[2].endswith("#community"):
            return f" {link[1]}"  # the count of comments, which copies glue to a date
        return "" if link[0].startswith("!") else link[1]

    plain = text
    for _ in range(2):  # an image may stand inside a link
        plain = _LINK.sub(keep_text, plain)
    if ending := _LINK_END.search(plain):
        links.append(ending[1])
        plain = plain[: ending.start()]
    if plain.startswith("[") and "]" not in plain:
        plain = plain[1:]
    plain = _MARKS.sub("", plain).rstrip("\\").strip()
    if bold := _BOLD.fullmatch(plain):
        plain = bold[2]
    if _URL.fullmatch(plain):
        links.append(plain)
    return Line(number, plain or text, blanks, tuple(links))
