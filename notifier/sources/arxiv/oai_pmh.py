"""Parse arXiv's OAI-PMH pages, with metadata in three forms: arXiv, arXivRaw and oai_dc.

`responseDate` is the day of the answer. A deleted record is skipped, and its id is reported as deleted.
https://info.arxiv.org/help/oa/index.html, https://www.openarchives.org/OAI/openarchivesprotocol.html
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from xml.etree.ElementTree import Element

from notifier.config import Limits
from notifier.errors import DumpError
from notifier.models import Listing, ParsedDump
from notifier.sources import fields
from notifier.sources.arxiv.ids import VersionedId, abstract_url, parse_arxiv_id
from notifier.sources.format import ARXIV, Format
from notifier.sources.xml_document import XmlDocument, open_document, root_of
from notifier.sources.xml_records import Children, children_of, first_text, tally_records, text_of

NAME = "OAI-PMH"

_ERROR = re.compile(r"<(?:[\w.-]+:)?error\s[^<>]*?code\s*=\s*[\"'](\w+)[\"'][^<>]*>([^<]*)<")
_NO_RECORDS = "noRecordsMatch"  # the code of an error that says only that there are no records
_COMMENT_PREFIX = "Comment:"
_DELETED = "its record was deleted at the source"


def _recognises(text: str) -> bool:
    return root_of(text) == "OAI-PMH"


def _parse(text: str, limits: Limits) -> ParsedDump:
    document = open_document(text, limits)
    _refuse_error(document)
    deleted: list[str] = []

    def listing_of(element: Element, position: int, where: str) -> Listing | str:
        record = children_of(element)
        listing = _listing(record, position, where)
        if listing == _DELETED and (versioned_id := _id_in_header(record)):
            deleted.append(versioned_id.arxiv_id)
        return listing

    tally = tally_records(document, limits, listing_of)
    full_date = fields.day(document.head_text("responseDate"))
    return ParsedDump(NAME, *tally.listings_and_skipped, full_date=full_date, precedence=ARXIV, deleted=tuple(deleted))


def _refuse_error(document: XmlDocument) -> None:
    """Raise DumpError if the page is an error message."""
    found = _ERROR.search(document.head)
    if found and found[1] != _NO_RECORDS:
        message = fields.text(html.unescape(found[2])) or found[1]
        raise DumpError(f"the archive answered with an error ({found[1]}): {message}; fetch it again")


def _header(record: Children) -> Element | None:
    return record["header"][0] if "header" in record else None


def _id_in_header(record: Children) -> VersionedId | None:
    header = _header(record)
    return parse_arxiv_id(first_text(children_of(header), "identifier")) if header is not None else None


def _listing(record: Children, position: int, where: str) -> Listing | str:
    """Return the listing of a record, or the reason why it is skipped."""
    header = _header(record)
    if header is not None and header.get("status") == "deleted":
        return _DELETED
    metadata = record["metadata"][0] if "metadata" in record else None
    if metadata is None or not len(metadata):
        return "it has no metadata"
    form = metadata[0].tag.rpartition("}")[2]
    if form not in _FIELD_PARSERS:
        return f"its metadata has an unknown form: {form}"
    paper = children_of(metadata[0])
    title = fields.text(first_text(paper, "title"))
    if not title:
        return "it has no title"
    listing = replace(_FIELD_PARSERS[form](paper), position=position, title=title, where=where)
    versioned_id = parse_arxiv_id(first_text(paper, "id")) or _id_in_header(record)
    if versioned_id is None:
        return listing
    return replace(listing, arxiv_id=versioned_id.arxiv_id, url=abstract_url(versioned_id.arxiv_id))


def _parse_arxiv(paper: Children) -> Listing:
    note, abstract = fields.text(first_text(paper, "comments")), fields.text(first_text(paper, "abstract"))
    return Listing(
        position=0,
        title="",
        abstract=abstract,
        authors=fields.names(_author_name(author) for element in paper.get("authors", ()) for author in element),
        categories=fields.distinct_texts(first_text(paper, "categories").split()),
        doi=fields.doi(first_text(paper, "doi")),
        published=fields.day(first_text(paper, "created")),
        updated=fields.day(first_text(paper, "updated")),
        note=note,
        withdrawn=fields.is_withdrawn(note, abstract),
    )


def _author_name(author: Element) -> str:
    parts = children_of(author)
    return " ".join(filter(None, (first_text(parts, name) for name in ("forenames", "keyname", "suffix"))))


def _parse_arxiv_raw(paper: Children) -> Listing:
    """Return the fields of a paper in arXivRaw.

    One element holds the names of all authors. Each version has its own element; the source type of a withdrawn version
    contains `I`.
    """
    versions = [children_of(version) for version in paper.get("version", ())]
    days = [day for version in versions if (day := fields.day(first_text(version, "date")))]
    listing = _parse_arxiv(paper)
    return replace(
        listing,
        authors=fields.split_names(first_text(paper, "authors")),
        version=len(versions) or None,
        published=days[0] if days else None,
        updated=days[-1] if days else None,
        withdrawn=listing.withdrawn or bool(versions and "I" in first_text(versions[-1], "source_type")),
    )


def _parse_dublin_core(paper: Children) -> Listing:
    """Return the fields of a paper in oai_dc.

    A description is the abstract or a comment. The dates are those of the versions. An identifier may be a URL or a
    DOI.
    """
    descriptions = [fields.text(text_of(element)) for element in paper.get("description", ())]
    comments = (text for text in descriptions if text.startswith(_COMMENT_PREFIX))
    note = next(comments, "").removeprefix(_COMMENT_PREFIX).strip()
    abstract = next((text for text in descriptions if not text.startswith(_COMMENT_PREFIX)), "")
    names = (text_of(element).split(", ", 1) for element in paper.get("creator", ()))
    days = _sorted_days(paper.get("date", ()))
    identifiers = [text_of(element) for element in paper.get("identifier", ())]
    return Listing(
        position=0,
        title="",
        abstract=abstract,
        authors=fields.names(" ".join(reversed(name)) for name in names),
        keywords=fields.distinct_texts(text_of(element) for element in paper.get("subject", ())),
        url=next(filter(None, map(fields.http_url, identifiers)), None),
        doi=next(filter(None, map(fields.doi, identifiers)), None),
        published=days[0] if days else None,
        updated=days[-1] if days else None,
        note=note,
        withdrawn=fields.is_withdrawn(note, abstract),
    )


def _sorted_days(elements: Sequence[Element]) -> list[date]:
    return sorted(day for element in elements if (day := fields.day(text_of(element))))


# For each form of metadata, the function that returns a listing with the fields of a paper. The caller sets the title
# and the position.
_FIELD_PARSERS: dict[str, Callable[[Children], Listing]] = {
    "arXiv": _parse_arxiv,
    "arXivRaw": _parse_arxiv_raw,
    "dc": _parse_dublin_core,
}

FORMAT = Format(NAME, _recognises, _parse)
