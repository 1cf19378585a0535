"""Write the XML of an entry for RSS and for Atom. It is the same in every feed, and is cached.

feedgen makes the elements, except those that it leaves out or writes incompletely. feedgen 1.0 writes the links of an
Atom entry without `rel`, `type` and `title`, and it writes no such links in an RSS item. An RSS item has no element for
an abstract in plain text. One is needed, because a browser shows the tags of escaped HTML. So the abstract is also
written as plain text, in the `abstract` element of the DCMI Metadata Terms.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from feedgen.entry import FeedEntry
from lxml import etree

from notifier.feeds.entries import Entry, EntryFields, EntryLink, entry_fields

CACHED_ENTRIES = 4096  # of each format; about 4 kB each

_ATOM = "http://www.w3.org/2005/Atom"
_DC = "http://purl.org/dc/elements/1.1/"
_DCTERMS = "http://purl.org/dc/terms/"

# The namespaces that an RSS feed must declare for its items, besides Atom's, which feedgen declares by itself.
RSS_NAMESPACES = {"dc": _DC, "dcterms": _DCTERMS}


@lru_cache(CACHED_ENTRIES)
def rss_item(entry: Entry) -> bytes:
    """Return the XML of an item, indented as in a channel.

    All authors are in one element, as in arXiv's feeds, because some feed readers show only the last of several.
    """
    fields = entry_fields(entry)
    made = _feedgen_entry(fields)
    if fields.html:
        made.description(fields.html)
    if fields.url:
        made.link(href=fields.url, rel="alternate")
    document = etree.Element("rss", nsmap={**RSS_NAMESPACES, "atom": _ATOM})
    item = made.rss_entry()
    etree.SubElement(document, "channel").append(item)
    if fields.authors:
        etree.SubElement(item, f"{{{_DC}}}creator").text = ", ".join(fields.authors)
    if fields.plain:
        etree.SubElement(item, f"{{{_DCTERMS}}}abstract").text = fields.plain
    for link in fields.links[1:]:
        etree.SubElement(item, f"{{{_ATOM}}}link", _attributes(link))
    return _only_entry(document, b"    <item>", b"  </channel>")


@lru_cache(CACHED_ENTRIES)
def atom_entry(entry: Entry) -> bytes:
    """Return the XML of an entry, indented as in a feed.

    An entry without a link must have content (RFC 4287, section 4.1.2), so the content is a space if there is neither
    an abstract nor a link.
    """
    fields = entry_fields(entry)
    made = _feedgen_entry(fields)
    made.updated(fields.updated)
    made.content(fields.html or " ", type="xhtml")
    made.author([{"name": author} for author in fields.authors])
    document = etree.Element("feed")
    element = made.atom_entry()
    document.append(element)
    for link in fields.links:
        etree.SubElement(element, "link", _attributes(link))
    return _only_entry(document, b"  <entry>", b"</feed>")


def _feedgen_entry(fields: EntryFields) -> Any:
    """Return a feedgen entry with the values that RSS and Atom share."""
    made = FeedEntry()
    made.id(fields.id)
    made.title(fields.title)
    made.published(fields.published)
    made.category([{"term": tag.term} | ({"label": tag.label} if tag.label != tag.term else {}) for tag in fields.tags])
    return made


def _attributes(link: EntryLink) -> dict[str, str]:
    return {"href": link.url, "rel": link.relation, "type": link.media_type, "title": link.title}


def _only_entry(document: etree._Element, start: bytes, end: bytes) -> bytes:
    """Return the XML of the only entry of a feed: from its `start` tag to the feed's `end` tag.

    Neither tag can occur in a text, because `<` is written there as `&lt;`.
    """
    written = etree.tostring(document, pretty_print=True, encoding="UTF-8")
    return written[written.index(start) : written.rindex(end)]
