"""Find the paper whose similar papers a query asks for."""

from __future__ import annotations

from notifier.queries.parser import parse
from notifier.queries.tree import Like


def only_paper_named(canonical: str) -> str | None:
    """Return the key of a paper if a canonical query asks for the papers like it, and for nothing else."""
    if not canonical.startswith("like:"):
        return None
    query = parse(canonical)
    return query.key if isinstance(query, Like) else None
