"""Convert the items of a digest to and from one compact text, which stays in the digest's row of the outbox.

The text is JSON: `[3, subscription ids, section, ..., rest]`. A section is `[label, item, ...]` and the rest is
`[null, item, ...]`. A section with a note has `[subscription id, note]` in the place of its subscription id. An item is
`[paper id, upvotes, title words, abstract words, also, others]`, without the empty values at its end; `others` are its
other values by name. Each section has its own line, as has the rest, and tabs separate items. So a section that many
digests share is the same text in all of them, and is decoded only once.

In version 2, an item has spans in the place of words, as one flat list of starts and ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from notifier.digests.cache import Cache
from notifier.errors import ComposeError
from notifier.models import Item, MarkedWords, PinNote, Section, Span, Spans

VERSION = 3
ITEM_BYTES = 10  # a decoded item takes roughly this many bytes of memory for each byte of its text
REFERENCE_BYTES = 8  # a reference to an item takes this many bytes of memory

_OPENINGS = (f"[{VERSION},", "[2,")  # must be equally long: `decode` cuts off as many characters as the first has
_LINE, _ITEM, _CLOSING = ",\n", ",\t", "]"  # JSON escapes tabs and line ends in strings
_OTHERS = ("votes", "pin", "because")  # the last fields of an item, which most items lack
_FIRST_OTHER = Item._fields.index(_OTHERS[0])
_OLD_VERSION = 1  # in this version, items refer to labels by their indexes in a list

_json = json.JSONEncoder(separators=(",", ":")).encode
_decode = json.JSONDecoder().raw_decode


def encode(sections: tuple[Section, ...], rest: tuple[Item, ...]) -> str:
    """Return the text of a digest's sections and rest, in ASCII."""
    lines = [
        _json([_identified(section) for section in sections]),
        *(_line(_json(section.label), map(_cached_text, section.items)) for section in sections),
        _line("null", map(_cached_text, rest)),
    ]
    return _OPENINGS[0] + _LINE.join(lines) + _CLOSING


def decode(text: str) -> tuple[tuple[Section, ...], tuple[Item, ...]]:
    """Return the sections and the rest from a text of version 1, 2 or 3. Raises ComposeError for other texts."""
    return ItemsDecoder(Cache(0)).decode(text)


class ItemsDecoder:
    """Decodes texts of items, and caches what it decoded by line and by item."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._lines: dict[str, tuple[str, tuple[Item, ...]]] = cache.table()
        self._items: dict[str, Item] = cache.table()

    def decode(self, text: str) -> tuple[tuple[Section, ...], tuple[Item, ...]]:
        """Decode a text as the function `decode` does; equal lines give the same Item objects while they are cached."""
        try:
            if not text.startswith(_OPENINGS):
                return _decode_version_1(text)
            subscriptions, *lines = text[len(_OPENINGS[0]) : -len(_CLOSING)].split(_LINE)
            *sections, (_, rest) = map(self._decoded_line, lines)
            ids = _read_json(subscriptions)
            return tuple(_section(part, subscription) for part, subscription in zip(sections, ids, strict=True)), rest
        except (TypeError, ValueError, IndexError, KeyError):
            raise _unreadable() from None

    def _decoded_line(self, line: str) -> tuple[str, tuple[Item, ...]]:
        if (decoded := self._lines.get(line)) is None:
            label, *items = line[1:-1].split(_ITEM)
            decoded = _read_json(label), tuple([self._items.get(item) or self._decoded_item(item) for item in items])
            self._cache.make_room(len(line) + len(items) * REFERENCE_BYTES)
            self._lines[line] = decoded
        return decoded

    def _decoded_item(self, text: str) -> Item:
        item = _item(_read_json(text))
        self._cache.make_room(len(text) * ITEM_BYTES)
        self._items[text] = item
        return item


def paper_ids(text: str) -> set[int]:
    """Return the ids of all papers in a text of items."""
    sections, rest = decode(text)
    return {item.paper_id for section in sections for item in section.items} | {item.paper_id for item in rest}


def _identified(section: Section) -> int | list[Any] | None:
    """Return the subscription id of a section, with its note if it has one."""
    return [section.subscription_id, section.note] if section.note else section.subscription_id


def _section(part: tuple[str, tuple[Item, ...]], identified: Any) -> Section:
    return Section(*part, *identified) if isinstance(identified, list) else Section(*part, identified)


def _read_json(text: str) -> Any:
    """Parse JSON as json.loads does, but allow no spaces around the value.

    json.loads spends most of its time on the search for such spaces.
    """
    value, end = _decode(text)
    if end != len(text):
        raise ValueError
    return value


def _line(label: str, items: Iterable[str]) -> str:
    return f"[{_ITEM.join((label, *items))}]"


def _text(item: Item) -> str:
    marked = item.words if any(item.words) else [*map(_flat, item.marks)]
    others: dict[str, Any] = {}
    if any(item[_FIRST_OTHER:]):
        others = {name: value for name in _OTHERS if (value := getattr(item, name))}
    if not (item.also or others or any(marked)):
        return f"[{item.paper_id}]" if item.upvotes is None else f"[{item.paper_id},{item.upvotes}]"
    packed = [item.paper_id, item.upvotes, *marked, item.also, others]
    while not packed[-1]:
        packed.pop()
    return _json(packed)


_cached_text = lru_cache(1 << 12)(_text)  # planning writes the same items for many subscribers


def _flat(spans: Iterable[Span]) -> list[int]:
    return [offset for span in spans for offset in span]


def _item(packed: list[Any]) -> Item:
    if len(packed) <= 2:
        return Item(*packed)
    paper_id, upvotes, title, abstract, also, others = packed + [[], [], {}][len(packed) - 3 :]
    if "pin" in others:
        others["pin"] = PinNote(*others["pin"])
    if any(isinstance(word, str) for word in (*title, *abstract)):
        return Item(paper_id, upvotes, also=tuple(also), words=MarkedWords(tuple(title), tuple(abstract)), **others)
    return Item(paper_id, upvotes, Spans(_spans(title), _spans(abstract)), tuple(also), **others)


def _spans(flat: list[int]) -> tuple[Span, ...]:
    return tuple(zip(flat[::2], flat[1::2], strict=True)) if flat else ()


def _decode_version_1(text: str) -> tuple[tuple[Section, ...], tuple[Item, ...]]:
    """Decode a text of version 1: `[1, labels, sections, rest]`.

    A section is `[label, items, subscription id]`; the id may be missing. Sections and items give a label as its index
    in `labels`.
    """
    version, labels, sections, rest = json.loads(text)
    if version != _OLD_VERSION:
        raise ComposeError(
            f"a digest's items are of version {version}, which this notifier cannot read; upgrade notifier"
        )

    def with_labels(packed: Iterable[list[Any]]) -> Iterator[Item]:
        for item in map(_item, packed):
            yield item._replace(also=tuple(labels[place] for place in item.also))

    return (
        tuple(
            Section(labels[place], tuple(with_labels(packed)), _only(subscription))
            for place, packed, *subscription in sections
        ),
        tuple(with_labels(rest)),
    )


def _only(values: list[Any]) -> Any:
    """Return the only value, or None if there are none."""
    (value,) = values or [None]
    return value


def _unreadable() -> ComposeError:
    return ComposeError("a digest's items cannot be read; restore its row from a backup, or hold the delivery")


NO_ITEMS = encode((), ())  # the text of a message without papers
