"""Write feeds in XML: RSS 2.0 and Atom 1.0.

Titles are plain text. The content of an entry is HTML. In Atom it consists of XHTML elements: a browser shows it with
links that work. In RSS it is escaped, since RSS has no other form.

feedgen writes the feed without entries, and the XML of the entries is inserted. Every value for which feedgen has a
default is set explicitly, because these defaults do not fit: dates are the current time, each added entry becomes the
first, the generator is feedgen's name and version, and the link of a channel is the last one that was added.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import quoteattr

from feedgen.ext.base import BaseExtension
from feedgen.feed import FeedGenerator

from notifier.feeds.entries import printable
from notifier.feeds.feed import GENERATOR, LANGUAGE, STYLESHEET, Feed, Publisher
from notifier.feeds.xml_entries import RSS_NAMESPACES, atom_entry, rss_item

TTL = 60  # minutes that a feed reader may wait before it asks again


class _ItemNamespaces(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    def extend_ns(self) -> dict[str, str]:
        return RSS_NAMESPACES


def rss(feed: Feed, publisher: Publisher) -> bytes:
    """Return the feed as RSS 2.0 (RSS Advisory Board, version 2.0.11).

    A channel must have a link. Without a web site this is the identity of the feed, a URN, which leads nowhere.
    """
    channel = _generator(feed, publisher, "rss", "application/rss+xml")
    channel.register_extension("item_namespaces", _ItemNamespaces, atom=False)
    channel.ttl(TTL)
    channel.link(href=publisher.page_url(feed) or publisher.feed_id(feed), rel="alternate")
    hub = publisher.hub_of(feed)
    # feedgen writes no link to a hub into RSS.
    hub_links = [f'    <atom:link href={quoteattr(hub)} rel="hub"/>\n'.encode()] if hub else []
    return _assembled(feed, channel.rss_str(pretty=True), (*hub_links, *map(rss_item, feed.entries)), b"  </channel>")


def atom(feed: Feed, publisher: Publisher) -> bytes:
    """Return the feed as Atom 1.0 (RFC 4287)."""
    document = _generator(feed, publisher, "atom", "application/atom+xml")
    document.id(publisher.feed_id(feed))
    document.author(name=publisher.byline)
    if hub := publisher.hub_of(feed):
        document.link(href=hub, rel="hub")
    if page := publisher.page_url(feed):
        document.link(href=page, rel="alternate", type="text/html")
    return _assembled(feed, document.atom_str(pretty=True), map(atom_entry, feed.entries), b"</feed>")


def _generator(feed: Feed, publisher: Publisher, ending: str, media_type: str) -> Any:
    """Return a feedgen generator with the values that RSS and Atom share."""
    generator = FeedGenerator()
    generator.title(feed.heading)
    generator.description(printable(feed.description) or feed.heading)
    generator.updated(feed.updated)
    generator.language(LANGUAGE)
    generator.generator(GENERATOR)
    if url := publisher.feed_url(feed, ending):
        generator.link(href=url, rel="self", type=media_type)
    return generator


def _assembled(feed: Feed, empty_feed: bytes, entries: Iterable[bytes], end: bytes) -> bytes:
    """Return a feed with the stylesheet after its XML declaration, and the entries before its `end` tag."""
    start, place = empty_feed.index(b"\n") + 1, empty_feed.rindex(end)
    return b"".join((empty_feed[:start], _stylesheet_line(feed), empty_feed[start:place], *entries, empty_feed[place:]))


def _stylesheet_line(feed: Feed) -> bytes:
    """Return the line that names the stylesheet, which feed readers ignore.

    The URL is relative, so that it is right wherever the folder is served.
    """
    folders = feed.path.count("/") - 1 if feed.path else 0
    return f'<?xml-stylesheet type="text/css" href="{"../" * folders}{STYLESHEET}"?>\n'.encode()
