"""Parse any other RSS or Atom feed of papers, such as those of journals and preprint servers.

feedparser, which knows the dialects of RSS and Atom, parses the entries. It gets only well-formed
entries, one at a time; a broken entry is reported as skipped.
"""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import quoteattr

import feedparser

from notifier.config import Limits
from notifier.models import Listing, ParsedDump
from notifier.sources import fields
from notifier.sources.arxiv.ids import parse_arxiv_id
from notifier.sources.feed_base import base_of
from notifier.sources.format import LINES, Format
from notifier.sources.xml_document import open_document, root_of
from notifier.sources.xml_records import children_of, first_text, tally_records

NAME = "RSS or Atom"

_RSS = "<rss version='2.0' xml:base={}><channel>{}</channel></rss>"
_IDENTIFIERS = ("doi", "identifier", "guid", "id")
_ATOM = "<feed xmlns='http://www.w3.org/2005/Atom' xml:base={}>{}</feed>"


def _recognises(text: str) -> bool:
    return root_of(text) in ("rss", "feed", "RDF")


def _parse(text: str, limits: Limits) -> ParsedDump:
    document = open_document(text, limits)
    tally = tally_records(document, limits, partial(_listing, base=base_of(document)))
    tally.refuse_if_all_skipped()
    days = (fields.day(document.head_text(tag)) for tag in ("pubDate", "lastBuildDate", "updated", "date"))
    return ParsedDump(NAME, *tally.listings_and_skipped, full_date=next(filter(None, days), None), precedence=LINES)


def _listing(record: Element, position: int, where: str, *, base: str) -> Listing | str:
    """Return the listing of an entry, or the reason why it is skipped. Its links are resolved against `base`."""
    if "title" not in children_of(record):
        return "it has no title"
    try:
        entry = _parse_entry(record, base)
    except RecursionError:
        return "it is nested too deeply"
    title = fields.text(entry.get("title"))
    if not title:
        return "it has no title"
    url = fields.link_url(entry.get("link"), base)
    id_texts = [value for key in ("id", "link") if isinstance(value := entry.get(key), str)] + _identifiers(record)
    versioned_id = next(filter(None, map(parse_arxiv_id, id_texts)), None)
    abstract = _abstract(record, entry)
    return Listing(
        position=position,
        title=title,
        abstract=abstract,
        where=where,
        arxiv_id=versioned_id.arxiv_id if versioned_id else None,
        version=versioned_id.version if versioned_id else None,
        url=url,
        authors=_authors(entry),
        keywords=fields.distinct_texts(tag.get("term") for tag in entry.get("tags", ())),
        doi=next(filter(None, map(fields.doi, id_texts)), None),
        published=fields.day(entry.get("published")),
        updated=fields.day(entry.get("updated")),
        withdrawn=fields.is_withdrawn(abstract),
    )


def _identifiers(record: Element) -> list[str]:
    """Return the texts of an entry's elements for identifiers, such as `prism:doi` and `dc:identifier`.

    The namespaces do not matter: PRISM has many, one for each of its versions, and feedparser knows only one.
    """
    found = children_of(record)
    return [element.text for name in _IDENTIFIERS for element in found.get(name, ()) if element.text]


def _parse_entry(record: Element, base: str) -> dict[str, Any]:
    """Return the values that feedparser finds in an entry, or an empty dict if it finds no entry."""
    text = ElementTree.tostring(record, encoding="unicode")
    frame = _ATOM if record.tag.endswith("entry") else _RSS
    content = BytesIO(frame.format(quoteattr(base), text).encode())
    feed = feedparser.parse(content, resolve_relative_uris=False, sanitize_html=False)
    return dict(feed.entries[0]) if feed.entries else {}


def _abstract(record: Element, entry: dict[str, Any]) -> str:
    """Return the text of the element `abstract` (of the DCMI Metadata Terms), or else the longest text of the entry."""
    named = fields.text(first_text(children_of(record), "abstract"))
    texts = [entry.get("summary"), *(content.get("value") for content in entry.get("content", ()))]
    return named or fields.abstract_text(max((text for text in texts if isinstance(text, str)), key=len, default=""))


def _authors(entry: dict[str, Any]) -> tuple[str, ...]:
    names = [name for author in entry.get("authors", ()) if isinstance(name := author.get("name"), str)]
    # A single name may be a line with the names of all authors.
    return fields.split_names(names[0]) if len(names) == 1 else fields.names(names)


FORMAT = Format(NAME, _recognises, _parse)
