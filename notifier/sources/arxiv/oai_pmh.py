"""OAI-PMH: pages of arXiv's metadata as harvested, in its three forms: arXiv, arXivRaw and oai_dc.

`responseDate` is the day of the answer. A deleted record is a fact about its id, and no listing of a blank paper.
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
from notifier.sources.arxiv.ids import abstract_page, arxiv_id
from notifier.sources.format import ARXIV, Format
from notifier.sources.xml_records import Document, Parts, children, content, first, open_document, root_of, tally_of

NAME = "OAI-PMH"

_ERROR = re.compile(r"<(?:[\w.-]+:)?error\s[^<>]*?code\s*=\s*[\"'](\w+)[\"'][^<>]*>([^<]*)<")
_NOTHING = "noRecordsMatch"
_COMMENT = "Comment:"
_DELETED = "its record was deleted at the source"


def _recognises(text: str) -> bool:
    return root_of(text) == "OAI-PMH"


def _parse(text: str, limits: Limits) -> ParsedDump:
    document = open_document(text, limits)
    _refuse_error(document)
    deleted: list[str] = []

    def listing_of(record: Element, position: int, where: str) -> Listing | str:
        parts = children(record)
        found = _listing(parts, position, where)
        if found == _DELETED:
            deleted.extend(_id_in(parts))
        return found

    account = tally_of(document, limits, listing_of)
    told = fields.day(document.told("responseDate"))
    return ParsedDump(NAME, *account.outcome, full_date=told, rank=ARXIV, deleted=tuple(deleted))


def _refuse_error(document: Document) -> None:
    found = _ERROR.search(document.head)
    if found and found[1] != _NOTHING:
        message = fields.text(html.unescape(found[2])) or found[1]
        raise DumpError(f"the archive answered with an error ({found[1]}): {message}; ask it again")


def _header(parts: Parts) -> Element | None:
    return parts["header"][0] if "header" in parts else None


def _id_in(parts: Parts) -> list[str]:
    header = _header(parts)
    known = arxiv_id(first(children(header), "identifier")) if header is not None else None
    return [known[0]] if known else []


def _listing(parts: Parts, position: int, where: str) -> Listing | str:
    header = _header(parts)
    if header is not None and header.get("status") == "deleted":
        return _DELETED
    metadata = parts["metadata"][0] if "metadata" in parts else None
    if metadata is None or not len(metadata):
        return "it has no metadata"
    kind = metadata[0].tag.rpartition("}")[2]
    if kind not in _READERS:
        return f"its metadata are of a kind that is not read: {kind}"
    told = children(metadata[0])
    title = fields.text(first(told, "title"))
    if not title:
        return "it has no title"
    known = arxiv_id(first(told, "id")) or next(((each, None) for each in _id_in(parts)), None)
    listing = replace(_READERS[kind](told), position=position, title=title, where=where)
    if known is None:
        return listing
    return replace(listing, arxiv_id=known[0], url=abstract_page(known[0]))


def _arxiv(told: Parts) -> Listing:
    note, abstract = fields.text(first(told, "comments")), fields.text(first(told, "abstract"))
    return Listing(
        position=0,
        title="",
        abstract=abstract,
        authors=fields.words(_name(author) for element in told.get("authors", ()) for author in element),
        categories=fields.words(first(told, "categories").split()),
        doi=fields.doi(first(told, "doi")),
        published=fields.day(first(told, "created")),
        updated=fields.day(first(told, "updated")),
        note=note,
        withdrawn=fields.is_withdrawn(note, abstract),
    )


def _name(author: Element) -> str:
    parts = children(author)
    return " ".join(filter(None, (first(parts, name) for name in ("forenames", "keyname", "suffix"))))


def _arxiv_raw(told: Parts) -> Listing:
    """One element for all authors, and one for each version, of which a withdrawn one is of source type `I`."""
    versions = [children(version) for version in told.get("version", ())]
    days = [day for version in versions if (day := fields.day(first(version, "date")))]
    listing = _arxiv(told)
    return replace(
        listing,
        authors=fields.people(first(told, "authors")),
        version=len(versions) or None,
        published=days[0] if days else None,
        updated=days[-1] if days else None,
        withdrawn=listing.withdrawn or bool(versions and "I" in first(versions[-1], "source_type")),
    )


def _dublin_core(told: Parts) -> Listing:
    """Descriptions are the abstract, then comments; dates are those of the versions; identifiers may be a DOI."""
    texts = [fields.text(content(element)) for element in told.get("description", ())]
    note = next((text.removeprefix(_COMMENT).strip() for text in texts if text.startswith(_COMMENT)), "")
    abstract = next((text for text in texts if not text.startswith(_COMMENT)), "")
    names = (content(element).split(", ", 1) for element in told.get("creator", ()))
    days = _days(told.get("date", ()))
    identifiers = [content(element) for element in told.get("identifier", ())]
    return Listing(
        position=0,
        title="",
        abstract=abstract,
        authors=fields.words(" ".join(reversed(name)) for name in names),
        keywords=fields.words(content(element) for element in told.get("subject", ())),
        url=next(filter(None, map(fields.address, identifiers)), None),
        doi=next(filter(None, map(fields.doi, identifiers)), None),
        published=days[0] if days else None,
        updated=days[-1] if days else None,
        note=note,
        withdrawn=fields.is_withdrawn(note, abstract),
    )


def _days(elements: Sequence[Element]) -> list[date]:
    return sorted(day for element in elements if (day := fields.day(content(element))))


_READERS: dict[str, Callable[[Parts], Listing]] = {"arXiv": _arxiv, "arXivRaw": _arxiv_raw, "dc": _dublin_core}

FORMAT = Format(NAME, _recognises, _parse)
