"""What the pages of papers and topics read, on both databases."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, select
from support.service import add_listings

from notifier.config import Config
from notifier.models import Listing
from notifier.pipeline import tag
from notifier.store import paper_pages, reading, tables, topic_pages
from notifier.store.topic_pages import ListPlace
from notifier.topics import catalogue_of

LAST = date(2026, 7, 6)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Engine:
    """Open a store with one paper of quantization and one other on each of three days."""
    engine: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")
    for back in range(3):
        day = LAST - timedelta(days=back)
        papers = [_paper(back, "Quantization"), _paper(back + 10, "Robots")]
        add_listings(engine, f"day {back}", day, *papers)
    tag(engine, catalogue_of(Config()))
    return engine


def _paper(number: int, title: str) -> Listing:
    return Listing(position=1, title=f"{title} {number}", arxiv_id=f"2607.{number:05}")


def test_papers_of_a_topic_follow_a_place_newest_day_first(store: Engine) -> None:
    with reading(store) as connection:
        row = tables.paper.c
        places = [ListPlace(*each) for each in connection.execute(select(row.listed_on, row.id).order_by(row.key))]
        day, before, earliest, other, other_before, _ = places
        assert topic_pages.newest_listed(connection, "quantization", 9) == [day, before, earliest]
        assert topic_pages.newest_listed(connection, "quantization", 9, day) == [before, earliest]
        assert topic_pages.newest_listed(connection, None, 3, day) == [other, before, other_before]
        assert topic_pages.newest_listed(connection, "nothing", 9) == []
        newest_id = max(place.id for place in places)
        assert topic_pages.listed_since(connection, "quantization", before.listed_on, newest_id, 9) == [
            day.id,
            before.id,
        ]
        assert topic_pages.listed_since(connection, "quantization", date.min, day.id, 9) == [day.id]


def test_papers_are_counted_by_day_and_by_topic(store: Engine) -> None:
    since = LAST - timedelta(days=1)
    with reading(store) as connection:
        assert topic_pages.oldest_day(connection) == LAST - timedelta(days=2)
        assert topic_pages.listed_per_day(connection, None, since, LAST) == {since: 2, LAST: 2}
        assert topic_pages.listed_per_day(connection, "quantization", since, LAST) == {since: 1, LAST: 1}
        counts = topic_pages.listed_by_topic(connection, since, LAST)
    assert (counts[None], counts["quantization"]) == (4, 2)


def test_a_paper_is_found_by_its_present_and_its_old_key(store: Engine) -> None:
    add_listings(
        store, "title", LAST, Listing(position=1, title="Pruning of Large Language Models", abstract="We prune.")
    )
    with reading(store) as connection:
        (old,) = connection.scalars(
            select(tables.paper.c.key).where(tables.paper.c.title == "Pruning of Large Language Models")
        )
    merged = Listing(
        position=1, title="Pruning of Large Language Models", abstract="We prune.", arxiv_id="2607.00020", upvotes=3
    )
    add_listings(store, "again", LAST, merged)
    with reading(store) as connection:
        found = paper_pages.paper_by_key(connection, old)
        assert found is not None
        assert found == paper_pages.paper_by_key(connection, "2607.00020")
        listings = paper_pages.listings_of(connection, found.id, 9)
        assert [(each.listed_on, each.position, each.upvotes) for each in listings] == [(LAST, 1, 3), (LAST, 1, None)]
        assert len(paper_pages.listings_of(connection, found.id, 1)) == 1
        assert paper_pages.paper_by_key(connection, "2607.99999") is None
