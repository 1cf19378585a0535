"""How the votes of this service's subscribers change the order of trending papers, on both databases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event, select
from support.service import MONDAY, add_listings, add_subscriber, run_notifier
from support.stored_papers import all_papers
from support.voters import add_voters, set_votes

from notifier.config import Config, FeedsConfig
from notifier.digests import items
from notifier.models import PAGE_TEXT, Listing, ListOrder
from notifier.papers.trending import NO_VOTES, Appearance, DayUpvotes, score, usual_upvotes
from notifier.pipeline.planning import plan
from notifier.pipeline.publishing import publish
from notifier.search import read_trending
from notifier.search.ranking import rank, trending_papers
from notifier.store import dumps, paper_lists, papers, votes
from notifier.store.engine import reading
from notifier.store.paper_lists import Continuation, ListedPaper
from notifier.store.tables import delivery
from notifier.subscribers.leaving import erase
from notifier.subscribers.subscribing import SignUp

DAY = MONDAY.date()
A_DAY = timedelta(days=1)
TITLES = ["The First of Them", "The Second of Them", "The Third of Them", "The Fourth of Them", "The Fifth of Them"]

DAYS = st.dates(date(2026, 6, 1), date(2026, 7, 6))
APPEARANCES = st.builds(
    Appearance, DAYS, st.integers(1, 300), st.none() | st.integers(0, 500), st.sampled_from([PAGE_TEXT, "arXiv RSS"])
)
LISTED = st.lists(APPEARANCES, min_size=1, max_size=6)
VOTES = st.dictionaries(DAYS, st.integers(1, 9), max_size=5)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Engine:
    """Return a store with five papers of one day, with fewer upvotes from one to the next, and with voters."""
    engine: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")
    return with_papers(engine)


@pytest.fixture
def papers_of_a_day(engine: Engine) -> Engine:
    return with_papers(engine)


def with_papers(engine: Engine) -> Engine:
    add_voters(engine)
    listings = [Listing(1, title, "A text.", upvotes=90 - 20 * n) for n, title in enumerate(TITLES)]
    add_listings(engine, "one", DAY, *listings, now=MONDAY)
    return engine


def titles(engine: Engine, on: date = DAY) -> list[str]:
    return [ranked.paper.title for ranked in trending_papers(engine, on, 100)]


def value(listed: Sequence[Appearance], voted: Mapping[date, int] = NO_VOTES, on: date = DAY) -> float:
    return score(listed, usual_upvotes([listed]), on, voted).value


@given(LISTED, DAYS)
def test_without_votes_a_score_is_that_of_the_listings(listed: list[Appearance], on: date) -> None:
    parts = score(listed, usual_upvotes([listed]), on)
    assert parts.votes == 0
    assert parts.value == parts.standing * parts.growth * parts.recurrence * parts.freshness


@given(LISTED, VOTES, DAYS)
def test_each_further_vote_raises_a_score(listed: list[Appearance], voted: dict[date, int], day: date) -> None:
    assert value(listed, {**voted, day: voted.get(day, 0) + 1}) > value(listed, voted)


@given(LISTED, VOTES, LISTED, VOTES, st.dates(DAY, DAY + 400 * A_DAY))
def test_the_order_of_two_papers_is_the_same_on_every_day(
    one: list[Appearance],
    votes_of_one: dict[date, int],
    other: list[Appearance],
    votes_of_other: dict[date, int],
    on: date,
) -> None:
    later = value(one, votes_of_one, on) * value(other, votes_of_other)
    assert later == pytest.approx(value(one, votes_of_one) * value(other, votes_of_other, on))


@given(LISTED, VOTES, st.randoms())
def test_the_order_of_the_votes_does_not_matter(
    listed: list[Appearance], voted: dict[date, int], chance: object
) -> None:
    shuffled = list(voted.items())
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert value(listed, dict(shuffled)) == value(listed, voted)


def test_a_vote_is_worth_five_papers_with_the_usual_upvotes_and_half_as_much_after_a_week() -> None:
    usual = {DAY: DayUpvotes(8, 0)}
    listed = [Appearance(DAY, 1, 8, PAGE_TEXT)]
    assert asdict(score(listed, usual, DAY, {DAY: 3})) == {
        **{"standing": 1, "growth": 1, "recurrence": 1, "freshness": 1},
        "votes": 15,
    }
    assert score(listed, usual, DAY + 7 * A_DAY, {DAY: 1, DAY + 7 * A_DAY: 1}).votes == 5 + 2.5
    assert score(listed, usual, DAY, {DAY + 9 * A_DAY: 1}).votes == 5, "a vote after the day has the age 0"


def test_three_votes_put_a_paper_before_moderate_upvotes_and_one_vote_one_before_announced_papers() -> None:
    usual = {DAY: DayUpvotes(8, 0)}
    moderate = score([Appearance(DAY, 1, 100, PAGE_TEXT)], usual, DAY).value
    announced = [Appearance(DAY, 1, None, "arXiv RSS")]
    assert score([Appearance(DAY, 9, 3, PAGE_TEXT)], usual, DAY, {DAY: 3}).value > moderate
    assert score(announced, usual, DAY, {DAY: 3}).value > moderate
    assert score(announced, usual, DAY, {DAY: 1}).value == 5 and score(announced, usual, DAY).value == 0


def test_votes_order_trending_papers_and_without_them_the_order_is_that_of_before(store: Engine) -> None:
    assert titles(store) == TITLES
    set_votes(store, TITLES[4], 3)
    set_votes(store, TITLES[3], 1)
    assert titles(store) == [TITLES[4], TITLES[3], *TITLES[:3]]
    ranked = trending_papers(store, DAY, 2)
    assert [(each.paper.votes, each.score.votes) for each in ranked] == [(3, 15), (1, 5)]
    for title in TITLES:
        set_votes(store, title, 0)
    assert titles(store) == TITLES


def test_votes_after_a_day_do_not_change_the_order_of_that_day_and_later_ones_count_more(store: Engine) -> None:
    set_votes(store, TITLES[3], 2, DAY + A_DAY)
    set_votes(store, TITLES[4], 1, DAY + 15 * A_DAY)
    assert titles(store) == TITLES
    assert titles(store, DAY + A_DAY) == [TITLES[3], *TITLES[:3], TITLES[4]]
    assert titles(store, DAY + 15 * A_DAY)[:2] == [TITLES[4], TITLES[3]]


def test_an_old_paper_that_somebody_votes_for_is_among_the_trending_papers_of_these_days(store: Engine) -> None:
    old = "A Classic of Long Ago"
    add_listings(store, "old", DAY - 200 * A_DAY, Listing(1, old, "A text."), Listing(2, "Another of Long Ago"))
    with reading(store) as connection:
        assert len(read_trending(connection, DAY).ids) == len(TITLES)
    set_votes(store, old, 2, DAY - 2 * A_DAY)
    set_votes(store, TITLES[4], 2, DAY + A_DAY)
    set_votes(store, "Another of Long Ago", 2, DAY - 40 * A_DAY)
    with reading(store) as connection:
        best = read_trending(connection, DAY + A_DAY).ids
        stored = papers.papers_by_id(connection, best)
    assert [stored[each].title for each in best] == [TITLES[4], old, *TITLES[:4]]


def test_any_change_of_votes_changes_their_state(store: Engine) -> None:
    def state() -> int:
        with reading(store) as connection:
            return votes.state(connection)

    seen = [state()]
    for title, number in ((TITLES[0], 1), (TITLES[1], 1), (TITLES[0], 0), (TITLES[1], 2), (TITLES[1], 0)):
        set_votes(store, title, number)
        seen.append(state())
    assert len(set(seen)) == len(seen) - 1 and seen[0] == seen[-1]
    set_votes(store, TITLES[2], 1)
    before = state()
    erase(store, "voter0@example.org", MONDAY)
    assert state() != before


def test_a_list_of_days_goes_by_votes_first_page_by_page(store: Engine) -> None:
    set_votes(store, TITLES[4], 1)
    set_votes(store, TITLES[2], 3)
    set_votes(store, TITLES[3], 1)
    found: list[ListedPaper] = []
    with reading(store) as connection:
        start, dump_id = None, dumps.newest_id(connection)
        while page := paper_lists.list_between(connection, (DAY, DAY), ListOrder.TRENDING, 2, start):
            found += page
            start = Continuation(dump_id, page[-1])
        stored = papers.papers_by_id(connection, [each.paper_id for each in found])
        newest = paper_lists.list_between(connection, (DAY, DAY), ListOrder.NEWEST, 9)
    assert [each.votes for each in found] == [3, 1, 1, 0, 0]
    shown = [stored[each.paper_id].title for each in found]
    assert shown == [TITLES[2], TITLES[3], TITLES[4], TITLES[0], TITLES[1]]
    assert [stored[each.paper_id].title for each in newest] == TITLES[::-1]


def test_ranking_takes_one_more_statement_if_there_are_votes(papers_of_a_day: Engine) -> None:
    def statements() -> int:
        asked: list[str] = []
        with reading(papers_of_a_day) as connection:
            found = all_papers(connection)
            event.listen(connection, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
            rank(connection, found, DAY)
        return len(asked)

    assert statements() == 2
    for title in TITLES[:3]:
        set_votes(papers_of_a_day, title, 2)
    assert statements() == 3


def test_a_planned_digest_keeps_its_order_and_votes_and_the_next_one_goes_by_new_votes(papers_of_a_day: Engine) -> None:
    add_subscriber(papers_of_a_day, SignUp("ann@example.org", topics=("trending",), confirmed=True))
    add_subscriber(papers_of_a_day, SignUp("bob@example.org", topics=("trending",), hour="09:00", confirmed=True))
    set_votes(papers_of_a_day, TITLES[4], 2)
    plan(papers_of_a_day, Config(), MONDAY.replace(hour=8))
    set_votes(papers_of_a_day, TITLES[3], 4)
    plan(papers_of_a_day, Config(), MONDAY.replace(hour=9))
    with reading(papers_of_a_day) as connection:
        texts = connection.scalars(
            select(delivery.c["items"]).where(delivery.c.state == "PENDING").order_by(delivery.c.id)
        )
        by_digest = [[item.votes for item in items.decode(text)[0][0].items] for text in texts]
    assert by_digest == [[2, 0, 0, 0, 0], [4, 2, 0, 0, 0]]


def test_the_feed_of_trending_papers_is_written_again_after_a_vote(papers_of_a_day: Engine, tmp_path: Path) -> None:
    config = Config(built_in_topics=False, feeds=FeedsConfig(folder=tmp_path))
    chosen = [Listing(1, f"A Paper of Number {n}", "A text.", upvotes=200 + n) for n in range(10)]
    add_listings(papers_of_a_day, "two", DAY, *chosen, now=MONDAY)
    publish(papers_of_a_day, config)
    feed = tmp_path / "trending.atom"
    assert TITLES[4] not in feed.read_text()
    assert publish(papers_of_a_day, config).written == 0
    set_votes(papers_of_a_day, TITLES[4], 1)
    assert publish(papers_of_a_day, config).written == 3
    assert TITLES[4] in feed.read_text()
    set_votes(papers_of_a_day, TITLES[4], 0)
    publish(papers_of_a_day, config)
    assert TITLES[4] not in feed.read_text()


@pytest.mark.slow
def test_the_trending_command_tells_votes_and_upvotes_apart(papers_of_a_day: Engine, tmp_path: Path) -> None:
    set_votes(papers_of_a_day, TITLES[4], 2)
    (tmp_path / "config.toml").write_text(f'[store]\nurl = "{papers_of_a_day.url}"\n', encoding="utf-8")
    said = run_notifier("trending", "--limit", "2", "--now", "2026-07-06T02:00Z", cwd=tmp_path).stdout
    assert [line.split()[:3] for line in said.splitlines()][:2] == [
        ["score", "votes", "upvotes"],
        ["10.231", "2", "10"],
    ]
    shown = json.loads(run_notifier("trending", "--json", "--now", "2026-07-06T02:00Z", cwd=tmp_path).stdout)
    assert [(each["votes"], each["upvotes"], each["parts"]["votes"]) for each in shown[:2]] == [(2, 10, 10), (0, 90, 0)]
