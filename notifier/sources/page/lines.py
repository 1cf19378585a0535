"""Split a copied page into lines.

Some programs copy a page as Markdown. The marks of Markdown are removed from each line, and the targets of the line's
links are kept beside its text.
"""

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
class PageLine:
    """One line of a copied page. Blank lines are only counted.

    `number` counts all lines of the dump from 1. `blanks` is the number of blank lines directly above this line.
    `links` are the targets of the Markdown links in the line. If the whole line is a web address, it is a link, too. An
    address inside a sentence is not.
    """

    number: int
    text: str
    blanks: int = 0
    links: tuple[str, ...] = ()


def lines_of(text: str) -> Iterator[PageLine]:
    """Yield the lines that are not blank, in order."""
    last = 0
    for number, found in enumerate(_LINE.finditer(text), 1):
        visible = _INVISIBLE.sub("", found[0]).strip()
        if visible:
            yield _parse_line(number, visible, number - last - 1)
            last = number


def _parse_line(number: int, text: str, blanks: int) -> PageLine:
    """Return the line without Markdown's marks."""
    if "](" not in text and not text.startswith(("#", "[", "http", "**", "__")):
        return PageLine(number, text, blanks)
    plain, links = _remove_links(text)
    if plain.startswith("[") and "]" not in plain:
        plain = plain[1:]  # the link ends on a later line
    plain = _MARKS.sub("", plain).rstrip("\\").strip()
    if bold := _BOLD.fullmatch(plain):
        plain = bold[2]
    if _URL.fullmatch(plain):
        links.append(plain)
    return PageLine(number, plain or text, blanks, tuple(links))


def _remove_links(text: str) -> tuple[str, list[str]]:
    """Replace Markdown links by their texts, and return the result and the targets of the links."""
    links: list[str] = []

    def replace_link(link: re.Match[str]) -> str:
        links.append(link[2])
        if link[2].endswith("#community"):
            return f" {link[1]}"  # the count of comments, which copies put after a date without a space
        return "" if link[0].startswith("!") else link[1]

    for _ in range(2):  # the second pass replaces a link around an image
        text = _LINK.sub(replace_link, text)
    if ending := _LINK_END.search(text):
        links.append(ending[1])
        text = text[: ending.start()]
    return text, links
