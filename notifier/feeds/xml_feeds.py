"""Feeds in XML: RSS 2.0 and Atom 1.0, written by feedgen.

Titles are plain text. Abstracts are HTML with every special character escaped, as the RSS Advisory Board's profile
recommends, because several feed readers treat every abstract as HTML, even with Atom's `type="text"`.

The XML of an entry is made once, cached, and inserted into every feed that shows the entry.

Every value for which feedgen has a default is set explicitly, because these defaults do not fit: dates are the current
time, each added entry becomes the first, the generator is feedgen's name and version, and the link of a channel is the
last one that was added.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import quote

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator

from notifier.feeds.feed import GENERATOR, LANGUAGE, Entry, EntryFields, Feed, Publisher, entry_fields, printable

CACHED_ENTRIES = 4096  # cached entries of each format; each takes about 2 kB
TTL = 60  # minutes that a feed reader may wait before it asks again

# feedgen writes an entry only as part of a feed. So each entry is written in this feed and cut out of the feed's XML.
_ANY_FEED = Feed("any", "Any", "Any.", ())
_ANYONE = Publisher("Anyone", "anyone@example.org")


def rss(feed: Feed, publisher: Publisher) -> bytes:
    """Return the feed as RSS 2.0 (RSS Advisory Board, version 2.0.11).

    RSS requires a link for the channel. Without a web site, the link is a mailto URL of the publisher's address.
    """
    channel = _generator(feed, publisher, "rss", "application/rss+xml")
    channel.load_extension("dc", atom=False)
    channel.ttl(TTL)
    channel.link(href=publisher.page_url(feed) or f"mailto:{quote(publisher.address, safe='@')}", rel="alternate")
    return _insert(map(_rss_item, feed.entries), channel.rss_str(pretty=True), b"  </channel>")


def atom(feed: Feed, publisher: Publisher) -> bytes:
    """Return the feed as Atom 1.0 (RFC 4287)."""
    document = _generator(feed, publisher, "atom", "application/atom+xml")
    document.id(publisher.feed_id(feed))
    document.author(name=publisher.byline)
    if page := publisher.page_url(feed):
        document.link(href=page, rel="alternate", type="text/html")
    return _insert(map(_atom_entry, feed.entries), document.atom_str(pretty=True), b"</feed>")


def _insert(entries: Iterable[bytes], empty_feed: bytes, end: bytes) -> bytes:
    """Return the feed with the entries inserted before its `end` tag."""
    place = empty_feed.rindex(end)
    return b"".join((empty_feed[:place], *entries, empty_feed[place:]))


def _only_entry(document: bytes, start: bytes, end: bytes) -> bytes:
    """Return the XML of the only entry of a feed: from its `start` tag to the feed's `end` tag.

    Neither tag can occur in a text, because `<` is written there as `&lt;`.
    """
    return document[document.index(start) : document.rindex(end)]


@lru_cache(CACHED_ENTRIES)
def _rss_item(entry: Entry) -> bytes:
    """Return the XML of an item, which is the same in every feed.

    All authors are in one creator element, as in arXiv's feeds, because some feed readers show only the last of several
    creators.
    """
    channel = _generator(_ANY_FEED, _ANYONE, "rss", "application/rss+xml")
    channel.load_extension("dc", atom=False)
    channel.link(href="mailto:anyone@example.org", rel="alternate")
    fields = entry_fields(entry)
    item = _entry(fields)
    if fields.authors:
        item.load_extension("dc", atom=False)
        item.dc.dc_creator(", ".join(fields.authors))
    channel.add_entry(item)
    return _only_entry(channel.rss_str(pretty=True), b"    <item>", b"  </channel>")


@lru_cache(CACHED_ENTRIES)
def _atom_entry(entry: Entry) -> bytes:
    """Return the XML of an entry, which is the same in every feed."""
    document = _generator(_ANY_FEED, _ANYONE, "atom", "application/atom+xml")
    document.id(_ANYONE.feed_id(_ANY_FEED))
    fields = entry_fields(entry)
    item = _entry(fields)
    item.updated(fields.published)
    for author in fields.authors:
        item.author(name=author)
    document.add_entry(item)
    return _only_entry(document.atom_str(pretty=True), b"  <entry>", b"</feed>")


def _generator(feed: Feed, publisher: Publisher, ending: str, media_type: str) -> Any:
    """Return a feedgen generator with the values that RSS and Atom share, and without entries."""
    generator = FeedGenerator()
    generator.title(feed.heading)
    generator.description(printable(feed.description) or feed.heading)
    generator.updated(feed.updated)
    generator.language(LANGUAGE)
    generator.generator(GENERATOR)
    if url := publisher.feed_url(feed, ending):
        generator.link(href=url, rel="self", type=media_type)
    return generator


def _entry(fields: EntryFields) -> Any:
    """Return a feedgen entry with the values that RSS and Atom share.

    An Atom entry without a link must have content, so an empty abstract is written if there is no link (RFC 4287,
    section 4.1.2).
    """
    entry = FeedEntry()
    entry.id(fields.id)
    entry.title(fields.title)
    entry.published(fields.published)
    if fields.abstract or not fields.url:
        entry.content(escape(fields.abstract, quote=False), type="html")
    if fields.url:
        entry.link(href=fields.url, rel="alternate")
    for tag in fields.tags:
        entry.category(term=tag)
    return entry
