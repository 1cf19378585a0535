"""Write feeds as JSON Feed 1.1 (jsonfeed.org)."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from notifier.feeds.entries import PDF, Entry, EntryLink, entry_fields, printable
from notifier.feeds.feed import LANGUAGE, Feed, Publisher

CACHED_ENTRIES = 4096  # about 3 kB each
VERSION = "https://jsonfeed.org/version/1.1"

_EMPTY_LIST_END = b"[]\n}"  # how the JSON of a feed without items ends


def json_feed(feed: Feed, publisher: Publisher) -> bytes:
    """Return the feed as JSON Feed 1.1, without members whose value is unknown."""
    about = {
        "version": VERSION,
        "title": feed.heading,
        "description": printable(feed.description),
        "home_page_url": publisher.page_url(feed),
        "feed_url": publisher.feed_url(feed, "json"),
        "hubs": [{"type": "WebSub", "url": hub}] if (hub := publisher.hub_of(feed)) else [],
        "language": LANGUAGE,
        "authors": [{"name": publisher.byline}],
    }
    empty = json.dumps(_without_empty(about) | {"items": []}, ensure_ascii=False, indent=1).encode()
    if not feed.entries:
        return empty + b"\n"
    items = b",\n  ".join(map(_item, feed.entries))
    return b"".join((empty.removesuffix(_EMPTY_LIST_END), b"[\n  ", items, b"\n ]\n}\n"))


@lru_cache(CACHED_ENTRIES)
def _item(entry: Entry) -> bytes:
    """Return the JSON of an item, indented as in a feed; it is the same in every feed and is therefore cached.

    An item must have content, so `content_html` is written even if it is empty.
    """
    fields = entry_fields(entry)
    about = {
        "id": fields.id,
        "url": fields.url,
        "title": fields.title,
        "summary": fields.summary,
        "date_published": fields.published.isoformat(),
        "date_modified": fields.updated.isoformat() if fields.note else "",
        "authors": [{"name": author} for author in fields.authors],
        "tags": [tag.label for tag in fields.tags],
        "attachments": [_attachment(link) for link in fields.links if link.media_type == PDF],
    }
    item = _without_empty(about) | {"content_html": fields.html}
    return json.dumps(item, ensure_ascii=False, indent=1).replace("\n", "\n  ").encode()


def _attachment(link: EntryLink) -> dict[str, str]:
    return {"url": link.url, "mime_type": link.media_type, "title": link.title}


def _without_empty(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value}
