"""Find the title of the best paper of each planned digest, for its subject."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from notifier.digests.selection import Selection
from notifier.pipeline.candidates import Candidates
from notifier.store import papers


def best_titles(connection: Connection, candidates: Candidates, selections: Sequence[Selection]) -> list[str]:
    """Return the title of the best paper of each selection: a pinned one, or else the one that ranks highest.

    A selection without candidates holds only papers of digests that were never sent. Then the title of its first paper
    is returned, or an empty text if that paper is no longer stored.
    """
    found = [candidates.best(_firsts(each)) for each in selections]
    unsent = {_firsts(selection)[0] for best, selection in zip(found, selections, strict=True) if best is None}
    stored = papers.papers_by_id(connection, unsent)
    titles = {number: paper.title for number, paper in stored.items()}
    return [
        best.title if best else titles.get(_firsts(selection)[0], "")
        for best, selection in zip(found, selections, strict=True)
    ]


def _firsts(selection: Selection) -> list[int]:
    """Return the ids of the papers that may be the best: the first of each section, or of the rest.

    If any of them is pinned, only the pinned ones are returned.
    """
    items = [section.items[0] for section in selection.sections] or [selection.rest[0]]
    return [each.paper_id for each in items if each.pin] or [each.paper_id for each in items]
