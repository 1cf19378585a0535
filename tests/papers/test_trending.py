"""The trending score, and the order that it gives to papers in digests and in `notifier trending`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import prod
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event, select
from support.service import MONDAY, SEEDS, add_listings, add_subscriber, run_notifier
from support.stored_papers import all_papers

from notifier.config import Config
from notifier.digests import items
from notifier.models import DAILY_PAPERS, PAGE_TEXT, Listing
from notifier.papers.trending import Appearance, DayUpvotes, score, usual_upvotes
from notifier.pipeline.planning import plan
from notifier.search.ranking import rank, trending_papers
from notifier.store.engine import reading
from notifier.store.tables import delivery
from notifier.subscribers.subscribing import SignUp

DAY = MONDAY.date()
A_DAY = timedelta(days=1)
EIGHT = DayUpvotes(highest=8, gained=0)

DAYS = st.dates(date(2026, 6, 1), date(2026, 7, 6))
UPVOTES = st.integers(0, 500)
SOURCES = st.sampled_from([PAGE_TEXT, DAILY_PAPERS, "arXiv RSS"])
APPEARANCES = st.builds(Appearance, DAYS, st.integers(1, 300), st.none() | UPVOTES, SOURCES)
LISTED = st.lists(APPEARANCES, min_size=1, max_size=6)
OTHERS = st.lists(APPEARANCES, max_size=6)


def score_value(listed: Sequence[Appearance], others: Sequence[Appearance] = (), on: date = DAY) -> float:
    """Return the score of a paper; each of `others` is the only listing of another paper."""
    return score(listed, usual_upvotes([listed, *([each] for each in others)]), on).value


def appearance(
    upvotes: int | None = None, position: int = 1, day: date = DAY, dump_format: str = PAGE_TEXT
) -> Appearance:
    return Appearance(day, position, upvotes, dump_format)


def score_parts(*listed: Appearance, usual: DayUpvotes = EIGHT) -> dict[str, float]:
    return asdict(score(listed, {each.listed_on: usual for each in listed}, DAY))


def test_usual_upvotes_on_one_recent_day_make_every_part_one() -> None:
    assert score_parts(appearance(8)) == {
        **{"standing": 1, "growth": 1, "recurrence": 1, "freshness": 1},
        "votes": 0,
    }


def test_the_standing_compares_upvotes_with_the_usual_upvotes_of_the_day() -> None:
    assert [score_parts(appearance(n))["standing"] for n in (0, 8, 98)] == [2 / 10, 1, 100 / 10]
    assert score_value([appearance(20)], [appearance(20), appearance(20)]) == score_value(
        [appearance(90)], [appearance(90), appearance(90)]
    )


def test_the_position_does_not_count_if_upvotes_are_known() -> None:
    assert score_parts(appearance(20, position=1)) == score_parts(appearance(20, position=40))
    assert score_parts(appearance(20), appearance(None, position=40)) == score_parts(appearance(20))


def test_without_upvotes_the_position_counts_at_most_as_much_as_usual_upvotes() -> None:
    standings = [score_parts(appearance(position=position))["standing"] for position in (1, 3, 7, 63)]
    assert standings == [1, 2 / 3, 1 / 2, 2 / 7]


def test_usual_upvotes_are_the_median_of_the_week_within_the_middle_half_of_the_day() -> None:
    a_week = [[appearance(upvotes, day=DAY - 6 * A_DAY)] for upvotes in range(101)]
    older = [[appearance(500, day=DAY - 7 * A_DAY)]] * 300

    def usual(*upvotes: int) -> float:
        return usual_upvotes([*([appearance(each)] for each in upvotes), *a_week, *older])[DAY].highest

    assert [usual(40, 45, 55, 60), usual(50)] == [50, 50]
    assert [usual(0, 2, 4, 6, 60), usual(40, 80, 90, 95, 99), usual(7)] == [6, 80, 7]


def test_the_usual_gain_is_the_median_of_a_day() -> None:
    listed = [
        [appearance(2), appearance(9)],
        [appearance(4), appearance(5)],
        [appearance(1)],
        [appearance()],
        [appearance(7, day=DAY - A_DAY)],
    ]
    assert {day: usual.gained for day, usual in usual_upvotes(listed).items()} == {DAY: 1, DAY - A_DAY: 0}


def test_a_gain_that_is_not_above_the_usual_gain_is_no_growth() -> None:
    assert score_parts(appearance(10), appearance(30), usual=DayUpvotes(8, 20))["growth"] == 1
    assert score_parts(appearance(10), appearance(30), usual=DayUpvotes(8, 30))["growth"] == 1


def test_a_gain_above_the_usual_gain_between_captures_of_one_source_is_growth() -> None:
    grown = score_parts(appearance(10), appearance(30))
    assert grown == {**score_parts(appearance(30)), "growth": 1 + 20 / 40 / 2}
    assert score_parts(appearance(30), appearance(10)) == grown
    assert score_parts(appearance(30), appearance(10, dump_format=DAILY_PAPERS))["growth"] == 1


def test_all_captures_by_one_source_on_one_day_count_as_one() -> None:
    assert score_parts(*[appearance(8)] * 9) == score_parts(appearance(8))


def test_each_pair_of_day_and_format_counts_once() -> None:
    twice = [appearance(), appearance(day=DAY - A_DAY)]
    assert (
        score_parts(*twice)["recurrence"]
        == score_parts(appearance(), appearance(dump_format=DAILY_PAPERS))["recurrence"]
        == 1.5
    )
    assert score_parts(*twice, *(replace(each, dump_format=DAILY_PAPERS) for each in twice))["recurrence"] == 2


def test_a_score_halves_with_each_week_since_the_newest_listing_day() -> None:
    assert score_parts(appearance(day=DAY - 7 * A_DAY), appearance(day=DAY - 14 * A_DAY))["freshness"] == 0.5


@pytest.mark.parametrize("day", [date.min, date(2099, 12, 31), date.max])
def test_any_listing_day_gives_a_valid_score(day: date) -> None:
    assert 0 <= score_value([appearance(3, day=day)]) <= 1
    assert score_value([appearance(3, day=day)], on=day) == 1


@given(LISTED, OTHERS, st.integers(1, 100))
def test_more_upvotes_never_lower_a_score(listed: list[Appearance], others: list[Appearance], more: int) -> None:
    best = max(listed, key=lambda each: -1 if each.upvotes is None else each.upvotes)
    if best.upvotes is not None:
        raised = [replace(each, upvotes=best.upvotes + more) if each is best else each for each in listed]
        assert score_value(raised, others) >= score_value(listed, others) * (1 - 1e-12)


@given(OTHERS, st.integers(0, 100), st.integers(1, 100))
def test_the_paper_with_more_upvotes_has_the_higher_score_of_two_papers_of_a_day(
    others: list[Appearance], fewer: int, more: int
) -> None:
    usual = {DAY: DayUpvotes(max([each.upvotes or 0 for each in others], default=0), 0)}
    assert score([appearance(fewer + more)], usual, DAY).value > score([appearance(fewer)], usual, DAY).value


@given(LISTED, OTHERS, APPEARANCES)
def test_another_listing_never_lowers_a_score_unless_it_gives_the_first_upvotes_of_its_day(
    listed: list[Appearance], others: list[Appearance], another: Appearance
) -> None:
    same_day = [each for each in listed if each.listed_on == another.listed_on]
    gives_first_upvotes = (
        bool(same_day) and another.upvotes is not None and all(each.upvotes is None for each in same_day)
    )
    if not gives_first_upvotes:
        assert score_value([*listed, another], others) >= score_value(listed, others) * (1 - 1e-12)


@given(LISTED, LISTED, OTHERS, st.dates(DAY, DAY + 400 * A_DAY))
def test_the_order_of_two_papers_is_the_same_on_every_day(
    one: list[Appearance], other: list[Appearance], others: list[Appearance], later: date
) -> None:
    today = score_value(one, others) * score_value(other, others, later)
    assert score_value(one, others, later) * score_value(other, others) == pytest.approx(today)


@given(LISTED, OTHERS, st.randoms())
def test_the_order_of_the_listings_does_not_matter(
    listed: list[Appearance], others: list[Appearance], chance: object
) -> None:
    shuffled = list(listed)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert score_value(shuffled, others) == score_value(listed, others)


def capture(engine: Engine, name: str, upvotes: dict[str, int | None], day: date = DAY, now: datetime = MONDAY) -> None:
    """Store a dump that lists papers with these titles and upvotes, in this order."""
    listings = [Listing(1, title, "A text.", upvotes=number) for title, number in upvotes.items()]
    add_listings(engine, name, day, *listings, now=now)


def titles(engine: Engine, on: date = DAY) -> list[str]:
    return [ranked.paper.title for ranked in trending_papers(engine, on, 100)]


def test_papers_of_one_day_are_ordered_by_upvotes_and_then_by_position(engine: Engine) -> None:
    capture(engine, "one", {"The First of Them": 3, "The Second of Them": 9, "The Third of Them": 3, "And Another": 0})
    assert titles(engine) == ["The Second of Them", "The First of Them", "The Third of Them", "And Another"]


@pytest.mark.parametrize("upvotes", [None, 0, 7])
def test_papers_with_equal_upvotes_are_ordered_by_position(engine: Engine, upvotes: int | None) -> None:
    in_order = [f"The Paper of Number {number}" for number in range(30)]
    capture(engine, "one", dict.fromkeys(in_order, upvotes))
    assert titles(engine) == in_order


def test_a_single_paper_can_be_ranked(engine: Engine) -> None:
    capture(engine, "one", {"The Only Paper There Is": 5})
    (ranked,) = trending_papers(engine, DAY, 10)
    assert ranked.score.value == 1


def test_an_empty_store_has_no_trending_papers(engine: Engine) -> None:
    assert trending_papers(engine, DAY, 10) == []


def test_the_best_paper_of_a_quiet_day_ranks_with_the_best_of_a_busy_day(engine: Engine) -> None:
    capture(engine, "busy", {f"A Paper of a Busy Day, {n}": n for n in (200, 90, 80, 70, 60)})
    capture(engine, "quiet", {f"A Paper of a Quiet Day, {n}": n for n in (20, 9, 8, 7, 6)}, DAY + A_DAY)
    assert [title.rpartition(" ")[2] for title in titles(engine, DAY + A_DAY)[:4]] == ["200", "20", "90", "9"]


def test_papers_with_and_without_known_upvotes_are_ranked_together(engine: Engine) -> None:
    capture(engine, "votes", {"Many Upvotes for This": 90, "The Usual Upvotes Here": 8, "No Upvotes for This": 0})
    capture(engine, "page", {"The First of a Page": None, "The Second of a Page": None, "The Third of a Page": None})
    assert titles(engine) == [
        "Many Upvotes for This",
        "The First of a Page",
        "The Usual Upvotes Here",
        "The Second of a Page",
        "The Third of a Page",
        "No Upvotes for This",
    ]


def test_a_later_listing_does_not_change_the_ranking_of_an_earlier_day(engine: Engine) -> None:
    capture(engine, "one", {"The First of Them": 3, "The Second of Them": 9})
    before = trending_papers(engine, DAY, 10)
    capture(engine, "two", {"The First of Them": 90, "A Third of Them": 1}, DAY + A_DAY)
    after = trending_papers(engine, DAY, 10)
    assert [each.score for each in after] == [each.score for each in before]
    assert titles(engine, DAY + A_DAY)[0] == "The First of Them"


def test_a_digest_shows_the_papers_in_the_order_of_their_upvotes(engine: Engine) -> None:
    add_subscriber(engine, SignUp("ann@example.org", topics=("trending",), confirmed=True))
    capture(engine, "early", {f"The Paper of Number {n}": n for n in range(20)}, now=MONDAY)
    capture(engine, "late", {"The Paper of Number 3": 50}, now=MONDAY + timedelta(hours=1))
    plan(engine, Config(), MONDAY.replace(hour=8))
    with reading(engine) as connection:
        sections, _ = items.decode(connection.scalar(select(delivery.c["items"])) or "")
    assert [item.upvotes for item in sections[0].items] == [50, *range(19, 10, -1)]


def test_ranking_takes_the_same_number_of_statements_for_any_number_of_papers(engine: Engine) -> None:
    def statements(papers_stored: int) -> int:
        capture(engine, f"{papers_stored}", {f"The Paper of Number {n}": n for n in range(papers_stored)})
        asked: list[str] = []
        with reading(engine) as connection:
            found = all_papers(connection)
            event.listen(connection, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
            rank(connection, found, DAY)
        return len(asked)

    assert statements(10) == statements(400) == 2


@pytest.mark.slow
def test_the_trending_command_prints_the_parts_of_each_score_as_json(tmp_path: Path) -> None:
    run_notifier("ingest", *SEEDS, "--now", "2026-07-06T02:00Z", cwd=tmp_path)
    shown = json.loads(run_notifier("trending", "--json", "--now", "2026-07-06T02:00Z", cwd=tmp_path).stdout)
    assert len(shown) == 10
    for each in shown:
        assert set(each) == {"key", "title", "votes", "upvotes", "score", "parts"}
        assert set(each["parts"]) == {"votes", "standing", "growth", "recurrence", "freshness"}
        of_votes = each["parts"].pop("votes")
        assert each["score"] == pytest.approx(of_votes + prod(each["parts"].values())) and of_votes == 0
    assert all(better["score"] >= worse["score"] for better, worse in pairwise(shown))
