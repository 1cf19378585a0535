"""arXiv RSS and Atom: what rss.arxiv.org announces once a day, and the RDF that it served until 2024.

The identifier and the kind of announcement stand before the abstract, in `announce_type`, or, in the RDF, at the end of
the title. `pubDate` and `updated` are the day of the announcement. https://info.arxiv.org/help/rss.html
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from notifier.config import Limits
from notifier.errors import DumpError
from notifier.models import Announce, Listing, ParsedDump
from notifier.sources import fields
from notifier.sources.arxiv.entry import authors, categories, link
from notifier.sources.arxiv.ids import abstract_page, arxiv_id
from notifier.sources.format import ARXIV, Format
from notifier.sources.xml_records import children, first, open_document, root_of, tally_of

_SAMPLE = 1 << 16  # characters
_OWN = re.compile(r"announce_type|Announce Type:|//(?:export\.|rss\.)?arxiv\.org/(?:rss|atom)/|updates on arXiv\.org")
_BEFORE_ABSTRACT = re.compile(r"\s*(arXiv:\S+)\s+Announce Type:\s*([\w-]+)\s*(?:Abstract:\s*)?")
_AFTER_TITLE = re.compile(r"\s*\((arXiv:[^\s()]+)(?: \[[^\]()]*\])?( UPDATED| CROSS LISTED)?\)\s*$")
_OLD_KINDS = {" UPDATED": Announce.REPLACE, " CROSS LISTED": Announce.CROSS}


def _recognises(text: str) -> bool:
    return root_of(text) in ("rss", "feed", "RDF") and _OWN.search(text, 0, _SAMPLE) is not None


def _parse(text: str, limits: Limits) -> ParsedDump:
    document = open_document(text, limits)
    name = "arXiv Atom" if document.root == "feed" else "arXiv RSS"
    account = tally_of(document, limits, _listing)
    told = next((day for tag in ("pubDate", "updated", "date") if (day := fields.day(document.told(tag)))), None)
    return ParsedDump(name, *account.outcome, full_date=told, rank=ARXIV)


def _listing(entry: Element, position: int, where: str) -> Listing | str:
    parts = children(entry)
    title, text = first(parts, "title"), first(parts, "description", "summary")
    before, after = _BEFORE_ABSTRACT.match(text), _AFTER_TITLE.search(title)
    url = link(parts)
    named = (before and before[1], first(parts, "guid", "id"), after and after[1], url)
    known = next((found for each in named if each and (found := arxiv_id(each))), None)
    if known is None:
        return _no_paper(title, text)
    title = fields.text(title[: after.start()] if after else title)
    if not title:
        return "it has no title"
    abstract = fields.text(text[before.end() :] if before else text)
    return Listing(
        position=position,
        title=title,
        abstract=abstract,
        where=where,
        arxiv_id=known[0],
        url=url or abstract_page(known[0]),
        authors=authors(parts),
        categories=categories(parts),
        version=known[1],
        doi=fields.doi(first(parts, "DOI", "doi")),
        announce=_kind(first(parts, "announce_type") or (before[2] if before else "")) or _old_kind(after),
        withdrawn=fields.is_withdrawn(abstract),
    )


def _no_paper(title: str, text: str) -> str:
    """Why an entry without an arXiv id is no listing. Raises DumpError where it is an error that looks like a feed."""
    if "error" in title.lower():
        raise DumpError(f"arXiv answered with an error: {fields.text(text) or fields.text(title)}; fetch it again")
    return "it has no arXiv id"


def _kind(name: str) -> Announce | None:
    name = name.strip().lower()
    return Announce(name) if name in set(Announce) else None


def _old_kind(after: re.Match[str] | None) -> Announce | None:
    return _OLD_KINDS.get(after[2] or "", Announce.NEW) if after else None


FORMAT = Format("arXiv RSS or Atom", _recognises, _parse)
