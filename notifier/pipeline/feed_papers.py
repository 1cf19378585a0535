"""Make feed entries of papers, and choose the papers of the feed `trending`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import groupby

from sqlalchemy import Connection

from notifier.feeds import Entry
from notifier.feeds.feed import MAX_ENTRIES
from notifier.models import Paper
from notifier.pipeline.choosing import TRENDING_PAPERS
from notifier.search import rank
from notifier.store import papers, pins
from notifier.topics import Catalogue

CHOSEN_WITHIN = timedelta(days=14)
MAX_PINNED = 50  # the most pinned papers that a feed may show although other papers are newer


def feed_entries(connection: Connection, catalogue: Catalogue, found: Iterable[Paper]) -> dict[int, Entry]:
    """Return the feed entries of these papers, with their pins, by the id of the paper, in the given order."""
    by_id = {paper.id: paper for paper in found}
    guids, pinned = papers.guids(connection, by_id), pins.begun(connection, by_id)
    return {
        paper_id: Entry(paper, guids[paper_id], _topic_titles(catalogue, paper), pinned.get(paper_id))
        for paper_id, paper in by_id.items()
    }


def pinned_papers(connection: Connection) -> list[Paper]:
    """Return the papers that were pinned to the newest days."""
    return list(papers.papers_by_id(connection, pins.newest_pinned(connection, MAX_PINNED)).values())


def read_trending_of_days(connection: Connection) -> list[Paper]:
    """Read the papers of the feed `trending`, in the order of feeds."""
    newest = papers.papers_by_id(connection, papers.newest(connection, None, MAX_ENTRIES))
    return trending_of_days(connection, list(newest.values()))


def trending_of_days(connection: Connection, newest: Sequence[Paper]) -> list[Paper]:
    """Return the best papers of each day on which papers were first seen, in the order of feeds.

    A paper is chosen if it has votes or upvotes or is in a ranked list. The best are taken from `newest` and from the
    chosen papers first seen at most CHOSEN_WITHIN before the newest. With `newest` alone, a large dump of papers that
    nobody has chosen could leave no room for chosen ones.
    """
    if not newest:
        return []
    since = newest[0].first_seen - CHOSEN_WITHIN
    known = {paper.id: paper for paper in newest}
    chosen = set(papers.newest_chosen(connection, since, MAX_ENTRIES)) - known.keys()
    known.update(papers.papers_by_id(connection, chosen))
    ordered = sorted(known.values(), key=lambda paper: (paper.first_seen, -paper.id), reverse=True)
    best = {
        ranked.paper.id
        for day, papers_of_day in groupby(ordered, key=_day_first_seen)
        for ranked in rank(connection, list(papers_of_day), day)[:TRENDING_PAPERS]
    }
    return [paper for paper in ordered if paper.id in best]


def _topic_titles(catalogue: Catalogue, paper: Paper) -> tuple[tuple[str, str], ...]:
    """Return the slugs and titles of a paper's topics."""
    return tuple((slug, catalogue.topics[slug].title) for slug in sorted(paper.topics) if slug in catalogue.topics)


def _day_first_seen(paper: Paper) -> date:
    """Return the day, in UTC, on which the paper was first seen."""
    return paper.first_seen.date()
