"""A digest's items as one compact text: what its row keeps, and the ledger of what a reader was told.

The text is JSON: `[2, subscriptions, section, ..., rest]`. A section is `[label, item, ...]`, the rest is `[null, item,
...]`, an item `[paper, upvotes, title, abstract, also]` without its empty end; spans are flat runs of starts and ends.
Each section and the rest stand on a line of their own, and tabs set items apart, so that what many digests hold is the
same text in all of them, and is read once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from notifier.digests.cache import Memory
from notifier.errors import ComposeError
from notifier.models import Item, Section, Span, Spans

VERSION = 2
BYTES_READ = 10  # that an item takes for one of its text, roughly
PLACE_BYTES = 8  # that its place among others takes

_OPENING, _LINE, _ITEM, _CLOSING = f"[{VERSION},", ",\n", ",\t", "]"  # JSON's own texts hold no tab and no line end
_LABELS_APART = 1  # the version whose items name their labels by places in a list

_json = json.JSONEncoder(separators=(",", ":")).encode
_decode = json.JSONDecoder().raw_decode


def dumps(sections: tuple[Section, ...], rest: tuple[Item, ...]) -> str:
    """The sections and the rest as ASCII."""
    lines = [
        _json([section.subscription_id for section in sections]),
        *(_line(_json(section.label), map(_kept_text, section.items)) for section in sections),
        _line("null", map(_text, rest)),
    ]
    return _OPENING + _LINE.join(lines) + _CLOSING


def loads(text: str) -> tuple[tuple[Section, ...], tuple[Item, ...]]:
    """The sections and the rest that `dumps` wrote. Raises ComposeError for any other text."""
    return ItemsDecoder(Memory(0)).loads(text)


class ItemsDecoder:
    """Reads texts of items, and keeps what it read of each line and of each item."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._lines: dict[str, tuple[str, tuple[Item, ...]]] = memory.table()
        self._items: dict[str, Item] = memory.table()

    def loads(self, text: str) -> tuple[tuple[Section, ...], tuple[Item, ...]]:
        """As `loads`; of the same line it gives the same items."""
        try:
            if not text.startswith(_OPENING):
                return _older(text)
            subscriptions, *lines = text[len(_OPENING) : -len(_CLOSING)].split(_LINE)
            *parts, (_, rest) = map(self._part, lines)
            ids = _read(subscriptions)
            return tuple(Section(*part, subscription) for part, subscription in zip(parts, ids, strict=True)), rest
        except (TypeError, ValueError, IndexError, KeyError):
            raise _unreadable() from None

    def _part(self, line: str) -> tuple[str, tuple[Item, ...]]:
        if (part := self._lines.get(line)) is None:
            label, *items = line[1:-1].split(_ITEM)
            part = _read(label), tuple([self._items.get(item) or self._item(item) for item in items])
            self._memory.spend(len(line) + len(items) * PLACE_BYTES)
            self._lines[line] = part
        return part

    def _item(self, text: str) -> Item:
        item = _item(_read(text))
        self._memory.spend(len(text) * BYTES_READ)
        self._items[text] = item
        return item


def paper_ids(text: str) -> set[int]:
    """The ids of all papers that a digest's items hold."""
    sections, rest = loads(text)
    return {item.paper_id for section in sections for item in section.items} | {item.paper_id for item in rest}


def _read(text: str) -> Any:
    """As json.loads, which spends more time on the space around a value than on the value itself: here is none."""
    value, end = _decode(text)
    if end != len(text):
        raise ValueError
    return value


def _line(label: str, items: Iterable[str]) -> str:
    return f"[{_ITEM.join((label, *items))}]"


def _text(item: Item) -> str:
    if not (item.also or item.marks.title or item.marks.abstract):
        return f"[{item.paper_id}]" if item.upvotes is None else f"[{item.paper_id},{item.upvotes}]"
    packed = [item.paper_id, item.upvotes, *map(_flat, item.marks), item.also]
    while not packed[-1]:
        packed.pop()
    return _json(packed)


_kept_text = lru_cache(1 << 12)(_text)  # planning writes the same for many readers


def _flat(spans: Iterable[Span]) -> list[int]:
    return [offset for span in spans for offset in span]


def _item(packed: list[Any]) -> Item:
    if len(packed) <= 2:
        return Item(*packed)
    paper_id, upvotes, title, abstract, also = packed + [[], []][len(packed) - 3 :]
    return Item(paper_id, upvotes, Spans(_spans(title), _spans(abstract)), tuple(also))


def _spans(flat: list[int]) -> tuple[Span, ...]:
    return tuple(zip(flat[::2], flat[1::2], strict=True)) if flat else ()


def _older(text: str) -> tuple[tuple[Section, ...], tuple[Item, ...]]:
    """Version 1: `[1, labels, sections, rest]`, a section `[label, items, subscription]`, labels by their places."""
    version, labels, sections, rest = json.loads(text)
    if version != _LABELS_APART:
        raise ComposeError(f"a digest's items are of version {version}, which this notifier does not know; upgrade it")

    def named(packed: Iterable[list[Any]]) -> Iterator[Item]:
        for item in map(_item, packed):
            yield item._replace(also=tuple(labels[place] for place in item.also))

    return (
        tuple(Section(labels[place], tuple(named(packed)), *subscription) for place, packed, *subscription in sections),
        tuple(named(rest)),
    )


def _unreadable() -> ComposeError:
    return ComposeError("a digest's items cannot be read; restore its row from a backup, or hold the delivery")
