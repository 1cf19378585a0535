"""A digest's items as one compact text: what its row keeps, and the ledger of what a reader was told.

The text is JSON: `[version, labels, sections, rest]`. A section is `[label, items, subscription]`, an item `[paper,
upvotes, title, abstract, also]`, both without their empty end; labels are places in `labels`, spans are flat runs of
starts and ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from notifier.errors import ComposeError
from notifier.models import Item, Section, Span, Spans

VERSION = 1


def dumps(sections: tuple[Section, ...], rest: tuple[Item, ...]) -> str:
    """The sections and the rest as one line of ASCII."""
    names = dict.fromkeys(name for section in sections for name in _names(section.label, section.items))
    names |= dict.fromkeys(name for item in rest for name in item.also)
    places = {name: place for place, name in enumerate(names)}
    packed = [_packed_section(section, places) for section in sections]
    document = [VERSION, list(names), packed, [_packed(item, places) for item in rest]]
    return json.dumps(document, separators=(",", ":"))


def loads(text: str) -> tuple[tuple[Section, ...], tuple[Item, ...]]:
    """The sections and the rest that `dumps` wrote. Raises ComposeError for any other text."""
    names, sections, rest = _document(text)
    try:
        return (
            tuple(_section(packed, names) for packed in sections),
            tuple(_item(packed, names) for packed in rest),
        )
    except (TypeError, ValueError, IndexError, KeyError):
        raise _unreadable() from None


def paper_ids(text: str) -> set[int]:
    """The ids of all papers that a digest's items hold, without building them."""
    _, sections, rest = _document(text)
    return {item[0] for _, items, *_ in sections for item in items} | {item[0] for item in rest}


def _names(label: str, items: tuple[Item, ...]) -> Iterator[str]:
    yield label
    for item in items:
        yield from item.also


def _packed_section(section: Section, places: dict[str, int]) -> list[Any]:
    packed = [places[section.label], [_packed(item, places) for item in section.items]]
    return packed if section.subscription_id is None else [*packed, section.subscription_id]


def _packed(item: Item, places: dict[str, int]) -> list[Any]:
    if not (item.also or item.marks.title or item.marks.abstract):
        return [item.paper_id] if item.upvotes is None else [item.paper_id, item.upvotes]
    packed: list[Any] = [
        item.paper_id,
        item.upvotes,
        [offset for span in item.marks.title for offset in span],
        [offset for span in item.marks.abstract for offset in span],
        [places[name] for name in item.also],
    ]
    while packed[-1] is None or packed[-1] == []:
        packed.pop()
    return packed


def _document(text: str) -> tuple[list[str], list[Any], list[Any]]:
    try:
        version, names, sections, rest = json.loads(text)
    except (TypeError, ValueError):
        raise _unreadable() from None
    if version != VERSION:
        raise ComposeError(f"a digest's items are of version {version}, which this notifier does not know; upgrade it")
    return names, sections, rest


def _section(packed: list[Any], names: list[str]) -> Section:
    label, items, *subscription = packed
    return Section(names[label], tuple(_item(each, names) for each in items), *subscription)


def _item(packed: list[Any], names: list[str]) -> Item:
    if len(packed) <= 2:
        return Item(*packed)
    paper_id, upvotes, title, abstract, also = packed + [[], []][len(packed) - 3 :]
    return Item(paper_id, upvotes, Spans(_spans(title), _spans(abstract)), tuple(names[place] for place in also))


def _spans(flat: list[int]) -> tuple[Span, ...]:
    if not flat:
        return ()
    return tuple(zip(flat[::2], flat[1::2], strict=True))


def _unreadable() -> ComposeError:
    return ComposeError("a digest's items cannot be read; restore its row from a backup, or hold the delivery")
