"""From records to listings: which of a record's keys says what, under all the names that sources have for it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

from notifier.config import Limits
from notifier.errors import DumpError
from notifier.models import Announce, Listing, ParsedDump
from notifier.sources import fields
from notifier.sources.arxiv.ids import abstract_page, arxiv_id
from notifier.sources.format import RecordTally
from notifier.sources.json.records import OuterObject, Record, records, rows

_CURE = "; give the papers as an array of objects, or one object a line"
_NAMES_OF_ERRORS = ("error", "errors", "message", "detail", "reason")
_NOTHING = re.compile(r"\bno[_ ]|\bnothing\b|\bempty\b", re.IGNORECASE)

# For each field, the keys that tell it, the best first: in lower case, without separators or a leading `paper`.
_KEYS = {
    "id": ("id", "arxivid", "arxiv", "entryid"),
    "title": ("title",),
    "abstract": ("summary", "abstract"),
    "authors": ("authors", "authorsparsed", "author", "creators"),
    "categories": ("categories", "category", "primarycategory"),
    "keywords": ("aikeywords", "keywords", "tags"),
    "url": ("url", "abs", "absurl", "link", "entryid", "htmlurl"),
    "pdf": ("pdf", "pdfurl"),
    "project": ("projectpage", "projecturl"),
    "code": ("githubrepo", "githuburl", "codeurl", "code", "github"),
    "stars": ("githubstars", "stars"),
    "upvotes": ("upvotes", "votes"),
    "comments": ("numcomments", "comments", "commentscount"),
    "note": ("comment", "comments", "arxivcomment"),
    "doi": ("doi",),
    "published": ("publishedat", "published", "publisheddate", "created"),
    "updated": ("updatedat", "updated", "updatedate"),
    "listed_on": ("submittedondailyat", "date", "listedon"),
    "announce": ("announcetype",),
    "version": ("version", "versions"),
}
# When the page took the paper up, which is neither the paper's own date nor always that of its listing.
_OF_THE_ENTRY = ("paper", "publishedAt")


def parse(text: str, limits: Limits, name: str, rank: int) -> ParsedDump:
    """The papers of a JSON document, as a dump of the format `name`.

    Raises DumpError for an error document, and where there are records but none is a paper.
    """
    around = OuterObject()
    account = RecordTally(limits)
    for record in _all_records(text, limits, around):
        outcome = record.fault or _listing(record.value, around.members, account.position, record.where)
        account.add(record.where, outcome)
    _refuse_errors(around, account)
    full_date = fields.day(around.members.get("date"))
    return ParsedDump(name, *account.outcome, full_date=full_date, rank=rank)


def _all_records(text: str, limits: Limits, around: OuterObject) -> Iterator[Record]:
    yield from records(text, limits, around)
    if not around.has_records:
        told = _told(around.members)
        if isinstance(told.get("id", told.get("title")), list | dict):
            yield from rows(around.members)
        elif "title" in told:
            yield Record("record 1", around.members)


def _refuse_errors(around: OuterObject, account: RecordTally) -> None:
    if account.listings:
        return
    account.refuse_if_all_skipped(_CURE)
    said = {key.lower(): value for key, value in around.members.items()}
    message = fields.text(next((said[key] for key in _NAMES_OF_ERRORS if isinstance(said.get(key), str)), ""))
    nothing = said.get("count") == 0 or _NOTHING.search(f"{said.get('status')} {message}")
    if message and not nothing:
        raise DumpError(f"this is an error document, not a dump: {message}; fetch it again")
    if said and not around.has_records and not nothing:
        raise DumpError(f"this is a JSON document that holds no papers{_CURE}")


def _listing(record: Any, around: Mapping[str, Any], position: int, where: str) -> Listing | str:
    """The listing that a record is, or why it is none."""
    columns = around.get("columns")
    if isinstance(record, list) and isinstance(columns, list):
        record = dict(zip(map(str, columns), record, strict=False))
    if not isinstance(record, dict):
        return "it is no object with a title"
    told = _told(record)
    title = fields.text(told.get("title"))
    if not title:
        return "it has no title"
    listing = _plain_listing(told, title, position, where)
    known = _identified(told)
    if known is None:
        return listing
    found, version = known
    url = listing.url or abstract_page(found)
    return replace(listing, arxiv_id=found, version=listing.version or version, url=url)


def _told(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says by field: the paper inside it first, then the record around that."""
    inner = record.get("paper")
    if not isinstance(inner, dict):
        return _by_field(record)
    around = _by_field({key: value for key, value in record.items() if key not in _OF_THE_ENTRY})
    return {**around, **_by_field(inner)}


def _by_field(record: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a record's keys that tell a field, each by its best key."""
    told: dict[str, Any] = {}
    ranks: dict[str, int] = {}
    for key, value in record.items():
        if value in (None, "", []):
            continue
        for name, rank in _fields_told_by(key):
            if rank < ranks.get(name, len(_KEYS)):
                told[name], ranks[name] = value, rank
    return told


@lru_cache(1 << 10)
def _fields_told_by(key: str) -> tuple[tuple[str, int], ...]:
    """The fields that a key tells, with its rank among their keys."""
    plain = "".join(character for character in key.lower() if character.isalnum())
    plain = plain.removeprefix("paper") or plain
    return tuple((name, keys.index(plain)) for name, keys in _KEYS.items() if plain in keys)


def _plain_listing(told: Mapping[str, Any], title: str, position: int, where: str) -> Listing:
    abstract, note = fields.text(told.get("abstract")), fields.text(told.get("note"))
    return Listing(
        position=position,
        title=title,
        abstract=abstract,
        where=where,
        url=fields.address(told.get("url")),
        listed_on=fields.day(told.get("listed_on")),
        upvotes=fields.number(told.get("upvotes")),
        comments=fields.number(told.get("comments")),
        authors=_people(told.get("authors")),
        categories=_labels(told.get("categories")),
        keywords=_labels(told.get("keywords"), between=","),
        version=_version(told.get("version")),
        doi=fields.doi(told.get("doi")),
        published=fields.day(told.get("published")) or _first_version_day(told.get("version")),
        updated=fields.day(told.get("updated")),
        note=note,
        pdf=fields.address(told.get("pdf")),
        project=fields.address(told.get("project")),
        code=_repository(told.get("code")),
        stars=fields.number(told.get("stars")),
        announce=_announce(told.get("announce")),
        withdrawn=fields.is_withdrawn(note, abstract),
    )


def _identified(told: Mapping[str, Any]) -> tuple[str, int | None] | None:
    """The arXiv id by whichever field tells it."""
    values = (told.get(name) for name in ("id", "url", "pdf", "doi"))
    return next((found for value in values if isinstance(value, str) and (found := arxiv_id(value))), None)


def _people(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _printed_list(value)
    if isinstance(value, str):
        return fields.people(value)
    return fields.words(_name(each) for each in value) if isinstance(value, list) else ()


def _printed_list(value: str) -> Any:
    """The list that a cell of a table holds as text, if it does."""
    try:
        return ast.literal_eval(value) if len(value) < 1 << 18 else value
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return value


def _name(author: Any) -> Any:
    """The name of an author that is a string, an object, or a list of last name, first names and suffix."""
    if isinstance(author, dict):
        return author.get("name") or author.get("fullname")
    if isinstance(author, list):
        parts = [part for part in author if isinstance(part, str)]
        return " ".join([*parts[1:2], *parts[:1], *parts[2:3]])
    return author


def _labels(value: Any, between: str | None = None) -> tuple[str, ...]:
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _printed_list(value)
    if isinstance(value, str):
        value = value.replace(";", ",").split(",") if between or "," in value or ";" in value else value.split()
    return fields.words(value) if isinstance(value, list) else ()


def _repository(value: Any) -> str | None:
    return fields.address(value) or (fields.address(f"https://github.com/{value}") if _is_path(value) else None)


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[\w.-]+/[\w.-]+", value) is not None


def _announce(value: Any) -> Announce | None:
    return Announce(value) if isinstance(value, str) and value in set(Announce) else None


def _version(value: Any) -> int | None:
    """A number, `v2`, or how many versions there are in a list of them."""
    if isinstance(value, list):
        return len(value) or None
    return fields.number(value.removeprefix("v") if isinstance(value, str) else value)


def _first_version_day(value: Any) -> date | None:
    first = value[0] if isinstance(value, list) and value else None
    return fields.day(first.get("created")) if isinstance(first, dict) else None


def one_day(dump: ParsedDump) -> ParsedDump:
    """A dump whose listings all tell one day is of that day, as a whole; so a day in its file's name counts more."""
    days: Counter[date | None] = Counter(each.listed_on for each in dump.listings)
    if len(days) != 1 or None in days:
        return dump
    (day,) = days
    return replace(dump, full_date=dump.full_date or day, listings=_without_days(dump.listings))


def _without_days(listings: Iterable[Listing]) -> tuple[Listing, ...]:
    return tuple(replace(each, listed_on=None) for each in listings)
