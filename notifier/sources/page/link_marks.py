"""Mark the places of links in the text of a page, while their syntax is removed from it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

_LONGEST_SHOWN = 100  # characters of the text of a link that are kept
_MARK, _MARK_END, WRAP_MARK = "\x02", "\x03", "\x04"
OWN_MARKS = re.compile(f"[{_MARK}{_MARK_END}{WRAP_MARK}]")
LINK_MARK = re.compile(f"{_MARK}(\\d+){_MARK_END}")


class PageLink(NamedTuple):
    """A link of a page: its URL, and the beginning of its text; the text is empty if it is unknown."""

    url: str
    text: str = ""


@dataclass(slots=True)
class MarkedText:
    """A text in which LINK_MARK marks the ends of links; the mark holds the index of the link in `links`.

    WRAP_MARK takes the place of a line end inside the text of a link. `is_markdown` is whether the text has links
    or headings of Markdown.
    """

    text: str
    links: list[PageLink]
    is_markdown: bool


@dataclass(slots=True)
class Edits:
    """Changes to make in a text. Each is two places, and the text that replaces what is between them."""

    text: str
    links: list[PageLink] = field(default_factory=list)
    changes: list[tuple[int, int, str]] = field(default_factory=list)

    def remove(self, start: int, end: int) -> None:
        """Remove the text between two places, except its line ends."""
        self.changes.append((start, end, "\n" * self.text.count("\n", start, end)))

    def mark(self, place: int, url: str, text: str) -> None:
        """Mark the end of a link."""
        shown = " ".join(text[: 2 * _LONGEST_SHOWN].split())[:_LONGEST_SHOWN]
        self.links.append(PageLink("".join(url.split()), shown))
        self.changes.append((place, place, f"{_MARK}{len(self.links) - 1}{_MARK_END}"))

    def remove_with_changes(self, start: int, end: int) -> None:
        """Remove the text between two places, and drop the last changes if they are inside it."""
        while self.changes and start < self.changes[-1][0] < end:
            self.changes.pop()
        self.remove(start, end)

    def applied(self) -> str:
        """Return the changed text."""
        parts: list[str] = []
        place = 0
        for start, end, replacement in sorted(self.changes, key=lambda change: change[:2]):
            if start >= place:
                parts += self.text[place:start], replacement
                place = end
            elif replacement.startswith(_MARK):
                parts.append(replacement)
        return "".join([*parts, self.text[place:]])
