"""What a paper becomes when another listing of it arrives. Pure; the same listings give the same paper in any order.

The longest abstract stays, the latest version, and the most upvotes and stars. Every other field keeps the value of the
best source, then of the newest listing day, then the greater value, so that no tie is left to the order of arrival. A
later dump completes, never blanks; what was withdrawn stays so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any, ClassVar

from notifier.models import PaperFields

Origin = tuple[int, str]  # the source's rank, the listing day as ISO 8601

RANKED_FIELDS = (
    *("title", "url", "authors", "categories", "keywords", "source", "doi", "published", "note"),
    *("pdf", "page", "project", "code"),
)
_as_json = json.JSONEncoder(separators=(",", ":"), sort_keys=True).encode
GROWING_FIELDS = ("upvotes", "version", "updated", "stars")
ANNOUNCED_FIELDS = ("abstract", "authors", "categories", "keywords")
TOKEN_FIELDS = ("title", "abstract", "keywords", "authors")


@dataclass(frozen=True, slots=True)
class PaperFacts(PaperFields):
    """What one listing, or a paper's row, says about the paper; `origins` gives the origin of each ranked field."""

    title: str
    abstract: str
    listed_on: date
    source: str = ""
    origins: Mapping[str, Origin] = field(default_factory=dict)

    topics: ClassVar[frozenset[str]] = frozenset()  # found later; the query of a topic may not use topic:


def merge(known: PaperFacts, new: PaperFacts) -> PaperFacts:
    """All that the two know of one paper."""
    ranked: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for name in RANKED_FIELDS:
        value, origin = max(_candidates(name, known, new), key=_preference, default=(getattr(known, name), None))
        ranked[name] = value
        if origin is not None:
            origins[name] = origin
    return replace(
        known,
        **ranked,
        origins=origins,
        abstract=max(known.abstract, new.abstract, key=lambda text: (len(text), text)),
        listed_on=min(known.listed_on, new.listed_on),
        arxiv_id=known.arxiv_id or new.arxiv_id,
        withdrawn=known.withdrawn or new.withdrawn,
        **{field: _greater(getattr(known, field), getattr(new, field)) for field in GROWING_FIELDS},
    )


def _greater(one: Any, other: Any) -> Any:
    """The greater of two values, either of which may be unknown."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def origins_of(known: Mapping[str, Any], origin: Origin) -> dict[str, Origin]:
    """The origin of every ranked field that has a value."""
    return {field: origin for field in RANKED_FIELDS if known.get(field)}


def gained_text(before: PaperFacts, after: PaperFacts) -> bool:
    """Whether a field that queries look at was empty and is no more."""
    return any(getattr(after, field) and not getattr(before, field) for field in ANNOUNCED_FIELDS)


def is_reworded(before: PaperFacts, after: PaperFacts) -> bool:
    """Whether a text has changed that is kept as tokens."""
    return any(getattr(after, field) != getattr(before, field) for field in TOKEN_FIELDS)


def _candidates(field: str, *facts: PaperFacts) -> list[tuple[Any, Origin]]:
    return [(getattr(each, field), each.origins[field]) for each in facts if getattr(each, field)]


def _preference(candidate: tuple[Any, Origin]) -> tuple[Origin, Any]:
    value, origin = candidate
    return origin, value


def dump_origins(origins: Mapping[str, Origin]) -> str:
    """`origins` as the paper's row keeps them."""
    return _origins_text(tuple(origins.items()))


@lru_cache(maxsize=1 << 10)
def _origins_text(origins: tuple[tuple[str, Origin], ...]) -> str:
    """Remembered, for most papers of a dump have the same."""
    return _as_json(dict(origins))


def load_origins(text: str) -> dict[str, Origin]:
    """The reverse of `dump_origins`."""
    return {field: (rank, day) for field, (rank, day) in json.loads(text).items()}
