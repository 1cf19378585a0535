"""Rank stored papers by their trending score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import inf

from sqlalchemy import Connection, Engine

from notifier.models import Paper
from notifier.papers.trending import (
    NO_VOTES,
    Appearance,
    Score,
    Votes,
    best_position,
    days_for_usual,
    score,
    usual_upvotes,
)
from notifier.store import paper_lists, papers, reading, votes


@dataclass(frozen=True, slots=True)
class RankedPaper:
    """A paper with its trending score."""

    paper: Paper
    score: Score


def trending_papers(engine: Engine, on: date, limit: int) -> list[RankedPaper]:
    """Return the `limit` best papers as of the day `on`, counting only listings and votes up to that day."""
    with reading(engine) as connection:
        keys = papers.listed_until(connection, on)
        ranked = _rank_keys(connection, keys, votes.votes_by_day(connection, keys, on), on, until=on)[:limit]
        found = papers.papers_by_id(connection, [paper_id for paper_id, _ in ranked])
    return [RankedPaper(found[paper_id], score) for paper_id, score in ranked]


def ranked_between(connection: Connection, first: date, last: date, limit: int, voted_until: date) -> list[int]:
    """Return the ids of at most `limit` papers, best first.

    They are listed from the day `first` to the day `last`, or somebody voted for them from the day `first` to the day
    `voted_until`. If there are more, those with votes are preferred, then those with upvotes or in ranked lists, and
    then the newest. Ages are counted from the newest of the votes if it is later than `last`, so that it counts most.
    """
    keys = votes.keys_voted_between(connection, first, voted_until, last, limit)
    if len(keys) < limit:
        keys |= paper_lists.keys_listed_between(connection, first, last, limit - len(keys))
    by_day = votes.votes_by_day(connection, keys, voted_until)
    on = max([last, *(day for days in by_day.values() for day in days)])
    return [paper_id for paper_id, _ in _rank_keys(connection, keys, by_day, on, until=last)]


def rank(connection: Connection, candidates: Sequence[Paper], on: date) -> list[RankedPaper]:
    """Return the papers with their scores on the day `on`, best first."""
    by_id = {paper.id: paper for paper in candidates}
    by_day = votes.votes_by_day(connection, [paper.id for paper in candidates if paper.votes], date.max)
    ranked = _rank_keys(connection, {paper.id: paper.key for paper in candidates}, by_day, on)
    return [RankedPaper(by_id[paper_id], score) for paper_id, score in ranked]


def ranked_ids(connection: Connection, ids: Sequence[int], on: date) -> list[int]:
    """Return the ids of papers by their scores on the day `on`, best first."""
    by_day = votes.votes_by_day(connection, ids, date.max)
    return [paper_id for paper_id, _ in _rank_keys(connection, papers.keys_of(connection, ids), by_day, on)]


def _rank_keys(
    connection: Connection, keys: Mapping[int, str], by_day: Mapping[int, Votes], on: date, until: date = date.max
) -> list[tuple[int, Score]]:
    """Return the ids and scores of papers, best first, computed from their listings up to the day `until`.

    `keys` are the papers' keys by id. Each paper must have at least one such listing. `by_day` has the votes of the
    papers that have any. The usual upvotes are computed from all papers of the days that they depend on, not only from
    those with these ids.
    """
    appearances = papers.appearances(connection, keys, until)
    days = {each.listed_on for of_paper in appearances.values() for each in of_paper if each.upvotes is not None}
    days_before = {before for day in days for before in days_for_usual(day)}
    usual = usual_upvotes(papers.upvotes_on(connection, sorted(days_before)).values())
    scores = {paper_id: score(appearances[paper_id], usual, on, by_day.get(paper_id, NO_VOTES)) for paper_id in keys}
    order = {paper_id: _rank_order(scores[paper_id], appearances[paper_id], key) for paper_id, key in keys.items()}
    return [(paper_id, scores[paper_id]) for paper_id in sorted(order, key=order.__getitem__)]


def _rank_order(
    score: Score, appearances: Sequence[Appearance], key: str
) -> tuple[float, bool, int, float, float, str]:
    """Return a sort key that puts the paper with the highest score first.

    Among equal scores, the newest paper is first: by its newest listing day, its best position in a ranked list, and
    its arXiv id, the highest first. Papers without an arXiv id of the present scheme come last, by their keys. The
    position in other dumps plays no part.
    """
    newest = max(each.listed_on for each in appearances).toordinal()
    number = float(key) if key[:1].isdecimal() else 0
    return -score.value, score.standing == 0, -newest, best_position(appearances) or inf, -number, key
