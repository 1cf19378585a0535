"""Searches through the index of words find exactly the papers that the engine finds among all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, insert
from support.digest_samples import PAPER
from support.query_samples import SAMPLE_PAPERS, SAMPLE_QUERIES, SampleQuery, is_sample_true, spelled
from support.thoroughness import examples

from notifier.matching import propose
from notifier.models import Paper
from notifier.queries import Query, parse
from notifier.search.newest_seen import merge_lists, newest_seen, newest_seen_of_topic
from notifier.search.searching import (
    Search,
    count,
    count_few,
    find_newest,
    matching_papers,
    rank_by_relevance,
    rank_by_trend,
)
from notifier.store import paper_tokens, seen_papers
from notifier.store.engine import writing
from notifier.store.paper_tokens import TokenisedPaper
from notifier.store.proposals import MAX_KEY
from notifier.store.tables import dump, listing, paper, paper_topic

DAY, NOW = date(2026, 2, 1), datetime(2026, 2, 1, tzinfo=UTC)
RANDOMS = st.randoms(use_true_random=False)
PER_EXAMPLE = [HealthCheck.function_scoped_fixture]  # each example removes its papers


@pytest.fixture(params=["engine", "postgres_store"])
def store(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(request.param)
    return engine


def add(connection: Connection, papers: Sequence[Paper]) -> None:
    """Store these papers, as ingesting does."""
    values = {
        "sha256": "0",
        "name": "dump",
        "format": "arxiv",
        "listed_on": DAY,
        "listed_on_from": "page",
        "ingested_at": NOW,
    }
    dump_id = connection.scalar(insert(dump).values(values).returning(dump.c.id))
    for each in papers:
        columns = {name: getattr(each, name) for name in paper.c.keys() if hasattr(each, name)}  # noqa: SIM118
        connection.execute(insert(paper).values(guid=each.key, first_sequence=each.sequence, origins="{}", **columns))
        listed = {"paper_id": each.id, "dump_id": dump_id, "listed_on": each.listed_on, "position": each.id}
        connection.execute(insert(listing).values(listed))
        for slug in each.topics:
            connection.execute(insert(paper_topic).values(slug=slug, paper_id=each.id))
    rows = [TokenisedPaper(each.id, each.listed_on, paper_tokens.tokenise(each)) for each in papers]
    paper_tokens.add(connection, rows)


def remove(connection: Connection, papers: Sequence[Paper]) -> None:
    """Delete these papers."""
    paper_tokens.drop(connection, [each.id for each in papers])
    for table in (paper_topic, listing, dump, paper):
        connection.execute(delete(table))


def numbered(papers: Sequence[Paper]) -> list[Paper]:
    return [replace(each, id=number, sequence=number, key=f"key{number}") for number, each in enumerate(papers, 1)]


def in_pages(connection: Connection, query: Query, limit: int) -> list[int]:
    """Return the ids of all papers that the query matches, read page by page."""
    ids: list[int] = []
    below: int | None = MAX_KEY
    while below is not None:
        found = find_newest(connection, Search(query, max_examined=2), limit, below)
        ids += [each.paper.id for each in found.papers]
        below = found.rest_below
    return ids


def check(engine: Engine, papers: Sequence[Paper], query: Query, expected: set[int]) -> None:
    """Check each kind of search; `expected` holds the ids of the papers that the query matches."""
    with writing(engine) as connection:
        add(connection, papers)
        days = {each.id: each.listed_on for each in papers}
        newest_first = sorted(expected, key=lambda number: (-days[number].toordinal(), number))
        assert in_pages(connection, query, 2) == newest_first
        assert count(connection, Search(query)) == count_few(connection, Search(query)) == len(expected)
        for ids in (rank_by_relevance(connection, Search(query)), rank_by_trend(connection, Search(query), DAY)):
            assert set(matching_papers(connection, query, ids)) == expected
        remove(connection, papers)


@settings(deadline=None, max_examples=examples(300), suppress_health_check=PER_EXAMPLE)
@given(SAMPLE_QUERIES, RANDOMS, st.lists(SAMPLE_PAPERS, min_size=1, max_size=6).map(numbered))
def test_a_search_finds_exactly_the_papers_that_the_query_is_true_of(
    store: Engine, sample: SampleQuery, rng: Random, papers: list[Paper]
) -> None:
    expected = {each.id for each in papers if is_sample_true(sample, each)}
    check(store, papers, parse(spelled(sample, rng)), expected)


def test_many_initials_of_authors_find_the_same_papers_and_are_not_looked_up_in_the_index(store: Engine) -> None:
    names = ["Ann Bee", "Bob Carl Dee", "Eve Fox", "Zoe Yard", "Ann Zed"]
    papers = numbered([replace(PAPER, arxiv_id=None, authors=(name,)) for name in names])
    few, many = 'author:"a b"', " OR ".join(f'author:"{pair}"' for pair in ("a b", "c d", "f g", "h i", "y z"))
    check(store, papers, parse(few), {1})
    check(store, papers, parse(many), {1, 2, 4})
    check(store, papers, parse(f"{many} OR author:zed"), {1, 2, 4, 5})
    assert propose(parse(few)).words is not None
    assert propose(parse(many)).words is None


def arriving(papers: Sequence[Paper], rng: Random) -> list[Paper]:
    """Return the papers with ids by when they were first seen; some were never announced."""
    days = sorted(rng.choices(range(3), k=len(papers)))
    announced = [rng.choice((1, 1, 1, -1)) for _ in papers]
    return [
        replace(each, first_seen=NOW + timedelta(days=day), sequence=sign * each.id)
        for each, day, sign in zip(numbered(papers), days, announced, strict=True)
    ]


@settings(deadline=None, max_examples=examples(100), suppress_health_check=PER_EXAMPLE)
@given(
    st.sampled_from([0, 1000]),
    st.tuples(SAMPLE_QUERIES, SAMPLE_QUERIES),
    RANDOMS,
    st.lists(SAMPLE_PAPERS, min_size=1, max_size=7),
)
def test_feeds_get_the_announced_papers_that_match_those_that_came_in_last_first(
    store: Engine, few: int, samples: tuple[SampleQuery, SampleQuery], rng: Random, sample: list[Paper]
) -> None:
    papers = arriving(sample, rng)
    one, other = samples
    ordered = sorted(papers, key=lambda each: (-each.first_seen.timestamp(), each.id))
    announced = [each for each in ordered if each.sequence > 0]
    expected = [each.id for each in announced if is_sample_true(one, each)]
    joined = [
        each.id
        for each in announced
        if is_sample_true(one, each) or is_sample_true(other, each) or "agents" in each.topics
    ]
    with pytest.MonkeyPatch.context() as patch, writing(store) as connection:
        patch.setattr(seen_papers, "FEW", few)
        patch.setattr(seen_papers, "_FIRST_BLOCK", 2)
        add(connection, papers)
        queries = [parse(spelled(each, rng)) for each in samples]
        assert [each.id for each in newest_seen(connection, queries[0])] == expected
        lists = [*(newest_seen(connection, each) for each in queries), newest_seen_of_topic(connection, "agents", 9)]
        assert [each.id for each in islice(merge_lists(lists), 3)] == joined[:3]
        remove(connection, papers)
