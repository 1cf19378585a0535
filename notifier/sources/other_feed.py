"""Any other RSS or Atom feed of papers, as journals and preprint servers have them.

feedparser knows their dialects. It is given one record at a time, and well-formed, so that each is accounted for.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import feedparser

from notifier.config import Limits
from notifier.models import Listing, ParsedDump
from notifier.sources import fields
from notifier.sources.arxiv.ids import arxiv_id
from notifier.sources.format import LINES, Format
from notifier.sources.xml_records import children, open_document, root_of, tally_of

NAME = "RSS or Atom"

_RSS = "<rss version='2.0'><channel>{}</channel></rss>"
_ATOM = "<feed xmlns='http://www.w3.org/2005/Atom'>{}</feed>"


def _recognises(text: str) -> bool:
    return root_of(text) in ("rss", "feed", "RDF")


def _parse(text: str, limits: Limits) -> ParsedDump:
    document = open_document(text, limits)
    account = tally_of(document, limits, _listing)
    account.refuse_if_all_skipped()
    told = (fields.day(document.told(tag)) for tag in ("pubDate", "lastBuildDate", "updated", "date"))
    return ParsedDump(NAME, *account.outcome, full_date=next(filter(None, told), None), rank=LINES)


def _listing(record: Element, position: int, where: str) -> Listing | str:
    if "title" not in children(record):
        return "it has no title"
    try:
        entry = _entry(record)
    except RecursionError:
        return "it is nested too deep"
    title = fields.text(entry.get("title"))
    if not title:
        return "it has no title"
    url = fields.address(entry.get("link"))
    names = [value for key in ("id", "link", "dc_identifier", "prism_doi") if isinstance(value := entry.get(key), str)]
    known = next(filter(None, map(arxiv_id, names)), None)
    abstract = fields.text(_longest_text(entry))
    return Listing(
        position=position,
        title=title,
        abstract=abstract,
        where=where,
        arxiv_id=known[0] if known else None,
        version=known[1] if known else None,
        url=url,
        authors=_authors(entry),
        keywords=fields.words(tag.get("term") for tag in entry.get("tags", ())),
        doi=next(filter(None, map(fields.doi, names)), None),
        published=fields.day(entry.get("published")),
        updated=fields.day(entry.get("updated")),
        withdrawn=fields.is_withdrawn(abstract),
    )


def _entry(record: Element) -> dict[str, Any]:
    text = ElementTree.tostring(record, encoding="unicode")
    frame = _ATOM if record.tag.endswith("entry") else _RSS
    content = BytesIO(frame.format(text).encode())
    found = feedparser.parse(content, resolve_relative_uris=False, sanitize_html=False)
    return dict(found.entries[0]) if found.entries else {}


def _longest_text(entry: dict[str, Any]) -> str:
    texts = [entry.get("summary"), *(content.get("value") for content in entry.get("content", ()))]
    return max((text for text in texts if isinstance(text, str)), key=len, default="")


def _authors(entry: dict[str, Any]) -> tuple[str, ...]:
    names = [name for author in entry.get("authors", ()) if isinstance(name := author.get("name"), str)]
    return fields.people(names[0]) if len(names) == 1 else fields.words(names)


FORMAT = Format(NAME, _recognises, _parse)
