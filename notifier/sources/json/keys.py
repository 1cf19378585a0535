"""Find the values of a paper's fields in an object, whose keys differ from source to source."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

# The keys of each field, the preferred one first. They are written in lower case, without separators and without a
# leading `paper`.
_KEYS = {
    "id": ("id", "arxivid", "arxiv", "entryid"),
    "arxiv": ("arxivid", "arxiv"),
    "title": ("title", "displayname", "titles"),
    "abstract": ("summary", "abstract", "abstracttext", "abstractnote", "abstracts", "descriptions", "description"),
    "model_summary": ("aisummary",),
    "authors": ("authors", "authorsparsed", "author", "creators", "authorships", "authorstring"),
    "categories": ("categories", "category", "primarycategory"),
    "keywords": ("aikeywords", "keywords", "tags", "keyword", "subject", "subjects"),
    "url": ("url", "abs", "absurl", "link", "entryid", "htmlurl", "externalurl", "landingpageurl", "ee"),
    "pdf": ("pdf", "pdfurl", "openaccesspdf"),
    "project": ("projectpage", "projecturl"),
    "code": ("githubrepo", "githuburl", "codeurl", "code", "github"),
    "stars": ("githubstars", "stars"),
    "upvotes": ("upvotes", "votes"),
    "comments": ("numcomments", "comments", "commentscount"),
    "note": ("comment", "comments", "arxivcomment"),
    "doi": ("doi", "dois"),
    "published": (
        *("publishedat", "published", "publisheddate", "datepublished", "publicationdate", "publishedonline"),
        *("publishedprint", "issued", "firstpublicationdate", "preprintdate", "pdate", "created", "cdate"),
    ),
    "updated": ("updatedat", "updated", "updatedate", "datemodified"),
    "listed_on": ("submittedondailyat", "date", "listedon"),
    "announce": ("announcetype",),
    "version": ("version", "versions"),
}
# An entry's `publishedAt` is the day on which the page added the paper. It is neither the day on which the paper was
# published nor always the listing day.
_IGNORED_IN_ENTRY = ("paper", "publishedAt")


def values_by_field(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a record by field. Values inside its `paper` object are preferred to values beside it."""
    paper = record.get("paper")
    if not isinstance(paper, dict):
        return _members_by_field(record)
    entry = {key: value for key, value in record.items() if key not in _IGNORED_IN_ENTRY}
    return {**_members_by_field(entry), **_members_by_field(paper)}


def _members_by_field(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of an object's members by field: for each field, the value of its most preferred key."""
    values: dict[str, Any] = {}
    ranks: dict[str, int] = {}
    for key, value in record.items():
        if value in (None, "", []):
            continue
        for name, rank in _fields_with_key(key):
            if rank < ranks.get(name, len(_KEYS)):
                values[name], ranks[name] = value, rank
    return values


@lru_cache(1 << 10)
def _fields_with_key(key: str) -> tuple[tuple[str, int], ...]:
    """Return the fields that have this key, each with the index of the key among the keys of the field."""
    plain_key = "".join(character for character in key.lower() if character.isalnum())
    plain_key = plain_key.removeprefix("paper") or plain_key
    return tuple((name, keys.index(plain_key)) for name, keys in _KEYS.items() if plain_key in keys)
