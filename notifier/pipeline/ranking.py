"""Papers in the order of their trending score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Engine

from notifier.models import Paper
from notifier.store import papers
from notifier.store.engine import reading
from notifier.trending import Score, score


@dataclass(frozen=True, slots=True)
class Ranked:
    """A paper and its score."""

    paper: Paper
    score: Score


def trending(engine: Engine, on: date, limit: int) -> list[Ranked]:
    """The best papers as of a day, by the listings until then."""
    with reading(engine) as connection:
        return rank(connection, papers.listed_until(connection, on), on, until=on)[:limit]


def rank(connection: Connection, found: Sequence[Paper], on: date, until: date = date.max) -> list[Ranked]:
    """Papers by their score on the day `on`, best first; ties go to the paper that came first.

    Listings after the day `until` do not count; each paper has one before.
    """
    appearances = papers.appearances(connection, (paper.id for paper in found), until)
    ranked = [Ranked(paper, score(appearances[paper.id], on)) for paper in found]
    return sorted(ranked, key=lambda each: (-each.score.value, each.paper.sequence))
