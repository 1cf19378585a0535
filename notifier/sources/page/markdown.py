"""Take the links of Markdown out of a copied page, and mark in the text where each of them was.

Links may be written inline (`[text](url)`) or by reference (`[text][label]`, `[label][]`, `[label]`), with the URLs of
the labels in definitions (`[label]: url`) somewhere on the page. Text and URL may be spread over several lines, the
text may contain brackets and images, and brackets may be escaped. No line end is lost, so that lines can be numbered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from notifier.sources.page.link_marks import OWN_MARKS, WRAP_MARK, Edits, MarkedText
from notifier.sources.page.text_browser import mark_links_after_urls, mark_numbered_links

_BRACKET = re.compile(r"\\[\\\[\]!]|!?\[|\]")
_URL = r"(?:[^\s()<>\\]|\\.|\((?:[^\s()<>\\]|\\.)*+\))*+"
_TITLE = r"""(?:\s++(?:"[^"]{0,500}+"|'[^']{0,500}+'|\([^()]{0,500}+\)))?"""
# Converters that wrap lines also break URLs.
_INLINE_TARGET = re.compile(
    rf"\(\s*+(?:<([^<>\n]*+)>|(https?://{_URL}(?:\n[ \t]*+{_URL}){{0,8}}+|{_URL})){_TITLE}\s*+\)"
)
_LABEL = re.compile(r"[ \n]?\[((?:[^\[\]\\]|\\.){0,1000}+)\]", re.DOTALL)
_DEFINED_TARGET = re.compile(rf":[ \t]*+\n?[ \t]*+<?([^\s<>]++)>?(?:[ \t]*+\n)?{_TITLE}[ \t]*+$", re.MULTILINE)
_LINE_START = re.compile(r"(?:^|\n)[ \t>]{0,8}\Z")
_NOT_A_TARGET = re.compile(r"[\w^{}\\,;+*=-]*+")  # as in `f[x](y)`
_URL_OF_DEFINITION = re.compile(r"\A(?:[a-z][a-z0-9+.-]*+:|[/#.])", re.IGNORECASE)
# A line end inside the text of a link; the next line is neither blank nor an item of a list.
_WRAP = re.compile(r"(?<=[^\s\[])[ \t]*+\\{0,4}+\n[ \t]*+(?=[^\s\]])(?![-*] |!?\[)")
_HEADING = re.compile(r"^#{1,6} +\S", re.MULTILINE)
_IMAGE = re.compile(r"!\[[^\[\]]*+\](?:\([^()]*+\)|\[[^\[\]]*+\])?")
_BUTTON_WITH_COUNT = re.compile(r"\d++\Z|GitHub\b|arXiv\b")

_LONGEST_LABEL = 3_000  # characters; some converters repeat the text of a link as its label
_LONGEST_LINK = 20_000  # characters of the text of a link
_MAX_PAIRS = 50_000  # of brackets that are looked at; a page of a thousand papers has about ten thousand links
_MIN_HEADINGS = 2


class _Brackets(NamedTuple):
    """A pair of brackets: the places of the opening one, of the text after it, and of the closing one."""

    start: int
    inside: int
    end: int

    def is_image(self) -> bool:
        return self.inside - self.start == len("![")


def mark_links(text: str) -> MarkedText:
    """Return the text without the syntax of links and images, and with marks where the links were."""
    text = OWN_MARKS.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "[" not in text:
        return MarkedText(text, [], len(_HEADING.findall(text)) >= _MIN_HEADINGS)
    edits = Edits(text)
    is_of_text_browser = mark_numbered_links(edits) or mark_links_after_urls(edits)
    if not is_of_text_browser:
        _mark_markdown_links(edits)
    is_markdown = not is_of_text_browser and (bool(edits.links) or len(_HEADING.findall(text)) >= _MIN_HEADINGS)
    return MarkedText(edits.applied(), edits.links, is_markdown)


def _mark_markdown_links(edits: Edits) -> None:
    pairs = list(islice(_pairs(edits.text), _MAX_PAIRS))
    targets: dict[str, str] = {}
    definitions: set[int] = set()
    for pair in pairs:
        if found := _definition(edits.text, pair):
            targets.setdefault(_label(edits.text[pair.inside : pair.end]), found[1])
            definitions.add(pair.start)
            edits.remove_with_changes(pair.start, found.end())
    end = 0  # where the last link ends; brackets before that place are its label, and are no link
    for pair in pairs:
        if pair.start not in definitions and not pair.end < end:
            end = max(end, _mark_link(edits, pair, targets))


def _pairs(text: str) -> Iterator[_Brackets]:
    """Yield the pairs of brackets that are not escaped, the inner pairs before the outer ones."""
    opened: list[tuple[int, int]] = []
    for found in _BRACKET.finditer(text):
        if found[0].endswith("[") and not found[0].startswith("\\"):
            opened.append(found.span())
        elif found[0] == "]" and opened:
            yield _Brackets(*opened.pop(), found.start())


def _definition(text: str, pair: _Brackets) -> re.Match[str] | None:
    """Return the target after a label at the start of a line, if the brackets are those of a definition."""
    if not text.startswith(":", pair.end + 1) or pair.end - pair.inside > _LONGEST_LABEL:
        return None
    if not _LINE_START.search(text[max(0, pair.start - 9) : pair.start]) and pair.start > 0:
        return None
    found = _DEFINED_TARGET.match(text, pair.end + 1)
    return found if found and _URL_OF_DEFINITION.match(found[1]) else None


def _mark_link(edits: Edits, pair: _Brackets, targets: dict[str, str]) -> int:
    """Replace a link by its text and a mark; remove an image; leave other brackets. Return where the link ends."""
    text = edits.text
    target, end = _target(text, pair, targets)
    if target is None:
        return 0
    if pair.is_image():
        edits.remove_with_changes(pair.start, end)
        return end
    shown = text[pair.inside : pair.end] if pair.end - pair.inside <= _LONGEST_LINK else ""
    if shown.startswith("^"):  # a footnote
        edits.remove(pair.start, end)
        edits.mark(pair.start, target, "")
        return end
    edits.changes.append((pair.start, pair.inside, " " if _needs_space(text, pair) else ""))
    for wrap in _WRAP.finditer(text, pair.inside, pair.inside + len(shown)):
        edits.changes.append((*wrap.span(), WRAP_MARK))
    edits.mark(pair.inside + len(shown.rstrip()), target, _without_images(shown))
    edits.remove(pair.end, end)
    return end


def _target(text: str, pair: _Brackets, targets: dict[str, str]) -> tuple[str | None, int]:
    """Return the URL of the link that these brackets begin, and the place where it ends; None if they begin none."""
    after = pair.end + 1
    if text.startswith("(", after):
        found = _INLINE_TARGET.match(text, after)
        url = (found[1] or found[2] or "") if found else ""
        if found and not (url and _NOT_A_TARGET.fullmatch(url)):
            return url, found.end()
    if not targets or pair.end - pair.inside > _LONGEST_LABEL:
        return None, after
    own = _label(text[pair.inside : pair.end])
    if (found := _LABEL.match(text, after)) and (url := targets.get(_label(found[1]) or own, "")):
        return url, found.end()
    return targets.get(own), after


def _label(text: str) -> str:
    """Return a label as labels are compared: without regard to case and white space."""
    return " ".join(text.split()).casefold()


def _needs_space(text: str, pair: _Brackets) -> bool:
    """Return whether a link that shows a count touches the word before it, as in `May 29[6](url)`."""
    shown = _without_images(text[pair.inside : min(pair.end, pair.inside + _LONGEST_LINK)]).strip()
    return text[pair.start - 1 : pair.start].isalnum() and _BUTTON_WITH_COUNT.match(shown) is not None


def _without_images(text: str) -> str:
    return _IMAGE.sub("", text)
