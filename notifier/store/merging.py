"""What a paper becomes when another listing of it arrives. Pure; the same listings give the same paper in any order.

The longest abstract stays. Every other field keeps the value of the best source, then of the newest listing day, then
the greater value, so that no tie is left to the order of arrival. A later dump completes, never blanks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

Origin = tuple[int, str]  # the source's rank, the listing day as ISO 8601

RANKED_FIELDS = ("title", "url", "authors", "categories", "keywords", "source")
ANNOUNCED_FIELDS = ("abstract", "authors", "categories", "keywords")
TOKEN_FIELDS = ("title", "abstract", "keywords", "authors")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a paper: by its row, or by one listing."""

    title: str
    abstract: str
    listed_on: date
    arxiv_id: str | None
    url: str | None
    source: str
    upvotes: int | None
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    keywords: tuple[str, ...]
    origins: Mapping[str, Origin]


def merge(known: Facts, new: Facts) -> Facts:
    """All that the two know of one paper."""
    ranked: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for field in RANKED_FIELDS:
        value, origin = max(_candidates(field, known, new), key=_preference, default=(getattr(known, field), None))
        ranked[field] = value
        if origin is not None:
            origins[field] = origin
    return replace(
        known,
        **ranked,
        origins=origins,
        abstract=max(known.abstract, new.abstract, key=lambda text: (len(text), text)),
        listed_on=min(known.listed_on, new.listed_on),
        arxiv_id=known.arxiv_id or new.arxiv_id,
        upvotes=max((n for n in (known.upvotes, new.upvotes) if n is not None), default=None),
    )


def gained_text(before: Facts, after: Facts) -> bool:
    """Whether a field that queries look at was empty and is no more."""
    return any(getattr(after, field) and not getattr(before, field) for field in ANNOUNCED_FIELDS)


def is_reworded(before: Facts, after: Facts) -> bool:
    """Whether a text has changed that is kept as tokens."""
    return any(getattr(after, field) != getattr(before, field) for field in TOKEN_FIELDS)


def _candidates(field: str, *facts: Facts) -> list[tuple[Any, Origin]]:
    return [(getattr(each, field), each.origins[field]) for each in facts if getattr(each, field)]


def _preference(candidate: tuple[Any, Origin]) -> tuple[Origin, Any]:
    value, origin = candidate
    return origin, value


def dump_origins(origins: Mapping[str, Origin]) -> str:
    """`origins` as the paper's row keeps them."""
    return json.dumps(origins, separators=(",", ":"), sort_keys=True)


def load_origins(text: str) -> dict[str, Origin]:
    """The reverse of `dump_origins`."""
    return {field: (rank, day) for field, (rank, day) in json.loads(text).items()}
