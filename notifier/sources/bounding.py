"""Bound the length of a listing's fields, so that no paper makes a mail, a feed or an index too large.

Real papers stay below the limits: arXiv's longest titles have about 400 characters, and its longest abstracts 1,920.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from notifier.models import Listing, ParsedDump, Skipped

LONGEST_TEXTS = {"title": 500, "abstract": 20_000, "note": 2_000, "summary": 2_000}  # characters
LONGEST_NAMES = {"authors": 200, "categories": 100, "keywords": 200}  # characters of each name
LONGEST_LISTS = {"authors": 100_000, "categories": 2_000, "keywords": 5_000}  # characters of all names together
# An identifier or a link that is cut leads nowhere, so a longer one is left out.
LONGEST_LINKS = {"doi": 300, "url": 2_000, "pdf": 2_000, "page": 2_000, "project": 2_000, "code": 2_000}

_ELLIPSIS = "…"


def bounded(dump: ParsedDump) -> ParsedDump:
    """Return the dump with the fields of its listings cut to their limits; `ParsedDump.cut` says what was left out."""
    cut: list[Skipped] = []
    listings = []
    for listing in dump.listings:
        changes = dict(_changes(listing))
        if changes:
            where = listing.where or f"listing {listing.position}"
            cut += [Skipped(where, reason) for _, reason in changes.values()]
            listing = replace(listing, **{name: value for name, (value, _) in changes.items()})  # noqa: PLW2901
        listings.append(listing)
    return replace(dump, listings=tuple(listings), cut=(*dump.cut, *cut)) if cut else dump


def _changes(listing: Listing) -> Iterator[tuple[str, tuple[Any, str]]]:
    """Yield the name of each field that is too long, with its new value and a sentence that says what was cut."""
    for name, limit in LONGEST_TEXTS.items():
        text = getattr(listing, name)
        if len(text) > limit:
            yield name, (_cut(text, limit), f"its {name} has more than {limit:,} characters and was cut")
    for name, limit in LONGEST_LINKS.items():
        link = getattr(listing, name)
        if link and len(link) > limit:
            yield name, (None, f"its {name} has more than {limit:,} characters and was left out")
    for name, limit in LONGEST_NAMES.items():
        names = getattr(listing, name)
        if names and (kept := _shortened_names(names, limit, LONGEST_LISTS[name])) != names:
            yield name, (kept, f"its {len(names):,} {name} have too many characters and were cut")


def _shortened_names(names: tuple[str, ...], longest: int, room: int) -> tuple[str, ...]:
    """Return as many of the names, in order, as fit into `room` characters; each is cut to at most `longest`."""
    if sum(map(len, names)) <= min(longest, room):
        return names
    kept: list[str] = []
    for name in names:
        short = _cut(name, longest)
        room -= len(short)
        if room < 0:
            break
        kept.append(short)
    return tuple(kept)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + _ELLIPSIS
