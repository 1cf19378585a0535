"""Convert the records of scholarly APIs and reference managers to the form of JSON lines.

OpenAlex, Semantic Scholar, Crossref, DataCite, OpenReview, bioRxiv, INSPIRE, CSL-JSON, Zotero and JSON Feed name the
same facts differently, and put them into objects and lists. Conversions
that suit all of them are applied to every record. Conversions for only one of them are applied to records that have its
keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from notifier.sources import fields
from notifier.sources.arxiv.ids import parse_arxiv_id

Members = Mapping[str, Any]

# Members that hold the paper as an object; the members beside them are about the record.
_WRAPPERS = ("content", "data", "attributes", "metadata", "info", "_source", "citingPaper", "citedPaper")
_TITLES = ("title", "titles", "display_name")
_OPENREVIEW = "https://openreview.net/"
_MAX_WORDS = 50_000  # of an abstract that is given by the positions of its words
_PDF = "application/pdf"
_ARXIV_IN_TEXT = re.compile(r"\barxiv:\s?(\d{4}\.\d{4,5}(?:v\d{1,3})?|[a-z-]+(?:\.[A-Z]{2})?/\d{7})", re.IGNORECASE)
_NOT_PAPERS = ("attachment", "note", "annotation")  # kinds of items in Zotero
# The day on which Zotero stored an item, and how often it changed there, are no facts about the paper.
_OF_THE_LIBRARY = ("version", "dateAdded", "dateModified", "extra", "date", "key", "collections", "relations")
# A record with a title and without any of these members has the shape of JSON lines already.
_KEYS_OF_OTHER_SHAPES = frozenset(
    (
        *("itemType", "abstract_inverted_index", "forum", "content_html", "content_text"),
        *("externalIds", "ids", "arxivId", "arxiv_eprints", "primary_location", "best_oa_location", "locations"),
        *("archiveID", "archive_location", "archiveLocation", "number", "eprint", "extra", "note"),
        *("link", "attachments", "openAccessPdf", "jatsxml"),
    )
)
_PREPRINT_SERVERS = ("biorxiv", "medrxiv")
_PARTS_OF_NAME = frozenset(("creatorType", "author", "familyName", "family", "lastName", "nameType"))


def flattened(record: Members, base: str = "") -> Members:
    """Return the members of a record in the shape of JSON lines. Links of a JSON Feed are resolved against `base`."""
    if isinstance(record.get("title"), str) and _KEYS_OF_OTHER_SHAPES.isdisjoint(record):
        return record
    record = {name: _value(value) for name, value in _unwrapped(record).items()}
    added: dict[str, Any] = {}
    for shape in (_zotero_members, _openalex_members, _openreview_members, _biorxiv_members, _json_feed_members):
        added.update(shape(record, base))
    added["arxivId"] = _arxiv_id(record) or record.get("arxivId")
    identifiers = _objects(record.get("externalIds")) + _objects(record.get("ids"))
    dois = (value for each in identifiers for name, value in each.items() if name.lower() == "doi")
    found = {"doi": next(dois, None), "pdf": _pdf_url(record)}
    kept = {name: value for name, value in found.items() if value and not record.get(name)}
    return {**record, **kept, **{name: value for name, value in added.items() if value is not None}}


def is_no_paper(record: Members) -> bool:
    """Return whether a flattened record is something that belongs to a paper, such as an attachment in Zotero."""
    return record.get("itemType") in _NOT_PAPERS


def first_text(value: Any, *names: str) -> Any:
    """Return the value; for a list, its first value; for an object, the first text that it has under these names."""
    if isinstance(value, list):
        return next(filter(None, (first_text(each, *names) for each in value if not isinstance(each, list))), None)
    if isinstance(value, dict):
        return next((value[name] for name in names if isinstance(value.get(name), str)), None)
    return value


def day_of(value: Any) -> Any:
    """Return the day of a date that is given in its parts, as Crossref and CSL-JSON do; any other value as it is.

    The result is None if the day or the month is not given.
    """
    if not isinstance(value, dict):
        return value
    parts = value.get("date-parts")
    parts = parts[0] if isinstance(parts, list) and parts and isinstance(parts[0], list) else ()
    if len(parts) == 3 and all(isinstance(part, int | str) for part in parts):
        year, month, day = (str(part).zfill(2) for part in parts)
        return f"{year}-{month}-{day}"
    return first_text(value, "date-time", "raw", "literal")


def author_name(author: Any) -> Any:
    """Return the name of an author from an object; any other value as it is."""
    if not isinstance(author, dict):
        return author
    if isinstance(name := author.get("name"), str) and _PARTS_OF_NAME.isdisjoint(author):
        return name
    if author.get("creatorType", "author") != "author":
        return None
    if isinstance(inner := author.get("author"), dict):
        return author_name({**inner, "author": None}) or author.get("raw_author_name")
    for first, last in (("given", "family"), ("firstName", "lastName"), ("givenName", "familyName")):
        if isinstance(author.get(last), str):
            names = (author.get(first), author.get("non-dropping-particle"), author[last], author.get("suffix"))
            return " ".join([name for name in names if isinstance(name, str)])
    name = first_text(author, "name", "fullname", "fullName", "display_name", "literal", "full_name", "text")
    return _in_order(name) if "full_name" in author or "nameType" in author else name


def _in_order(name: Any) -> Any:
    """Return a name with the first name first: `Ann Lee` for `Lee, Ann`."""
    parts = name.split(", ") if isinstance(name, str) else ()
    return f"{parts[1]} {parts[0]}" if len(parts) == 2 else name


def _unwrapped(record: Members) -> Members:
    if any(record.get(title) for title in _TITLES):
        return record
    for name in _WRAPPERS:
        inner = record.get(name)
        if isinstance(inner, dict) and any(inner.get(title) for title in _TITLES):
            return {**{key: value for key, value in record.items() if key != name}, **inner}
    return record


def _value(value: Any) -> Any:
    """Return the value inside an object such as `{"value": ...}`, in which OpenReview puts every value."""
    return value["value"] if isinstance(value, dict) and "value" in value else value


def _objects(value: Any) -> list[dict[str, Any]]:
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, dict)]


def _arxiv_id(record: Members) -> str | None:
    """Return the arXiv id of a record from the members in which scholarly APIs have it; None if there is none."""
    return next((text for text in _arxiv_texts(record) if isinstance(text, str) and parse_arxiv_id(text)), None)


def _arxiv_texts(record: Members) -> Iterator[Any]:
    yield from (record.get("arxivId"), record.get("arxiv_id"))
    for each in _objects(record.get("externalIds")) + _objects(record.get("ids")):
        yield from (value for name, value in each.items() if name.lower() == "arxiv")
    for each in _objects(record.get("arxiv_eprints")):
        yield each.get("value")
    for each in _locations(record):
        yield from (each.get("landing_page_url"), each.get("pdf_url"))
    for name in ("archiveID", "archive_location", "archiveLocation", "number", "eprint", "extra", "note"):
        if isinstance(text := record.get(name), str) and (found := _ARXIV_IN_TEXT.search(text)):
            yield found[1]


def _locations(record: Members) -> list[dict[str, Any]]:
    names = ("primary_location", "best_oa_location", "locations")
    return [each for name in names for each in _objects(record.get(name))]


def _pdf_url(record: Members) -> Any:
    links = [each.get("URL") for each in _objects(record.get("link")) if each.get("content-type") == _PDF]
    links += [each.get("url") for each in _objects(record.get("attachments")) if each.get("mime_type") == _PDF]
    links += [each.get("url") for each in _objects(record.get("openAccessPdf"))]
    links += [each.get("pdf_url") for each in _locations(record)]
    return next(filter(None, links), None)


# Each of the functions `_..._members` returns members that replace those of a record; none if the record is not from
# this API or program.


def _zotero_members(record: Members, _: str) -> dict[str, Any]:
    if "itemType" not in record:
        return {}
    return {**dict.fromkeys(_OF_THE_LIBRARY, ""), "published": record.get("date")}


def _openalex_members(record: Members, _: str) -> dict[str, Any]:
    positions = record.get("abstract_inverted_index")
    added: dict[str, Any] = {}
    if isinstance(positions, dict):
        added["abstract"] = _text_of_positions(positions)
    places = [each.get("landing_page_url") for each in _locations(record)]
    if not record.get("url") and any(places):
        added["url"] = next(filter(None, places))
    return added


def _text_of_positions(positions: Members) -> str:
    """Return the text whose words are given with their positions."""
    words = {
        place: word
        for word, places in positions.items()
        if isinstance(places, list)
        for place in places
        if isinstance(place, int)
    }
    return " ".join([words[place] for place in sorted(words)[:_MAX_WORDS]])


def _openreview_members(record: Members, _: str) -> dict[str, Any]:
    forum = record.get("forum")
    if not isinstance(forum, str) or not ("invitation" in record or "invitations" in record or "cdate" in record):
        return {}
    url = f"{_OPENREVIEW}forum?id={forum}"
    return {"url": url, "pdf": fields.link_url(record.get("pdf"), _OPENREVIEW) or "", "version": ""}


def _biorxiv_members(record: Members, _: str) -> dict[str, Any]:
    """Return the members of a version of a preprint.

    Its day is in `date`; its own `published` is the DOI of the article that it became, or `NA`.
    """
    server, doi, version = record.get("server"), record.get("doi"), str(record.get("version", ""))
    if "jatsxml" not in record or not isinstance(server, str) or server.lower() not in _PREPRINT_SERVERS:
        return {}
    added: dict[str, Any] = {"published": record.get("date")}
    if isinstance(authors := record.get("authors"), str):
        added["authors"] = [_in_order(name.strip()) for name in authors.split(";")]
    if isinstance(category := record.get("category"), str):
        added["categories"] = [category]  # in a list, so that it is not split into words
    if isinstance(doi, str) and doi:
        added["url"] = f"https://www.{server.lower()}.org/content/{doi}v{version or 1}"
    if version.isdecimal() and version != "1":
        added["announceType"] = "replace"
    return added


def _json_feed_members(record: Members, base: str) -> dict[str, Any]:
    names = ("content_html", "content_text", "summary")
    if not any(isinstance(record.get(name), str) for name in names[:2]):
        return {}
    texts = [fields.abstract_text(record.get(name)) for name in names]
    links = [fields.link_url(record.get(name), base) for name in ("url", "external_url")]
    links.append(fields.http_url(record.get("id")))
    return {"summary": max(texts, key=len), "url": next(filter(None, links), "")}
