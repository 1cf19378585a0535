"""The feed in JSON (JSON Feed 1.1, jsonfeed.org)."""

from __future__ import annotations

import json
from typing import Any

from notifier.feeds.feed import LANGUAGE, Feed, Fields, Publisher, fields_of, plain

VERSION = "https://jsonfeed.org/version/1.1"


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
    document = _known(about) | {"items": [_item(fields_of(entry)) for entry in feed.entries]}
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _item(fields: Fields) -> dict[str, Any]:
    about = {
        "id": fields.id,
        "url": fields.url,
        "title": fields.title,
        "date_published": fields.published.isoformat(),
        "authors": [{"name": author} for author in fields.authors],
        "tags": list(fields.tags),
    }
    return _known(about) | {"content_text": fields.abstract}


def _known(about: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in about.items() if value}
