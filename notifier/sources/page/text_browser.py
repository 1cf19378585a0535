"""Mark the links in the output of a text browser, such as lynx or w3m.

Such a program writes the number or the URL of a link in brackets beside the link's text.
"""

from __future__ import annotations

import re
from collections.abc import Container

from notifier.sources.page.link_marks import WRAP_MARK, Edits

_REFERENCES = re.compile(r"^[ \t]*+References:?[ \t\r]*+$", re.MULTILINE)
_NUMBERED_TARGET = re.compile(r"^[ \t]*+(?:(\d{1,5})\.|\[(\d{1,5})\]) (\S++)[ \t\r]*+$", re.MULTILINE)
_NUMBER = re.compile(r"\[(\d{1,5})\]")
# The end of a full line inside the text of a link, which goes on in the next line.
_WRAP = re.compile(r"\n(?<=[^\n]{60}\n)[ \t]*+(?=[^\s\[*•])")
_URL_IN_BRACKETS = re.compile(r"\[(https?://[^\s\[\]]++)\](?![(:])")
_DEFINITION = re.compile(r"^[ \t]{0,3}\[[^\[\]\n]{1,1000}+\]:\s", re.MULTILINE)

_MIN_URLS_IN_BRACKETS = 2
_MAX_STEP = 3  # from the number of one link to that of the next


def mark_numbered_links(edits: Edits) -> bool:
    """Mark the links of a text browser, and return whether there are any.

    Text browsers number the links: `[12]` comes before the text of the twelfth link, and the URLs follow in a list at
    the end, below the line `References`. The numbers count up, so a citation in an abstract is not taken for a link.
    """
    text = edits.text
    heading = next(reversed(list(_REFERENCES.finditer(text))), None)
    if heading is None:
        return False
    listed = list(_NUMBERED_TARGET.finditer(text, heading.end()))
    targets = {int(found[1] or found[2]): found[3] for found in listed}
    numbers = _numbers_before_links(text, heading.start(), targets)
    if not numbers:
        return False
    ends = [*(following.start() for following in numbers[1:]), heading.start()]
    for found, end in zip(numbers, ends, strict=True):
        edits.changes.append((*found.span(), " " if _touches_word(text, found) else ""))
        for wrap in _WRAP.finditer(text, found.end(), end):
            edits.changes.append((*wrap.span(), WRAP_MARK))
        line_end = text.find("\n", found.end())
        edits.mark(found.end(), targets[int(found[1])], text[found.end() : min(end, line_end)])
    edits.remove(heading.start(), listed[-1].end())
    return True


def _numbers_before_links(text: str, end: int, targets: Container[int]) -> list[re.Match[str]]:
    """Return the numbers in brackets before `end` that count up and have a target. Other numbers are citations."""
    found: list[re.Match[str]] = []
    last = 0
    for number in _NUMBER.finditer(text, 0, end):
        if last < int(number[1]) <= last + _MAX_STEP and int(number[1]) in targets:
            found.append(number)
            last = int(number[1])
    return found


def mark_links_after_urls(edits: Edits) -> bool:
    """Mark links whose URLs are in brackets beside their text, and return whether the page has at least two of them.

    A URL that has a line of its own stays.
    """
    found = [each for each in _URL_IN_BRACKETS.finditer(edits.text) if _is_beside_text(edits.text, each)]
    if len(found) < _MIN_URLS_IN_BRACKETS or _DEFINITION.search(edits.text):
        return False
    for each in found:
        edits.changes.append((each.start(), each.end(), " " if _touches_word(edits.text, each) else ""))
        edits.mark(each.end(), each[1], "")
    return True


def _is_beside_text(text: str, found: re.Match[str]) -> bool:
    before = text[max(0, found.start() - 3) : found.start()].rpartition("\n")[2]
    after = text[found.end() : found.end() + 3].partition("\n")[0]
    return bool(before.strip() or after.strip())


def _touches_word(text: str, found: re.Match[str]) -> bool:
    return text[found.start() - 1 : found.start()].isalnum()
