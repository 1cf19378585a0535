"""Merge what several listings say about one paper.

The same listings give the same paper, in whatever order they arrive. A merged paper has the longest abstract, the
earliest listing day, the latest version and day of update, and the highest numbers of upvotes and stars. Most other
fields have the value from the format with the highest precedence. If two values come from formats of equal precedence,
the value with the newer listing day is used, or the greater value if the days are equal too. An empty field of a later
listing never erases a value, and a withdrawn paper stays withdrawn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any, ClassVar

from notifier.models import PaperFields

Origin = tuple[int, str]  # of a value: the precedence of its format, and its listing day in ISO 8601

# Fields for which the value with the highest origin is used.
FIELDS_BY_ORIGIN = (
    *("title", "url", "authors", "categories", "keywords", "source", "doi", "published"),
    *("note", "summary"),
    *("pdf", "page", "project", "code"),
)
# Fields for which the greatest value is used.
GROWING_FIELDS = ("upvotes", "version", "updated", "stars")
# Fields that queries look at: the paper is announced again when one of them gets its first value.
ANNOUNCED_FIELDS = ("abstract", "authors", "categories", "keywords")
# Fields whose tokens are stored.
TOKEN_FIELDS = ("title", "abstract", "keywords", "authors")

_as_json = json.JSONEncoder(separators=(",", ":"), sort_keys=True).encode


@dataclass(frozen=True, slots=True)
class PaperFacts(PaperFields):
    """The facts that a listing or a paper's row gives about the paper.

    `source` is the format of the dump. `origins` gives the origin of each of FIELDS_BY_ORIGIN that has a value.
    """

    title: str
    abstract: str
    listed_on: date
    source: str = ""
    origins: Mapping[str, Origin] = field(default_factory=dict)

    # The queries of topics are matched with the facts of new papers. They may not use `topic:`, so facts need no
    # topics. Nobody has voted for a new paper.
    topics: ClassVar[frozenset[str]] = frozenset()
    votes: ClassVar[int] = 0
    id: ClassVar[int | None] = None  # nor may they use `like:`


def merge(known: PaperFacts, new: PaperFacts) -> PaperFacts:
    """Return what `known` and `new` together say about one paper."""
    by_origin: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for name in FIELDS_BY_ORIGIN:
        value, origin = max(
            _values_with_origins(name, known, new), key=_origin_then_value, default=(getattr(known, name), None)
        )
        by_origin[name] = value
        if origin is not None:
            origins[name] = origin
    return replace(
        known,
        **by_origin,
        origins=origins,
        abstract=max(known.abstract, new.abstract, key=lambda text: (len(text), text)),
        listed_on=min(known.listed_on, new.listed_on),
        arxiv_id=known.arxiv_id or new.arxiv_id,
        withdrawn=known.withdrawn or new.withdrawn,
        **{field: _greater(getattr(known, field), getattr(new, field)) for field in GROWING_FIELDS},
    )


def completed(known: PaperFacts, other: PaperFacts) -> PaperFacts:
    """Return the facts of a paper into which another one was merged by hand: what it lacks comes from the other one.

    In contrast to `merge`, the other one never replaces a title, a link or the like.
    """
    merged = merge(known, other)
    own = {name: getattr(known, name) for name in FIELDS_BY_ORIGIN if getattr(known, name)}
    origins = {**merged.origins, **{name: known.origins[name] for name in own}}
    return replace(merged, **own, origins=origins)


def _greater(one: Any, other: Any) -> Any:
    """Return the greater of two values; None means unknown, and is less than any value."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def origins_of(known: Mapping[str, Any], origin: Origin) -> dict[str, Origin]:
    """Return a dict with `origin` for every one of FIELDS_BY_ORIGIN that has a value in `known`."""
    return {field: origin for field in FIELDS_BY_ORIGIN if known.get(field)}


def gained_text(before: PaperFacts, after: PaperFacts) -> bool:
    """Return whether a field that queries look at was empty before and has a value after."""
    return any(getattr(after, field) and not getattr(before, field) for field in ANNOUNCED_FIELDS)


def is_reworded(before: PaperFacts, after: PaperFacts) -> bool:
    """Return whether a field whose tokens are stored has changed."""
    return any(getattr(after, field) != getattr(before, field) for field in TOKEN_FIELDS)


def _values_with_origins(field: str, *facts: PaperFacts) -> list[tuple[Any, Origin]]:
    """Return the values that the facts have for a field, each with its origin."""
    return [(getattr(each, field), each.origins[field]) for each in facts if getattr(each, field)]


def _origin_then_value(value_with_origin: tuple[Any, Origin]) -> tuple[Origin, Any]:
    value, origin = value_with_origin
    return origin, value


def encode_origins(origins: Mapping[str, Origin]) -> str:
    """Return the text in which a paper's row stores its origins."""
    return _origins_text(tuple(origins.items()))


@lru_cache(maxsize=1 << 10)
def _origins_text(origins: tuple[tuple[str, Origin], ...]) -> str:
    """Return the origins as JSON. The results are cached because most papers of a dump have the same origins."""
    return _as_json(dict(origins))


def decode_origins(text: str) -> dict[str, Origin]:
    """Return the origins from a text that `encode_origins` wrote."""
    return {field: (precedence, day) for field, (precedence, day) in json.loads(text).items()}
