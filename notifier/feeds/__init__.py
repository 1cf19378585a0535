"""Write the newest papers of a topic as RSS 2.0, Atom 1.0 and JSON Feed 1.1, and a list of all feeds as OPML 2.0.

The bytes of a feed depend on its papers and on the config, but not on the clock. So a feed is written only if its
papers or the config have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from notifier.feeds.entries import Entry
from notifier.feeds.feed import PRIVATE_PATH, STYLESHEET, Feed, Publisher, newest_entries, shown_papers
from notifier.feeds.json_feed import json_feed
from notifier.feeds.opml import opml
from notifier.feeds.xml_feeds import atom, rss

__all__ = [
    "FORMATS",
    "LINK_TYPES",
    "MEDIA_TYPES",
    "PRIVATE_PATH",
    "STYLESHEET",
    "Entry",
    "Feed",
    "Publisher",
    "atom",
    "json_feed",
    "newest_entries",
    "opml",
    "rss",
    "shown_papers",
]

# The function that writes each format, by the ending of the feed's file.
FORMATS: Mapping[str, Callable[[Feed, Publisher], bytes]] = {"rss": rss, "atom": atom, "json": json_feed}

# The media type by which a link names each format.
LINK_TYPES: Mapping[str, str] = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
}

# The media type with which each file of the feeds folder is served, by its ending. Feed readers take any; browsers show
# RSS and Atom with their stylesheet only as XML.
MEDIA_TYPES: Mapping[str, str] = {
    "rss": "application/xml; charset=utf-8",
    "atom": "application/xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
    "opml": "text/x-opml; charset=utf-8",
    "css": "text/css; charset=utf-8",
}
