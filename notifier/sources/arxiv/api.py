"""Parse the format of the arXiv API: the Atom answers of export.arxiv.org/api/query.

An answer may have no entries, or an error message in place of an entry.

The feed's `updated` is the day of the answer. The `published` and `updated` of an entry are the days of the paper.
https://info.arxiv.org/help/api/user-manual.html
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from notifier.config import Limits
from notifier.errors import DumpError
from notifier.models import Listing, ParsedDump
from notifier.sources import fields
from notifier.sources.arxiv.entry import authors, categories, link
from notifier.sources.arxiv.ids import abstract_url, parse_arxiv_id
from notifier.sources.format import ARXIV, Format
from notifier.sources.xml_document import open_document, root_of
from notifier.sources.xml_records import children_of, first_text, tally_records

NAME = "arXiv API"

_SAMPLE = 1 << 14  # one of _API_MARKS must be within this many characters from the start of the text
_API_MARKS = ("arxiv.org/schemas/atom", "arxiv.org/api/")
_ERROR_IDS = "arxiv.org/api/errors"


def _recognises(text: str) -> bool:
    return root_of(text) == "feed" and any(mark in text[:_SAMPLE] for mark in _API_MARKS)


def _parse(text: str, limits: Limits) -> ParsedDump:
    document = open_document(text, limits)
    tally = tally_records(document, limits, _listing)
    full_date = fields.day(document.head_text("updated"))
    return ParsedDump(NAME, *tally.listings_and_skipped, full_date=full_date, precedence=ARXIV)


def _listing(record: Element, position: int, where: str) -> Listing | str:
    """Return the listing of an entry, or the reason why it is skipped.

    Raises DumpError if the entry is an error message.
    """
    entry = children_of(record)
    id_text = first_text(entry, "id")
    abstract = fields.text(first_text(entry, "summary"))
    if _ERROR_IDS in id_text:
        raise DumpError(f"arXiv answered with an error: {abstract or id_text}; correct the query and fetch again")
    versioned_id = parse_arxiv_id(id_text)
    if versioned_id is None:
        return "it has no arXiv id"
    title = fields.text(first_text(entry, "title"))
    if not title:
        return "it has no title"
    note = fields.text(first_text(entry, "comment"))
    return Listing(
        position=position,
        title=title,
        abstract=abstract,
        where=where,
        arxiv_id=versioned_id.arxiv_id,
        url=abstract_url(versioned_id.arxiv_id),
        authors=authors(entry),
        categories=categories(entry),
        version=versioned_id.version,
        doi=fields.doi(first_text(entry, "doi", "DOI")),
        published=fields.day(first_text(entry, "published")),
        updated=fields.day(first_text(entry, "updated")),
        note=note,
        pdf=link(entry, "pdf"),
        withdrawn=fields.is_withdrawn(note, abstract),
    )


FORMAT = Format(NAME, _recognises, _parse)
