"""Rank stored papers by their trending score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Engine

from notifier.models import Paper
from notifier.papers.trending import Score, score, usual_upvotes
from notifier.store import papers, reading


@dataclass(frozen=True, slots=True)
class RankedPaper:
    """A paper with its trending score."""

    paper: Paper
    score: Score


def trending_papers(engine: Engine, on: date, limit: int) -> list[RankedPaper]:
    """Return the `limit` best papers as of the day `on`, counting only listings up to that day."""
    with reading(engine) as connection:
        scores = _scores(connection, papers.listed_until(connection, on), on, until=on)
        best = sorted(scores, key=lambda paper_id: _rank_order(scores[paper_id], paper_id))[:limit]
        found = papers.papers_by_id(connection, best)
    return [RankedPaper(found[paper_id], scores[paper_id]) for paper_id in best]


def rank(connection: Connection, found: Sequence[Paper], on: date) -> list[RankedPaper]:
    """Return the papers with their scores on the day `on`, best first, and the older first if scores are equal."""
    scores = _scores(connection, [paper.id for paper in found], on)
    ranked = [RankedPaper(paper, scores[paper.id]) for paper in found]
    return sorted(ranked, key=lambda each: _rank_order(each.score, each.paper.id))


def _scores(connection: Connection, ids: Sequence[int], on: date, until: date = date.max) -> dict[int, Score]:
    """Return the score of each paper, computed from its listings up to the day `until`.

    Each paper must have at least one such listing. The usual upvotes of a day are computed from all papers that are
    listed on that day, not only from those with these ids.
    """
    appearances = papers.appearances(connection, ids, until)
    days = {each.listed_on for listed in appearances.values() for each in listed if each.upvotes is not None}
    usual = usual_upvotes(papers.upvotes_on(connection, sorted(days)).values())
    return {paper_id: score(appearances[paper_id], usual, on) for paper_id in ids}


def _rank_order(score: Score, paper_id: int) -> tuple[float, int]:
    return -score.value, paper_id
