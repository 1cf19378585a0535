"""Papers in the order of their trending score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Engine

from notifier.models import Paper
from notifier.papers.trending import Score, score, usual_votes
from notifier.store import papers, reading


@dataclass(frozen=True, slots=True)
class RankedPaper:
    """A paper and its score."""

    paper: Paper
    score: Score


def trending_papers(engine: Engine, on: date, limit: int) -> list[RankedPaper]:
    """The best papers as of a day, by the listings until then."""
    with reading(engine) as connection:
        scores = _scores(connection, papers.listed_until(connection, on), on, until=on)
        best = sorted(scores, key=lambda paper_id: _order(scores[paper_id], paper_id))[:limit]
        found = papers.papers_by_id(connection, best)
    return [RankedPaper(found[paper_id], scores[paper_id]) for paper_id in best]


def rank(connection: Connection, found: Sequence[Paper], on: date) -> list[RankedPaper]:
    """Papers by their score on the day `on`, best first; ties go to the paper that came first."""
    scores = _scores(connection, [paper.id for paper in found], on)
    ranked = [RankedPaper(paper, scores[paper.id]) for paper in found]
    return sorted(ranked, key=lambda each: _order(each.score, each.paper.id))


def _scores(connection: Connection, ids: Sequence[int], on: date, until: date = date.max) -> dict[int, Score]:
    """The score of each paper by its listings up to a day, of which it has some.

    What is usual on a day is read from all of its listings, whichever papers are asked for.
    """
    appearances = papers.appearances(connection, ids, until)
    days = {each.listed_on for listed in appearances.values() for each in listed if each.upvotes is not None}
    usual = usual_votes(papers.upvotes_on(connection, sorted(days)).values())
    return {paper_id: score(appearances[paper_id], usual, on) for paper_id in ids}


def _order(score: Score, paper_id: int) -> tuple[float, int]:
    return -score.value, paper_id
