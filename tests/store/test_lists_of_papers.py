"""The lists of papers on both databases: each page by page, against one computed from the listings in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine
from support.service import MONDAY, add_listings

from notifier.models import Listing, ListOrder
from notifier.search import read_listed_days, read_trending, trending_papers
from notifier.store import dumps, paper_lists, reading
from notifier.store.paper_lists import Continuation, ListedPaper

TODAY = MONDAY.date()
WEEK = (TODAY - timedelta(days=6), TODAY)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")
    return engine


def add(engine: Engine, name: str, day: date, upvotes: Sequence[int | None]) -> None:
    """Store a list with a paper for each number; the same number of papers is listed each day."""
    papers = [
        Listing(position=1, title=f"Paper number {number} about models", abstract="We study it.", upvotes=each)
        for number, each in enumerate(upvotes)
    ]
    add_listings(engine, name, day, *papers)


def walked(engine: Engine, order: ListOrder) -> list[ListedPaper]:
    """Return the papers of the week, read two at a time, while another list comes in after each page."""
    found: list[ListedPaper] = []
    start = None
    with reading(engine) as connection:
        dump_id = dumps.newest_id(connection)
    while True:
        with reading(engine) as connection:
            page = paper_lists.list_between(connection, WEEK, order, 2, start)
        if not page:
            return found
        found += page
        start = Continuation(dump_id, page[-1])
        add(engine, f"later than {order} {len(found)}", TODAY, [1000, None, 7, 2000])


@pytest.mark.parametrize("order", [ListOrder.TRENDING, ListOrder.NEWEST])
def test_each_page_leads_on_from_the_one_before_while_papers_arrive(store: Engine, order: ListOrder) -> None:
    add(store, "today", TODAY, [5, 9, None, 9, None])
    add(store, "yesterday", TODAY - timedelta(days=1), [7, 9, 0, 8, None, 3])
    with reading(store) as connection:
        whole = paper_lists.list_between(connection, WEEK, order, 100)
    if order is ListOrder.TRENDING:
        votes = [(each.upvotes, each.place) for each in whole]
        assert votes == [(9, 2), (9, 4), (7, 1), (3, 6), (0, 3), (None, 5)]
    else:
        assert [each.day for each in whole] == [TODAY] * 5 + [TODAY - timedelta(days=1)]
    assert walked(store, order) == whole


def test_days_are_counted_and_trending_papers_ranked_on_both_databases(store: Engine) -> None:
    add(store, "today", TODAY, [5, 9, None])
    add(store, "long ago", TODAY - timedelta(days=60), [5, 9, None, 4])
    with reading(store) as connection:
        assert list(read_listed_days(connection, TODAY).counts.items()) == [
            (TODAY - timedelta(days=60), 4),
            (TODAY, 3),
        ]
        assert paper_lists.count_between(connection, TODAY - timedelta(days=60), TODAY) == 4
        trending = read_trending(connection, TODAY)
    best = [each.paper.id for each in trending_papers(store, TODAY, 3)]
    assert list(trending.ids) == best
