"""What a digest takes over from those before it that never reached their reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from notifier.digests.selection import PAPERS, Selection
from notifier.models import Item, Section


def take_in(new: Selection | None, unsent: Sequence[Selection], limit: int = PAPERS) -> Selection | None:
    """`new` with the papers of `unsent` digests, the oldest first, each once; None where there are none at all.

    They follow the new ones, in the sections of the same subscriptions; what goes beyond `limit` joins the rest.
    """
    if not unsent:
        return new
    sections = list(new.sections) if new else []
    rest = list(new.rest) if new else []
    told = {item.paper_id for item in _items(sections, rest)}
    shown = sum(len(section.items) for section in sections)
    for section, item in _older(unsent):
        if item.paper_id in told:
            continue
        told.add(item.paper_id)
        if section is None or shown >= limit:
            rest.append(Item(item.paper_id, item.upvotes))
        else:
            _append(sections, section, item)
            shown += 1
    return Selection(tuple(sections), tuple(rest))


def _items(sections: Iterable[Section], rest: Iterable[Item]) -> Iterator[Item]:
    for section in sections:
        yield from section.items
    yield from rest


def _older(unsent: Sequence[Selection]) -> Iterator[tuple[Section | None, Item]]:
    """All items with their sections, those of the rests last."""
    for digest in unsent:
        for section in digest.sections:
            yield from ((section, item) for item in section.items)
    for digest in unsent:
        yield from ((None, item) for item in digest.rest)


def _append(sections: list[Section], like: Section, item: Item) -> None:
    """Put an item into the section of the same subscription as `like`, which is made where there is none."""
    for place, section in enumerate(sections):
        if (section.subscription_id, section.label) == (like.subscription_id, like.label):
            sections[place] = replace(section, items=(*section.items, item))
            return
    sections.append(replace(like, items=(item,)))
