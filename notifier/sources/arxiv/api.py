"""arXiv API: the Atom that export.arxiv.org/api/query answers, be it of no entry or of an error.

The feed's `updated` is the day of the answer; an entry's `published` and `updated` are the paper's own.
https://info.arxiv.org/help/api/user-manual.html
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from notifier.config import Limits
from notifier.errors import DumpError
from notifier.models import Listing, ParsedDump
from notifier.sources import fields
from notifier.sources.arxiv.entry import authors, categories, link
from notifier.sources.arxiv.ids import abstract_page, arxiv_id
from notifier.sources.format import ARXIV, Format
from notifier.sources.xml_records import children, first, open_document, root_of, tally_of

NAME = "arXiv API"

_SAMPLE = 1 << 14  # characters
_OWN = ("arxiv.org/schemas/atom", "arxiv.org/api/")
_ERRORS = "arxiv.org/api/errors"


def _recognises(text: str) -> bool:
    return root_of(text) == "feed" and any(mark in text[:_SAMPLE] for mark in _OWN)


def _parse(text: str, limits: Limits) -> ParsedDump:
    document = open_document(text, limits)
    account = tally_of(document, limits, _listing)
    return ParsedDump(NAME, *account.outcome, full_date=fields.day(document.told("updated")), rank=ARXIV)


def _listing(entry: Element, position: int, where: str) -> Listing | str:
    parts = children(entry)
    identifier = first(parts, "id")
    abstract = fields.text(first(parts, "summary"))
    if _ERRORS in identifier:
        raise DumpError(f"arXiv answered with an error: {abstract or identifier}; ask it for something else")
    known = arxiv_id(identifier)
    if known is None:
        return "it has no arXiv id"
    title = fields.text(first(parts, "title"))
    if not title:
        return "it has no title"
    note = fields.text(first(parts, "comment"))
    return Listing(
        position=position,
        title=title,
        abstract=abstract,
        where=where,
        arxiv_id=known[0],
        url=abstract_page(known[0]),
        authors=authors(parts),
        categories=categories(parts),
        version=known[1],
        doi=fields.doi(first(parts, "doi", "DOI")),
        published=fields.day(first(parts, "published")),
        updated=fields.day(first(parts, "updated")),
        note=note,
        pdf=link(parts, "pdf"),
        withdrawn=fields.is_withdrawn(note, abstract),
    )


FORMAT = Format(NAME, _recognises, _parse)
