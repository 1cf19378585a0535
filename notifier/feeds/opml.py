"""The list of all feeds, for readers to import (OPML 2.0, opml.org)."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from notifier.feeds.feed import Feed, Publisher, plain


def opml(feeds: Iterable[Feed], publisher: Publisher, folder_url: str) -> bytes:
    """The feeds as OPML 2.0, each by its Atom form, which alone says which text is HTML.

    `folder_url` is where the feeds lie as files, such as `file:///srv/feeds`: readers are told that where there is no
    web site.
    """
    document = ET.Element("opml", version="2.0")
    ET.SubElement(ET.SubElement(document, "head"), "title").text = publisher.byline
    body = ET.SubElement(document, "body")
    for feed in feeds:
        ET.SubElement(body, "outline", _outline(feed, publisher, folder_url))
    ET.indent(document)
    listed: bytes = ET.tostring(document, encoding="utf-8", xml_declaration=True)
    return listed + b"\n"


def _outline(feed: Feed, publisher: Publisher, folder_url: str) -> dict[str, str]:
    known = {
        "type": "rss",  # what OPML calls a feed of any format
        "text": feed.heading,
        "title": feed.heading,
        "description": plain(feed.description),
        "xmlUrl": publisher.feed_url(feed, "atom") or f"{folder_url.rstrip('/')}/{feed.slug}.atom",
        "htmlUrl": publisher.page_url(feed),
    }
    return {name: value for name, value in known.items() if value}
