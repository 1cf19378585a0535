"""The feed in JSON (JSON Feed 1.1, jsonfeed.org)."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from notifier.feeds.feed import LANGUAGE, Entry, Feed, Publisher, fields_of, plain

KEPT_ENTRIES = 4096  # about 2 kB each
VERSION = "https://jsonfeed.org/version/1.1"

_END = "[]\n}"


def json_feed(feed: Feed, publisher: Publisher) -> bytes:
    """The feed as JSON Feed 1.1; what is not known is left out."""
    about = {
        "version": VERSION,
        "title": feed.heading,
        "description": plain(feed.description),
        "home_page_url": publisher.page_url(feed),
        "feed_url": publisher.feed_url(feed, "json"),
        "language": LANGUAGE,
        "authors": [{"name": publisher.byline}],
    }
    empty = json.dumps(_known(about) | {"items": []}, ensure_ascii=False, indent=1)
    items = ",\n  ".join(map(_item, feed.entries))
    filled = f"{empty.removesuffix(_END)}[\n  {items}\n ]\n}}" if items else empty
    return f"{filled}\n".encode()


@lru_cache(KEPT_ENTRIES)
def _item(entry: Entry) -> str:
    """An item, the same in every feed, indented as it stands there."""
    fields = fields_of(entry)
    about = {
        "id": fields.id,
        "url": fields.url,
        "title": fields.title,
        "date_published": fields.published.isoformat(),
        "authors": [{"name": author} for author in fields.authors],
        "tags": list(fields.tags),
    }
    item = _known(about) | {"content_text": fields.abstract}
    return json.dumps(item, ensure_ascii=False, indent=1).replace("\n", "\n  ")


def _known(about: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in about.items() if value}
