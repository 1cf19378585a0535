"""Feeds as JSON Feed 1.1 (jsonfeed.org)."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from notifier.feeds.feed import LANGUAGE, Entry, Feed, Publisher, entry_fields, printable

CACHED_ENTRIES = 4096  # about 2 kB each
VERSION = "https://jsonfeed.org/version/1.1"

_EMPTY_LIST_END = "[]\n}"  # how the JSON of a feed without items ends


def json_feed(feed: Feed, publisher: Publisher) -> bytes:
    """Return the feed as JSON Feed 1.1, without members whose value is unknown."""
    about = {
        "version": VERSION,
        "title": feed.heading,
        "description": printable(feed.description),
        "home_page_url": publisher.page_url(feed),
        "feed_url": publisher.feed_url(feed, "json"),
        "language": LANGUAGE,
        "authors": [{"name": publisher.byline}],
    }
    empty = json.dumps(_without_empty(about) | {"items": []}, ensure_ascii=False, indent=1)
    items = ",\n  ".join(map(_item, feed.entries))
    filled = f"{empty.removesuffix(_EMPTY_LIST_END)}[\n  {items}\n ]\n}}" if items else empty
    return f"{filled}\n".encode()


@lru_cache(CACHED_ENTRIES)
def _item(entry: Entry) -> str:
    """Return the JSON of an item, indented as in a feed; it is the same in every feed and is therefore cached."""
    fields = entry_fields(entry)
    about = {
        "id": fields.id,
        "url": fields.url,
        "title": fields.title,
        "date_published": fields.published.isoformat(),
        "authors": [{"name": author} for author in fields.authors],
        "tags": list(fields.tags),
    }
    item = _without_empty(about) | {"content_text": fields.abstract}
    return json.dumps(item, ensure_ascii=False, indent=1).replace("\n", "\n  ")


def _without_empty(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value}
