"""Parse arXiv's feeds: the daily RSS and Atom of rss.arxiv.org, and the RDF that arXiv served until 2024.

The arXiv id and the kind of announcement are at the beginning of an entry's text in RSS and Atom, and at the end of its
title in RDF. RSS and Atom have the kind also in `announce_type`. The feed's `pubDate`, `updated` or `date` is the day
of the announcement. https://info.arxiv.org/help/rss.html
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from notifier.config import Limits
from notifier.errors import DumpError
from notifier.models import Announce, Listing, ParsedDump
from notifier.sources import fields
from notifier.sources.arxiv.entry import authors, categories, link
from notifier.sources.arxiv.ids import abstract_url, parse_arxiv_id
from notifier.sources.format import ARXIV, Format
from notifier.sources.xml_document import open_document, root_of
from notifier.sources.xml_records import children_of, first_text, tally_records

_SAMPLE = 1 << 16  # _FEED_MARK must be within this many characters from the start of the text
_FEED_MARK = re.compile(
    r"announce_type|Announce Type:|//(?:export\.|rss\.)?arxiv\.org/(?:rss|atom)/|updates on arXiv\.org"
)
_BEFORE_ABSTRACT = re.compile(r"\A\s*(arXiv:\S+)\s+Announce Type:\s*([\w-]+)\s*(?:Abstract:\s*)?")
_AFTER_TITLE = re.compile(r"(?<!\s)\s*+\((arXiv:[^\s()]+)(?: \[[^\]()]*\])?( UPDATED| CROSS LISTED)?\)\s*$")
_RDF_KINDS = {" UPDATED": Announce.REPLACE, " CROSS LISTED": Announce.CROSS}


def _recognises(text: str) -> bool:
    return root_of(text) in ("rss", "feed", "RDF") and _FEED_MARK.search(text, 0, _SAMPLE) is not None


def _parse(text: str, limits: Limits) -> ParsedDump:
    document = open_document(text, limits)
    name = "arXiv Atom" if document.root == "feed" else "arXiv RSS"
    tally = tally_records(document, limits, _listing)
    days = (fields.day(document.head_text(tag)) for tag in ("pubDate", "updated", "date"))
    return ParsedDump(name, *tally.listings_and_skipped, full_date=next(filter(None, days), None), precedence=ARXIV)


def _listing(record: Element, position: int, where: str) -> Listing | str:
    """Return the listing of an entry, or the reason why it is skipped."""
    entry = children_of(record)
    title, text = first_text(entry, "title"), first_text(entry, "description", "summary")
    before_abstract, after_title = _BEFORE_ABSTRACT.match(text), _AFTER_TITLE.search(title)
    url = link(entry)
    id_texts = (
        before_abstract and before_abstract[1],
        first_text(entry, "guid", "id"),
        after_title and after_title[1],
        url,
    )
    versioned_id = next((found for id_text in id_texts if id_text and (found := parse_arxiv_id(id_text))), None)
    if versioned_id is None:
        return _reason_without_id(title, text)
    title = fields.text(title[: after_title.start()] if after_title else title)
    if not title:
        return "it has no title"
    abstract = fields.text(text[before_abstract.end() :] if before_abstract else text)
    kind = first_text(entry, "announce_type") or (before_abstract[2] if before_abstract else "")
    return Listing(
        position=position,
        title=title,
        abstract=abstract,
        where=where,
        arxiv_id=versioned_id.arxiv_id,
        url=url or abstract_url(versioned_id.arxiv_id),
        authors=authors(entry),
        categories=categories(entry),
        version=versioned_id.version,
        doi=fields.doi(first_text(entry, "DOI", "doi")),
        announce=_announce(kind) or _rdf_announce(after_title),
        withdrawn=fields.is_withdrawn(abstract),
    )


def _reason_without_id(title: str, text: str) -> str:
    """Return the reason why an entry without an arXiv id is skipped.

    Raises DumpError if the entry is an error message.
    """
    if "error" in title.lower():
        raise DumpError(f"arXiv answered with an error: {fields.text(text) or fields.text(title)}; fetch it again")
    return "it has no arXiv id"


def _announce(kind: str) -> Announce | None:
    kind = kind.strip().lower()
    return Announce(kind) if kind in set(Announce) else None


def _rdf_announce(after_title: re.Match[str] | None) -> Announce | None:
    return _RDF_KINDS.get(after_title[2] or "", Announce.NEW) if after_title else None


FORMAT = Format("arXiv RSS or Atom", _recognises, _parse)
