"""A paper is announced and tagged again when its votes reach a number that a query names, such as 3 in `votes:>=3`.

No subscriber gets the paper twice.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from support.planned_papers import digests_of, plan_and_accept
from support.query_samples import SAMPLE_PAPERS, SAMPLE_QUERIES, SampleQuery, is_sample_true, spelled
from support.service import MONDAY, add_listings, add_subscriber
from support.voters import add_voters, set_votes

from notifier import curation, queries
from notifier.config import Config, TopicConfig
from notifier.models import Listing, Paper
from notifier.pipeline.considering_votes import consider_votes
from notifier.pipeline.dry_run import plan_dry_run
from notifier.pipeline.planning import plan
from notifier.pipeline.tagging import tag
from notifier.queries import votes_named
from notifier.search import read_trending
from notifier.store import changed_votes, papers, subscriptions
from notifier.store.engine import reading, writing
from notifier.store.ingest import lock
from notifier.store.tables import named_votes, paper
from notifier.subscribers.leaving import erase
from notifier.subscribers.subscribing import SignUp
from notifier.topics import catalogue_of

CONFIG = Config(built_in_topics=False)
CATALOGUE = catalogue_of(CONFIG)
VOTED = Config(built_in_topics=False, topics={"voted": TopicConfig(title="Voted", query="votes:>=2")})
AT_EIGHT = MONDAY.replace(hour=8)
A_DAY = timedelta(days=1)
TITLE = "The Paper That Grows on People"
PAPER = Listing(1, TITLE, abstract="It is about growth.", arxiv_id="2607.00001")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Engine:
    """Return a store with the paper and, on PostgreSQL too, with people who vote."""
    engine: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")
    return with_voters(engine)


@pytest.fixture
def voting(engine: Engine) -> Engine:
    return with_voters(engine)


def with_voters(engine: Engine) -> Engine:
    add_voters(engine)
    add_listings(engine, "one", MONDAY.date(), PAPER, Listing(2, "Another Paper of Ours"), now=MONDAY)
    return engine


def considered(engine: Engine, now: datetime = AT_EIGHT, config: Config = CONFIG) -> int:
    return consider_votes(engine, catalogue_of(config), now)


def head(engine: Engine) -> int:
    with reading(engine) as connection:
        return papers.newest_sequence(connection)


def titles_after(engine: Engine, cursor: int) -> list[str]:
    with reading(engine) as connection:
        return [each.title for each in papers.papers_after(connection, cursor, papers.newest_sequence(connection))]


def subscribe_to(engine: Engine, *asked: str, email: str = "ann@example.org") -> None:
    add_subscriber(engine, SignUp(email, asked, confirmed=True))


@given(SAMPLE_QUERIES, SAMPLE_PAPERS, st.integers(0, 5), st.integers(0, 5), st.randoms())
def test_a_query_changes_its_answer_only_at_the_votes_that_it_names(
    asked: SampleQuery, known: Paper, before: int, after: int, chance: object
) -> None:
    named = votes_named(queries.parse(spelled(asked, chance)))  # type: ignore[arg-type]
    if not any(min(before, after) < number <= max(before, after) for number in named):
        assert is_sample_true(asked, replace(known, votes=before)) == is_sample_true(asked, replace(known, votes=after))


@pytest.mark.parametrize(
    ("asked", "early", "late"),
    [
        ("votes:>=3", 2, 3),
        ("votes:>3", 3, 4),
        ("votes:=3", 2, 3),
        ("growth -votes:<3", 0, 5),
        ("growth -votes:=0", 0, 1),
        ("growth (votes:>=6 OR votes:>=2)", 1, 4),
    ],
)
def test_a_subscriber_gets_a_paper_when_it_reaches_the_votes_they_asked_for(
    voting: Engine, asked: str, early: int, late: int
) -> None:
    subscribe_to(voting, asked)
    set_votes(voting, TITLE, early)
    plan_and_accept(voting, CONFIG, AT_EIGHT)
    assert digests_of(voting, "ann@example.org") == []
    set_votes(voting, TITLE, late)
    plan_and_accept(voting, CONFIG, AT_EIGHT + A_DAY)
    assert digests_of(voting, "ann@example.org") == [("2026-07-07", [TITLE])]


def test_nobody_gets_a_paper_twice_when_it_reaches_several_numbers(voting: Engine) -> None:
    add_subscriber(voting, SignUp("all@example.org", topics=("all",), confirmed=True))
    subscribe_to(voting, "votes:>=2", "votes:>=4")
    for day, number in enumerate([1, 2, 3, 5, 0, 6]):
        set_votes(voting, TITLE, number)
        plan_and_accept(voting, CONFIG, AT_EIGHT + day * A_DAY)
    assert [day for day, _ in digests_of(voting, "all@example.org")] == ["2026-07-06"]
    assert digests_of(voting, "ann@example.org") == [("2026-07-07", [TITLE])]


def test_a_number_of_votes_announces_a_paper_once_although_votes_fall_and_rise_again(store: Engine) -> None:
    subscribe_to(store, "votes:>=3")
    cursor = head(store)
    announced = []
    for number in (2, 3, 1, 3, 2, 5, 5):
        set_votes(store, TITLE, number)
        announced.append(considered(store))
    assert announced == [0, 1, 0, 0, 0, 0, 0]
    assert titles_after(store, cursor) == [TITLE] and head(store) == cursor + 1


def test_several_papers_take_numbers_in_the_order_of_their_ids(store: Engine) -> None:
    subscribe_to(store, "votes:>=1")
    cursor = head(store)
    set_votes(store, "Another Paper of Ours", 2)
    set_votes(store, TITLE, 1)
    with reading(store) as connection:
        assert len(changed_votes.to_announce(connection, (), AT_EIGHT)) == 2
    assert considered(store) == 2
    assert titles_after(store, cursor) == [TITLE, "Another Paper of Ours"]
    with reading(store) as connection:
        assert not changed_votes.are_left(connection)


def test_after_14_days_and_without_a_query_that_names_them_votes_announce_nothing(voting: Engine) -> None:
    set_votes(voting, TITLE, 3)
    assert considered(voting) == 0, "no query names a number"
    subscribe_to(voting, "votes:>=4", "votes:>=5")
    set_votes(voting, TITLE, 4)
    assert considered(voting, MONDAY + timedelta(days=14)) == 1
    set_votes(voting, TITLE, 5)
    assert considered(voting, MONDAY + timedelta(days=14, seconds=1)) == 0


def test_a_paper_of_an_archive_is_announced_by_votes_and_one_that_was_only_replaced_is_not(voting: Engine) -> None:
    subscribe_to(voting, "votes:>=1")
    with writing(voting) as connection:
        for title, archived, number in ((TITLE, True, -1), ("Another Paper of Ours", False, -2)):
            row = paper.update().where(paper.c.title == title)
            connection.execute(row.values(archived=archived, sequence=number))
    set_votes(voting, TITLE, 1)
    set_votes(voting, "Another Paper of Ours", 1)
    assert considered(voting) == 1 and titles_after(voting, 0) == [TITLE]


def test_the_numbers_of_votes_and_of_upvotes_are_kept_apart_and_deleted_with_their_query(store: Engine) -> None:
    subscribe_to(store, "upvotes:>=50 votes:>2", "growth votes:<7", '"votes 9"', "votes:>=100")
    with reading(store) as connection:
        assert subscriptions.votes_named(connection, 50) == {3, 7}
        assert subscriptions.upvotes_named(connection, 1000) == {50}
    erase(store, "ann@example.org", MONDAY)
    with reading(store) as connection:
        assert connection.execute(select(named_votes)).all() == []


def test_votes_that_a_topic_names_announce_the_paper_and_change_its_tags_in_both_directions(voting: Engine) -> None:
    add_subscriber(voting, SignUp("ann@example.org", topics=("voted",), confirmed=True), settings=VOTED)
    add_subscriber(voting, SignUp("bob@example.org", ("topic:voted growth",), confirmed=True), settings=VOTED)
    tagged = []
    for day, number in enumerate([1, 2, 1, 2]):
        set_votes(voting, TITLE, number)
        plan_and_accept(voting, VOTED, AT_EIGHT + day * A_DAY)
        with reading(voting) as connection:
            tagged.append(papers.newest(connection, "voted", 10) != [])
    assert tagged == [False, True, False, True]
    for email in ("ann@example.org", "bob@example.org"):
        assert digests_of(voting, email) == [("2026-07-07", [TITLE])]


def test_votes_that_pass_no_number_of_a_topic_leave_every_paper_tagged(voting: Engine) -> None:
    tag(voting, catalogue_of(VOTED))
    set_votes(voting, TITLE, 1)
    considered(voting, config=VOTED)
    with reading(voting) as connection:
        assert connection.scalars(select(paper.c.tagged_by).where(paper.c.tagged_by.is_(None))).all() == []


def test_a_dry_run_shows_what_planning_will_send_after_votes_and_changes_nothing(voting: Engine) -> None:
    subscribe_to(voting, "votes:>=3")
    plan_and_accept(voting, CONFIG, AT_EIGHT)
    set_votes(voting, TITLE, 3)
    cursor, later = head(voting), AT_EIGHT + A_DAY

    def chosen() -> list[int]:
        digests = plan_dry_run(voting, CONFIG, later).digests
        return [item.votes for each in digests if each.selection for item in each.selection.items]

    assert chosen() == chosen() == [3] and head(voting) == cursor
    assert plan(voting, CONFIG, later).digests == 1


def test_votes_for_a_hidden_paper_put_it_into_no_dry_run_and_no_ranking(voting: Engine) -> None:
    subscribe_to(voting, "votes:>=3")
    plan_and_accept(voting, CONFIG, AT_EIGHT)
    set_votes(voting, TITLE, 3)
    curation.hide(voting, "", "2607.00001", AT_EIGHT)
    later = AT_EIGHT + A_DAY
    assert not any(each.selection for each in plan_dry_run(voting, CONFIG, later).digests)
    with reading(voting) as connection:
        ranked = papers.papers_by_id(connection, read_trending(connection, later.date()).ids)
    assert [each.title for each in ranked.values()] == ["Another Paper of Ours"]
    assert plan(voting, CONFIG, later).digests == 0


def test_a_vote_waits_for_no_dump_that_is_being_stored(postgres_store: Engine) -> None:
    engine = with_voters(postgres_store)
    with writing(engine) as ingesting:
        lock(ingesting)
        voter = Thread(target=set_votes, args=(engine, TITLE, 2))
        voter.start()
        voter.join(20)
        assert not voter.is_alive()
