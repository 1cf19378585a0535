"""Limit the papers of a digest to those that its mail can list.

Mail programs cut large mails off, so the mail of a digest has a largest size. LISTED_BYTES of it are for the titles of
the papers and the headings of the sections. The rest is for cards, the header and the footer. The papers that do not
fit are left for the next digest.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate, chain, islice, takewhile, zip_longest

from notifier.digests.labels import shown_label
from notifier.digests.selection import Selection
from notifier.digests.turns import in_turns
from notifier.models import Item, Paper
from notifier.text.harmless import inert
from notifier.text.paper_links import paper_url, search_url

LISTED_BYTES = 54_000
LINE_MARKUP = 285  # the bytes of the markup around a title, in the plain text and the HTML together
PIN_MARKUP = 200  # the same for the note of a pinned paper
HEADING_MARKUP = 600  # the same for the heading of a section
NOTE_MARKUP = 150  # the same for the note below a heading
FOLDING = 1.06  # the factor by which soft line breaks and indents lengthen an encoded text

BytesOfLine = Callable[[Item], int]

# These characters take one byte each in the plain text and in the HTML.
_PLAIN = bytes({*range(ord(" "), 0x7F)} - {*b"&<>\"'="})


def line_bytes(paper: Paper, search: str) -> int:
    """Return the most bytes that a paper takes in a mail as a line; `search` finds a paper without a URL."""
    title = inert(paper.title)
    return LINE_MARKUP + encoded_bytes(title) + encoded_bytes(paper_url(paper) or search_url(title, search))


def pin_bytes(item: Item) -> int:
    """Return the most bytes that the note of a pinned paper takes in a mail."""
    return PIN_MARKUP + encoded_bytes(item.pin.note) + encoded_bytes(item.pin.name) if item.pin else 0


def heading_bytes(label: str, note: str = "") -> int:
    """Return the most bytes that the heading of a section takes in a mail, with the note below it.

    The label is also in the line of contents at the top, and in the footer.
    """
    of_note = NOTE_MARKUP + encoded_bytes(note) if note else 0
    return HEADING_MARKUP + of_note + 3 * encoded_bytes(shown_label(label))


@lru_cache(1 << 14)
def encoded_bytes(text: str) -> int:
    """Return the most bytes that a text takes as quoted-printable, once in plain text and once in HTML."""
    data = text.encode()
    others = len(data.translate(None, _PLAIN))
    return int(FOLDING * (2 * (len(data) - others) + 6 * others))


def fitted(selection: Selection, bytes_of: BytesOfLine) -> tuple[Selection, frozenset[int]]:
    """Return the part of a selection that fits in one digest, and the ids of the papers that do not fit.

    The sections take turns, and the papers of `selection.rest` come last, so the best papers stay. At least one paper
    fits, whatever its title. `bytes_of` returns the bytes that an item takes as a line.
    """
    totals = accumulate(_sizes(selection, bytes_of))
    number = max(1, sum(1 for _ in takewhile(LISTED_BYTES.__ge__, totals)))
    in_sections = sum([len(section.items) for section in selection.sections])
    if number >= in_sections:
        of_rest = number - in_sections
        left = frozenset([item.paper_id for item in selection.rest[of_rest:]])
        return replace(selection, rest=selection.rest[:of_rest]), left
    placed = in_turns(section.items for section in selection.sections)
    left = frozenset([item.paper_id for item in chain(islice(placed, number, None), selection.rest)])
    return without(selection, left), left


def _sizes(selection: Selection, bytes_of: BytesOfLine) -> Iterator[int]:
    """Yield the bytes that each item takes, in turns; the heading of a section counts with its first item."""
    headings = [heading_bytes(section.label, section.note) for section in selection.sections]
    for turn in zip_longest(*[section.items for section in selection.sections]):
        for heading, item in zip(headings, turn, strict=True):
            if item is not None:
                yield heading + bytes_of(item)
        headings = [0] * len(headings)
    yield from map(bytes_of, selection.rest)


def without(selection: Selection, left: Container[int]) -> Selection:
    """Return a selection without the papers with these ids."""
    sections = [replace(each, items=_others(each.items, left)) for each in selection.sections]
    return Selection(tuple(each for each in sections if each.items), _others(selection.rest, left))


def _others(items: tuple[Item, ...], left: Container[int]) -> tuple[Item, ...]:
    return tuple(item for item in items if item.paper_id not in left)
