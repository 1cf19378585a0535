"""Write the list of all feeds as OPML 2.0 (opml.org), for feed readers to import."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from notifier.feeds.entries import printable
from notifier.feeds.feed import Feed, Publisher


def opml(feeds: Iterable[Feed], publisher: Publisher) -> bytes:
    """Return the list of the feeds as OPML 2.0.

    Each feed is listed in its Atom format, because only Atom says which texts are HTML. Without a web site the list
    refers to the feeds by the names of their files, relative to its own place.
    """
    document = ET.Element("opml", version="2.0")
    ET.SubElement(ET.SubElement(document, "head"), "title").text = publisher.byline
    body = ET.SubElement(document, "body")
    for feed in feeds:
        ET.SubElement(body, "outline", _outline(feed, publisher))
    ET.indent(document)
    content: bytes = ET.tostring(document, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _outline(feed: Feed, publisher: Publisher) -> dict[str, str]:
    attributes = {
        "type": "rss",  # OPML's name for a feed of any format
        "text": feed.heading,
        "title": feed.heading,
        "description": printable(feed.description),
        "xmlUrl": publisher.feed_url(feed, "atom") or f"{feed.slug}.atom",
        "htmlUrl": publisher.page_url(feed),
    }
    return {name: value for name, value in attributes.items() if value}
