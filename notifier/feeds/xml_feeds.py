"""The feeds in XML, by feedgen.

Titles are plain text and abstracts are HTML, in which nothing is markup: so the RSS Advisory Board's profile has it,
and so readers get them right. Several take every abstract for HTML, Atom's `type="text"` too.

An entry is written once and put into every feed that shows it.

What feedgen would take from elsewhere is always told to it: dates (else the clock's), the order (it puts each new entry
first), the generator (its own name and version), and a channel's link (the last one added).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import quote

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator

from notifier.feeds.feed import GENERATOR, LANGUAGE, Entry, Feed, Fields, Publisher, fields_of, plain

KEPT_ENTRIES = 4096  # of each format; about 2 kB each
TTL = 60  # minutes that a reader may wait before it asks again

# Feeds that an entry is written in before it is taken out.
_ANY_FEED = Feed("any", "Any", "Any.", ())
_ANYONE = Publisher("Anyone", "anyone@example.org")


def rss(feed: Feed, publisher: Publisher) -> bytes:
    """The feed as RSS 2.0 (RSS Advisory Board, 2.0.11).

    A channel must have a link: without a web site it is the publisher's address.
    """
    channel = _generator(feed, publisher, "rss", "application/rss+xml")
    channel.load_extension("dc", atom=False)
    channel.ttl(TTL)
    channel.link(href=publisher.page_url(feed) or f"mailto:{quote(publisher.address, safe='@')}", rel="alternate")
    return _with(channel.rss_str(pretty=True), map(_rss_item, feed.entries), b"  </channel>")


def atom(feed: Feed, publisher: Publisher) -> bytes:
    """The feed as Atom 1.0 (RFC 4287)."""
    document = _generator(feed, publisher, "atom", "application/atom+xml")
    document.id(publisher.feed_id(feed))
    document.author(name=publisher.byline)
    if page := publisher.page_url(feed):
        document.link(href=page, rel="alternate", type="text/html")
    return _with(document.atom_str(pretty=True), map(_atom_entry, feed.entries), b"</feed>")


def _with(empty: bytes, entries: Iterable[bytes], end: bytes) -> bytes:
    """A feed without entries, with these before its end."""
    place = empty.rindex(end)
    return b"".join((empty[:place], *entries, empty[place:]))


def _alone(document: bytes, start: bytes, end: bytes) -> bytes:
    """The only entry of a feed as it stands there; text holds no tags, since `<` is written as `&lt;`."""
    return document[document.index(start) : document.rindex(end)]


@lru_cache(KEPT_ENTRIES)
def _rss_item(entry: Entry) -> bytes:
    """An item, the same in every feed.

    Its authors are one creator, as in arXiv's feeds: some readers show only the last of several.
    """
    channel = _generator(_ANY_FEED, _ANYONE, "rss", "application/rss+xml")
    channel.load_extension("dc", atom=False)
    channel.link(href="mailto:anyone@example.org", rel="alternate")
    fields = fields_of(entry)
    item = _entry(fields)
    if fields.authors:
        item.load_extension("dc", atom=False)
        item.dc.dc_creator(", ".join(fields.authors))
    channel.add_entry(item)
    return _alone(channel.rss_str(pretty=True), b"    <item>", b"  </channel>")


@lru_cache(KEPT_ENTRIES)
def _atom_entry(entry: Entry) -> bytes:
    """An entry, the same in every feed."""
    document = _generator(_ANY_FEED, _ANYONE, "atom", "application/atom+xml")
    document.id(_ANYONE.feed_id(_ANY_FEED))
    fields = fields_of(entry)
    made = _entry(fields)
    made.updated(fields.published)
    for author in fields.authors:
        made.author(name=author)
    document.add_entry(made)
    return _alone(document.atom_str(pretty=True), b"  <entry>", b"</feed>")


def _generator(feed: Feed, publisher: Publisher, ending: str, media_type: str) -> Any:
    generator = FeedGenerator()
    generator.title(feed.heading)
    generator.description(plain(feed.description) or feed.heading)
    generator.updated(feed.updated)
    generator.language(LANGUAGE)
    generator.generator(GENERATOR)
    if url := publisher.feed_url(feed, ending):
        generator.link(href=url, rel="self", type=media_type)
    return generator


def _entry(fields: Fields) -> Any:
    """What both formats say; without a link there is content even where it is empty (RFC 4287, section 4.1.1.1)."""
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
