"""Split a copied page into lines.

Some programs copy a page as Markdown. The syntax of Markdown is removed from each line, and the line's links are kept
beside its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from notifier.sources.markup import without_markup
from notifier.sources.page.link_marks import LINK_MARK, WRAP_MARK, MarkedText, PageLink
from notifier.sources.page.markdown import mark_links

_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_BROKEN_WORD = re.compile(
    r"(?<=[^\W_][-—–])\n(?!(?:and|or|to|versus|vs) )(?=\w)|(?<=\w--)\n(?=\w)|(?<=\w)\n(?=--\w)"
    r"|(?<=[\w/:]/)\n(?=\w)|(?<=\w_)\n(?=\w)"  # a URL, or a word such as `and/or`
    r"|(?<=[\d\\])\n(?=%)"
)
_LINK_END = re.compile(r"\]\(([^\s()]*)\)$")
_URL = re.compile(r"https?://[^\s()<>\[\]]+")
_URL_IN_BRACKETS = re.compile(r"[\[<](https?://[^\s()<>\[\]]+)[\]>]")
_HEADING_END = re.compile(r"(?<=\s)#{1,6}$")
_SIGNS_AT_START = re.compile(r"(?:(?:#{1,6}|[-*>•▪‣◦]|\[[ xX]\])\s++)++")
_NUMBER = re.compile(r"\d{1,3}[.)]\s++")
_WHOLE_LINE = re.compile(r"(\*{1,3}|_{1,3})(?=[^\s*_])(.+)(?<=[^\s*_])\1")
_EMPHASIS = re.compile(
    r"(?<![\w*\\^])(\*{1,3})(?=[^\s*])([^*\n\\]++)(?<=\S)\1(?![\w*])"
    r"|(?<![\w\\])(_{1,3})(?=[^\s_])([^_\n\\]++)(?<=\S)\3(?![\w])"
)
# Lines that show nothing: the fences of blocks, rules, and lines of HTML tags.
_FENCE = re.compile(r":{3,}.*|(?:</?[a-z][a-z0-9]*+(?:\s[^<>]*+)?>\s*+)++|<!--[^<>]*+-->", re.IGNORECASE)
_TABLE_RULE = re.compile(r"^[ \t]*+\|(?: ?:?-++:? ?\|){2,}+[ \t]*+$", re.MULTILINE)
_ROW = re.compile(r"\A\s*+\|.*\|\s*+\Z")
_DASHES = re.compile(r":?-++:?")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
# A backslash before a sign of Markdown. Some keep it before a letter: together they are a LaTeX accent.
_ESCAPED = re.compile(r"\\([\\\[\]()*+!<>|`-]|[.^=:@](?![A-Za-z{\\])|~(?![AINOUainou{\\]))")


@dataclass(frozen=True, slots=True)
class PageLine:
    """One line of a copied page. Blank lines are only counted.

    `number` counts all lines of the dump from 1. `blanks` is the number of blank lines directly above this line.
    `links` are the links in the line. If the whole line is a URL, it is a link, too. A URL inside a sentence is not. A
    link whose text has several lines belongs to the last of them. A link without a text belongs to the next line.
    `wraps` is the number of further lines over which the text of a link was spread.
    """

    number: int
    text: str
    blanks: int = 0
    links: tuple[PageLink, ...] = ()
    wraps: int = 0

    @property
    def last(self) -> int:
        """The number of the last line of the dump that the text comes from."""
        return self.number + self.wraps


def lines_of(text: str) -> Iterator[PageLine]:
    """Yield the lines that are not blank, in order."""
    marked = mark_links(text)
    last = 0
    waiting: tuple[PageLink, ...] = ()
    number = 0
    has_tables = marked.is_markdown and _TABLE_RULE.search(marked.text) is not None
    for line, wraps, is_new_line in _lines_and_cells(marked.text, has_tables=has_tables):
        first = number + 1 if is_new_line else number
        number = first + wraps
        links = tuple(marked.links[int(mark)] for mark in LINK_MARK.findall(line)) if marked.links else ()
        visible = LINK_MARK.sub("", line) if links else line
        visible = _INVISIBLE.sub("", visible.replace(WRAP_MARK, "\n")).strip()
        if "](" in visible and (ending := _LINK_END.search(visible)):
            links += (PageLink(ending[1]),)
            visible = visible[: ending.start()]
        waiting += links
        if plain := _plain(visible, marked, has_links=bool(links)):
            if has_tables and _DASHES.fullmatch(plain):
                continue  # the rule below the head of a table
            if found := _URL_IN_BRACKETS.fullmatch(plain):
                plain = found[1]
            if _URL.fullmatch(plain):
                waiting += (PageLink(plain),)
            yield PageLine(first, plain, max(0, first - last - 1), waiting, number - first)
            last, waiting = number, ()


def _lines_and_cells(text: str, *, has_tables: bool) -> Iterator[tuple[str, int, bool]]:
    """Yield the lines of a text; in a row of a table, yield each cell as a line.

    With each comes the number of further lines over which it was spread, and whether it begins a new line. Only the
    second and later cells of a row do not begin one.
    """
    for line in text.split("\n"):
        cells = _CELL_BORDER.split(line.strip()[1:-1]) if has_tables and _ROW.match(line) else [line]
        yield cells[0], cells[0].count(WRAP_MARK), True
        for cell in cells[1:]:
            yield cell, 0, False


def join_wrapped(text: str) -> str:
    """Replace the line ends of a text by spaces, and join the words that were broken at them.

    A word that was broken after its hyphen becomes whole again: `low-` and `cost` give `low-cost`. A hyphen before
    `and` and similar words keeps its space: `short-` and `and long-term` give `short- and long-term`.
    """
    return _BROKEN_WORD.sub("", text).replace("\n", " ")


def _plain(visible: str, marked: MarkedText, *, has_links: bool) -> str:
    """Return the text of a line without the syntax of Markdown, if the page has it."""
    if "\n" in visible:
        visible = join_wrapped(visible)
    return _without_markdown(visible, has_links=has_links) if marked.is_markdown else visible.strip()


def _without_markdown(text: str, *, has_links: bool) -> str:
    """Return the text of a line of Markdown."""
    if _FENCE.fullmatch(text):
        return ""
    if "<" in text:
        text = without_markup(text).strip()
    if marks := _SIGNS_AT_START.match(text):
        text = text[marks.end() :]
    if has_links and (marks := _NUMBER.match(text)):
        text = text[marks.end() :]
    text = _HEADING_END.sub("", text).rstrip("\\").strip()
    if text.startswith("[") and "]" not in text:
        text = text[1:].lstrip()  # the link ends on a later line
    if whole := _WHOLE_LINE.fullmatch(text):
        text = whole[2]
    text = _EMPHASIS.sub(lambda found: found[2] or found[4], text)
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text
