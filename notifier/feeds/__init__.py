"""Feeds: a topic's newest papers as RSS 2.0, Atom 1.0 and JSON Feed 1.1, and an OPML list of all feeds.

Pure: a feed's bytes follow from its papers alone, so that it is written only when they changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from notifier.feeds.feed import Entry, Feed, Publisher, newest
from notifier.feeds.json_feed import json_feed
from notifier.feeds.opml import opml
from notifier.feeds.xml_feeds import atom, rss

__all__ = ["FORMATS", "Entry", "Feed", "Publisher", "atom", "json_feed", "newest", "opml", "rss"]

# By the ending of a feed's file.
FORMATS: Mapping[str, Callable[[Feed, Publisher], bytes]] = {"rss": rss, "atom": atom, "json": json_feed}
