"""The feeds in XML, by feedgen.

Titles are plain text and abstracts are HTML, in which nothing is markup: so the RSS Advisory Board's profile has it,
and so readers get them right. Several take every abstract for HTML, Atom's `type="text"` too.

What feedgen would take from elsewhere is always told to it: dates (else the clock's), the order (it puts each new entry
first), the generator (its own name and version), and a channel's link (the last one added).
"""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import quote

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator

from notifier.feeds.feed import GENERATOR, LANGUAGE, Feed, Fields, Publisher, fields_of, plain

TTL = 60  # minutes that a reader may wait before it asks again


def rss(feed: Feed, publisher: Publisher) -> bytes:
    """The feed as RSS 2.0 (RSS Advisory Board, 2.0.11).

    A channel must have a link: without a web site it is the publisher's address.
    """
    channel = _generator(feed, publisher, "rss", "application/rss+xml")
    channel.load_extension("dc", atom=False)
    channel.ttl(TTL)
    channel.link(href=publisher.page_url(feed) or f"mailto:{quote(publisher.address, safe='@')}", rel="alternate")
    for entry in feed.entries:
        channel.add_entry(_rss_item(fields_of(entry)), order="append")
    content: bytes = channel.rss_str(pretty=True)
    return content


def atom(feed: Feed, publisher: Publisher) -> bytes:
    """The feed as Atom 1.0 (RFC 4287)."""
    document = _generator(feed, publisher, "atom", "application/atom+xml")
    document.id(publisher.feed_id(feed))
    document.author(name=publisher.byline)
    if page := publisher.page_url(feed):
        document.link(href=page, rel="alternate", type="text/html")
    for entry in feed.entries:
        document.add_entry(_atom_entry(fields_of(entry)), order="append")
    content: bytes = document.atom_str(pretty=True)
    return content


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


def _rss_item(fields: Fields) -> Any:
    """One item; its authors are one creator, as in arXiv's feeds: some readers show only the last of several."""
    entry = _entry(fields)
    if fields.authors:
        entry.load_extension("dc", atom=False)
        entry.dc.dc_creator(", ".join(fields.authors))
    return entry


def _atom_entry(fields: Fields) -> Any:
    entry = _entry(fields)
    entry.updated(fields.published)
    for author in fields.authors:
        entry.author(name=author)
    return entry


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
