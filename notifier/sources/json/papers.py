"""Turn the records of a JSON document into listings, or into reasons to skip them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from notifier.config import Limits
from notifier.errors import DumpError
from notifier.models import Announce, Listing, ParsedDump
from notifier.sources import fields
from notifier.sources.arxiv.ids import VersionedId, abstract_url, parse_arxiv_id
from notifier.sources.format import RecordTally
from notifier.sources.json.keys import values_by_field
from notifier.sources.json.records import EnclosingObject, Record, read_records, table_rows
from notifier.sources.json.shapes import author_name, day_of, first_text, flattened, is_no_paper

_CURE = "; give the papers as an array of objects, or one object per line"
_LONGEST_LITERAL = 1 << 18  # characters of a list in Python syntax
_ERROR_KEYS = ("error", "errors", "message", "detail", "reason")
_NO_PAPERS = re.compile(r"\bno[_ ]|\bnothing\b|\bempty\b", re.IGNORECASE)


def parse_papers(text: str, limits: Limits, name: str, precedence: int) -> ParsedDump:
    """Return the papers of a JSON document as a dump of the format `name` with this precedence.

    Raises DumpError in four cases: the document has too many records; it has records and none of them is a paper; it is
    an error message; or it is an object with members but without records. The last two cases are no errors if the
    document itself says that there are no papers.
    """
    enclosing = EnclosingObject()
    tally = RecordTally(limits)
    for record in _all_records(text, limits, enclosing):
        listing = record.fault or _listing(record.value, enclosing.members, tally.position, record.where)
        tally.add(record.where, listing)
    if not tally.listings:
        _refuse_without_papers(enclosing, tally)
    full_date = fields.day(enclosing.members.get("date"))
    return ParsedDump(name, *tally.listings_and_skipped, full_date=full_date, precedence=precedence)


def _all_records(text: str, limits: Limits, enclosing: EnclosingObject) -> Iterator[Record]:
    """Yield the records of a document. A document without an array of records may be a table or a single paper."""
    yield from read_records(text, limits, enclosing)
    if not enclosing.has_records:
        values = values_by_field(enclosing.members)
        if _is_table(values):
            yield from table_rows(enclosing.members)
        elif "title" in values:
            yield Record("record 1", enclosing.members)


def _is_table(values: Mapping[str, Any]) -> bool:
    """Return whether the values of a document are columns. A single paper may have its title in a list."""
    is_single = isinstance(values.get("doi"), str) or isinstance(values.get("url"), str)
    return isinstance(values.get("id", values.get("title")), list | dict) and not is_single


def _refuse_without_papers(enclosing: EnclosingObject, tally: RecordTally) -> None:
    """Raise DumpError for a document without papers, in the cases that `parse_papers` describes."""
    tally.refuse_if_all_skipped(_CURE)
    members = {key.lower(): value for key, value in enclosing.members.items()}
    message = fields.text(next((members[key] for key in _ERROR_KEYS if isinstance(members.get(key), str)), ""))
    says_no_papers = members.get("count") == 0 or _NO_PAPERS.search(f"{members.get('status')} {message}")
    if message and not says_no_papers:
        raise DumpError(f"this is an error message, not a dump: {message}; fetch it again")
    if members and not enclosing.has_records and not says_no_papers:
        raise DumpError(f"this is a JSON document that contains no papers{_CURE}")


def _listing(record: Any, enclosing: Mapping[str, Any], position: int, where: str) -> Listing | str:
    """Return the listing of a record, or the reason why it is skipped.

    If a record is a list, its keys are in the member `columns` of the enclosing object.
    """
    columns = enclosing.get("columns")
    if isinstance(record, list) and isinstance(columns, list):
        record = dict(zip(map(str, columns), record, strict=False))
    if not isinstance(record, dict):
        return "it is not an object with a title"
    record = flattened(record, _base(enclosing))
    if is_no_paper(record):
        return "it is an attachment or a note, not a paper"
    values = values_by_field(record)
    title = fields.text(first_text(values.get("title"), "title", "value"))
    if not title:
        return "it has no title"
    listing = _listing_of_values(values, title, position, where)
    versioned_id = _versioned_id(values)
    if versioned_id is None:
        return listing
    return replace(
        listing,
        arxiv_id=versioned_id.arxiv_id,
        version=listing.version or versioned_id.version,
        url=listing.url or abstract_url(versioned_id.arxiv_id),
    )


def _base(enclosing: Mapping[str, Any]) -> str:
    """Return the URL against which the links of a JSON Feed are resolved; an empty string for other documents."""
    return fields.link_url(enclosing.get("home_page_url")) or fields.link_url(enclosing.get("feed_url")) or ""


def _listing_of_values(values: Mapping[str, Any], title: str, position: int, where: str) -> Listing:
    """Return the listing with all fields of a paper except its arXiv id."""
    abstract = fields.abstract_text(first_text(values.get("abstract"), "value", "description", "content"))
    note = fields.text(values.get("note"))
    return Listing(
        position=position,
        title=title,
        abstract=abstract,
        where=where,
        url=fields.link_url(first_text(values.get("url"), "value", "url", "URL")),
        listed_on=fields.day(values.get("listed_on")),
        upvotes=fields.count(values.get("upvotes")),
        comments=fields.count(values.get("comments")),
        authors=_authors(values.get("authors")),
        categories=_labels(values.get("categories")),
        keywords=_labels(values.get("keywords"), may_have_spaces=True),
        version=_version(values.get("version")),
        doi=fields.doi(first_text(values.get("doi"), "value")),
        published=fields.day(day_of(values.get("published"))) or _first_version_day(values.get("version")),
        updated=fields.day(day_of(values.get("updated"))),
        note=note,
        summary=fields.text(values.get("model_summary")),
        pdf=fields.link_url(first_text(values.get("pdf"), "url")),
        project=fields.link_url(first_text(values.get("project"), "url", "href")),
        code=_repository_url(values.get("code")),
        stars=fields.count(values.get("stars")),
        announce=_announce(values.get("announce")),
        withdrawn=fields.is_withdrawn(note, abstract),
    )


def _versioned_id(values: Mapping[str, Any]) -> VersionedId | None:
    """Return the arXiv id from the first field that contains one."""
    texts = (values.get(name) for name in ("id", "arxiv", "url", "pdf", "doi"))
    return next((found for text in texts if isinstance(text, str) and (found := parse_arxiv_id(text))), None)


def _authors(value: Any) -> tuple[str, ...]:
    """Return the names of authors from a list, from a list in Python syntax, or from a line of names."""
    value = _parse_list_string(value)
    if isinstance(value, dict):  # the list may be inside an object, as in `{"author": [...]}`
        value = next((each for each in value.values() if isinstance(each, list)), [value])
    if isinstance(value, str):
        return fields.split_names(value)
    return fields.names(_author_name(author) for author in value) if isinstance(value, list) else ()


def _parse_list_string(value: Any) -> Any:
    """Return the list that a string contains in Python syntax; return any other value as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith("[") or len(value) >= _LONGEST_LITERAL:
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return value


def _author_name(author: Any) -> Any:
    """Return the name of an author from a string, an object, or a list of last name, first names and suffix."""
    if isinstance(author, list):
        parts = [part for part in author if isinstance(part, str)]
        return " ".join([*parts[1:2], *parts[:1], *parts[2:3]])
    return author_name(author)


def _labels(value: Any, *, may_have_spaces: bool = False) -> tuple[str, ...]:
    """Return categories or keywords from a list, from a list in Python syntax, or from a line.

    In a line, commas and semicolons separate them. If there are none, spaces separate them, unless `may_have_spaces`.
    """
    value = _parse_list_string(value)
    if isinstance(value, str):
        has_commas = "," in value or ";" in value
        value = value.replace(";", ",").split(",") if may_have_spaces or has_commas else value.split()
    names = ("tag", "name", "display_name", "keyword", "term", "value", "subject")
    return fields.distinct_texts(first_text(each, *names) for each in value) if isinstance(value, list) else ()


def _repository_url(value: Any) -> str | None:
    """Return the URL of a repository that is given by its URL or by its path on GitHub."""
    value = first_text(value, "url", "href")
    if isinstance(value, str) and _is_path(value.strip()):
        return fields.http_url(f"https://github.com/{value.strip()}")
    return fields.link_url(value)


def _is_path(value: str) -> bool:
    return re.fullmatch(r"[\w.-]+/[\w.-]+", value) is not None


def _announce(value: Any) -> Announce | None:
    return Announce(value) if isinstance(value, str) and value in set(Announce) else None


def _version(value: Any) -> int | None:
    """Return the version from a number, from a string such as `v2`, or from the length of a list of versions."""
    if isinstance(value, list):
        return len(value) or None
    return fields.count(value.removeprefix("v") if isinstance(value, str) else value)


def _first_version_day(value: Any) -> date | None:
    first = value[0] if isinstance(value, list) and value else None
    return fields.day(first.get("created")) if isinstance(first, dict) else None


def move_common_day(dump: ParsedDump) -> ParsedDump:
    """Move the listing day from the listings to the dump if all listings have the same day.

    If the name of the file contains a date, that date replaces the day of a dump, but not the day of a listing.
    """
    days = {listing.listed_on for listing in dump.listings}
    if len(days) != 1 or None in days:
        return dump
    (day,) = days
    return replace(dump, full_date=dump.full_date or day, listings=_without_days(dump.listings))


def _without_days(listings: Iterable[Listing]) -> tuple[Listing, ...]:
    return tuple(replace(listing, listed_on=None) for listing in listings)
