"""Trending: the formula over listings, and the order that it gives to digests, feeds and `notifier trending`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event, select
from support.service import MONDAY, SEEDS, add_listings, add_reader, notifier

from notifier.config import Config
from notifier.digests import items
from notifier.models import Listing
from notifier.papers.trending import Appearance, Votes, score, usual_votes
from notifier.pipeline.planning import plan
from notifier.search.ranking import rank, trending_papers
from notifier.store import papers
from notifier.store.engine import reading
from notifier.store.tables import delivery
from notifier.subscribers.subscribing import SignUp

DAY = MONDAY.date()
A_DAY = timedelta(days=1)
EIGHT = Votes(highest=8, gained=0)

DAYS = st.dates(date(2026, 6, 1), date(2026, 7, 6))
UPVOTES = st.integers(0, 500)
APPEARANCES = st.builds(
    Appearance, DAYS, st.integers(1, 300), st.none() | UPVOTES, st.sampled_from(["page text", "daily papers JSON"])
)
LISTED = st.lists(APPEARANCES, min_size=1, max_size=6)
OTHERS = st.lists(APPEARANCES, max_size=6)


def value(listed: Sequence[Appearance], others: Sequence[Appearance] = (), on: date = DAY) -> float:
    """A paper's score where each of `others` is the listing of a paper of its own."""
    return score(listed, usual_votes([listed, *([each] for each in others)]), on).value


def of_day(upvotes: int | None = None, position: int = 1, day: date = DAY, source: str = "list") -> Appearance:
    return Appearance(day, position, upvotes, source)


def parts(*listed: Appearance, usual: Votes = EIGHT) -> dict[str, float]:
    return asdict(score(listed, {each.listed_on: usual for each in listed}, DAY))


def test_each_part_is_one_where_there_is_nothing_to_say() -> None:
    assert parts(of_day(8)) == {"standing": 0.5, "growth": 1, "recurrence": 1, "freshness": 1}


def test_by_upvotes_a_paper_stands_in_relation_to_its_day() -> None:
    assert [parts(of_day(n))["standing"] for n in (0, 8, 98)] == [1 / 10, 1 / 2, 99 / 108]
    assert value([of_day(20)], [of_day(20), of_day(20)]) == value([of_day(90)], [of_day(90), of_day(90)])


def test_where_upvotes_are_known_the_place_says_nothing() -> None:
    assert parts(of_day(20, position=1)) == parts(of_day(20, position=40))
    assert parts(of_day(20), of_day(None, position=40)) == parts(of_day(20))


def test_a_place_counts_where_no_upvotes_are_known_and_never_more_than_usual_upvotes() -> None:
    standings = [parts(of_day(position=place))["standing"] for place in (1, 3, 7, 63)]
    assert standings == [1 / 2, 1 / 3, 1 / 4, 1 / 7]


def test_usual_are_the_medians_of_a_day() -> None:
    listed = [[of_day(2), of_day(9)], [of_day(4), of_day(5)], [of_day(1)], [of_day()], [of_day(7, day=DAY - A_DAY)]]
    assert usual_votes(listed) == {DAY: Votes(5, 1), DAY - A_DAY: Votes(7, 0)}


def test_where_all_gain_the_same_nobody_grows() -> None:
    assert parts(of_day(10), of_day(30), usual=Votes(8, 20))["growth"] == 1
    assert parts(of_day(10), of_day(30), usual=Votes(8, 30))["growth"] == 1


def test_upvotes_gained_beyond_the_usual_between_the_captures_of_one_list_count_half_more() -> None:
    grown = parts(of_day(10), of_day(30))
    assert grown == {**parts(of_day(30)), "growth": 1 + 20 / 40 / 2}
    assert parts(of_day(30), of_day(10)) == grown
    assert parts(of_day(30), of_day(10, source="other"))["growth"] == 1


def test_captures_of_one_list_on_one_day_are_one_time() -> None:
    assert parts(*[of_day(8)] * 9) == parts(of_day(8))


def test_other_days_and_other_sources_are_times() -> None:
    twice = [of_day(), of_day(day=DAY - A_DAY)]
    assert parts(*twice)["recurrence"] == parts(of_day(), of_day(source="other"))["recurrence"] == 1.5
    assert parts(*twice, *(replace(each, source="other") for each in twice))["recurrence"] == 2


def test_a_score_halves_with_each_week_since_the_newest_listing_day() -> None:
    assert parts(of_day(day=DAY - 7 * A_DAY), of_day(day=DAY - 14 * A_DAY))["freshness"] == 0.5


@pytest.mark.parametrize("day", [date.min, date(2099, 12, 31), date.max])
def test_a_listing_day_that_is_far_off_does_no_harm(day: date) -> None:
    assert 0 <= value([of_day(3, day=day)]) <= 1


@given(LISTED, OTHERS, st.integers(1, 100))
def test_more_upvotes_never_lower_a_paper(listed: list[Appearance], others: list[Appearance], more: int) -> None:
    best = max(listed, key=lambda each: -1 if each.upvotes is None else each.upvotes)
    if best.upvotes is not None:
        raised = [replace(each, upvotes=best.upvotes + more) if each is best else each for each in listed]
        assert value(raised, others) >= value(listed, others) * (1 - 1e-12)


@given(OTHERS, st.integers(0, 100), st.integers(1, 100))
def test_of_two_papers_of_a_day_the_one_with_more_upvotes_stands_higher(
    others: list[Appearance], fewer: int, more: int
) -> None:
    usual = {DAY: Votes(max([each.upvotes or 0 for each in others], default=0), 0)}
    assert score([of_day(fewer + more)], usual, DAY).value > score([of_day(fewer)], usual, DAY).value


@given(LISTED, OTHERS, APPEARANCES)
def test_another_listing_never_lowers_a_paper(
    listed: list[Appearance], others: list[Appearance], another: Appearance
) -> None:
    same_day = [each for each in listed if each.listed_on == another.listed_on]
    tells_first = bool(same_day) and another.upvotes is not None and all(each.upvotes is None for each in same_day)
    if not tells_first:
        assert value([*listed, another], others) >= value(listed, others) * (1 - 1e-12)


@given(LISTED, LISTED, OTHERS, st.dates(DAY, DAY + 400 * A_DAY))
def test_the_order_of_two_papers_is_the_same_on_every_day(
    one: list[Appearance], other: list[Appearance], others: list[Appearance], later: date
) -> None:
    today = value(one, others) / value(other, others)
    assert value(one, others, later) / value(other, others, later) == pytest.approx(today)


@given(LISTED, OTHERS, st.randoms())
def test_the_order_of_the_listings_plays_no_part(
    listed: list[Appearance], others: list[Appearance], chance: object
) -> None:
    shuffled = list(listed)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert value(shuffled, others) == value(listed, others)


def capture(engine: Engine, name: str, upvotes: dict[str, int | None], day: date = DAY, now: datetime = MONDAY) -> None:
    """A list of papers with these titles and upvotes."""
    listings = [Listing(1, title, "A text.", upvotes=number) for title, number in upvotes.items()]
    add_listings(engine, name, day, *listings, now=now)


def titles(engine: Engine, on: date = DAY) -> list[str]:
    return [ranked.paper.title for ranked in trending_papers(engine, on, 100)]


def test_papers_of_one_day_come_by_upvotes_and_ties_by_their_place(engine: Engine) -> None:
    capture(engine, "one", {"The First of Them": 3, "The Second of Them": 9, "The Third of Them": 3, "And Another": 0})
    assert titles(engine) == ["The Second of Them", "The First of Them", "The Third of Them", "And Another"]


@pytest.mark.parametrize("upvotes", [None, 0, 7])
def test_where_all_are_the_same_the_place_decides(engine: Engine, upvotes: int | None) -> None:
    names = [f"The Paper of Number {number}" for number in range(30)]
    capture(engine, "one", dict.fromkeys(names, upvotes))
    assert titles(engine) == names


def test_one_paper_is_a_list_too(engine: Engine) -> None:
    capture(engine, "one", {"The Only Paper There Is": 5})
    (ranked,) = trending_papers(engine, DAY, 10)
    assert ranked.score.value == 0.5


def test_no_papers_are_no_fault(engine: Engine) -> None:
    assert trending_papers(engine, DAY, 10) == []


def test_the_best_of_a_quiet_day_stands_beside_the_best_of_a_busy_one(engine: Engine) -> None:
    capture(engine, "busy", {f"A Paper of a Busy Day, {n}": n for n in (200, 90, 80, 70, 60)})
    capture(engine, "quiet", {f"A Paper of a Quiet Day, {n}": n for n in (20, 9, 8, 7, 6)}, DAY + A_DAY)
    assert [title.rpartition(" ")[2] for title in titles(engine, DAY + A_DAY)[:3]] == ["20", "200", "9"]


def test_sources_mix(engine: Engine) -> None:
    capture(engine, "votes", {"Many Upvotes for This": 90, "The Usual Upvotes Here": 8, "No Upvotes for This": 0})
    capture(engine, "page", {"The First of a Page": None, "The Second of a Page": None, "The Third of a Page": None})
    assert titles(engine) == [
        "Many Upvotes for This",
        "The Usual Upvotes Here",
        "The First of a Page",
        "The Second of a Page",
        "The Third of a Page",
        "No Upvotes for This",
    ]


def test_what_comes_later_does_not_change_an_earlier_day(engine: Engine) -> None:
    capture(engine, "one", {"The First of Them": 3, "The Second of Them": 9})
    before = trending_papers(engine, DAY, 10)
    capture(engine, "two", {"The First of Them": 90, "A Third of Them": 1}, DAY + A_DAY)
    after = trending_papers(engine, DAY, 10)
    assert [each.score for each in after] == [each.score for each in before]
    assert titles(engine, DAY + A_DAY)[0] == "The First of Them"


def test_a_digest_shows_the_papers_in_the_order_of_their_upvotes(engine: Engine) -> None:
    add_reader(engine, SignUp("ann@example.org", topics=("trending",), confirmed=True))
    capture(engine, "early", {f"The Paper of Number {n}": n for n in range(20)}, now=MONDAY)
    capture(engine, "late", {"The Paper of Number 3": 50}, now=MONDAY + timedelta(hours=1))
    plan(engine, Config(), MONDAY.replace(hour=8))
    with reading(engine) as connection:
        sections, _ = items.loads(connection.scalar(select(delivery.c["items"])) or "")
    assert [item.upvotes for item in sections[0].items] == [50, *range(19, 10, -1)]


def test_ranking_asks_the_database_no_more_for_more_papers(engine: Engine) -> None:
    def statements(papers_stored: int) -> int:
        capture(engine, f"{papers_stored}", {f"The Paper of Number {n}": n for n in range(papers_stored)})
        asked: list[str] = []
        with reading(engine) as connection:
            found = [paper for block in papers.in_blocks(connection, 100) for paper in block]
            event.listen(connection, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
            rank(connection, found, DAY)
        return len(asked)

    assert statements(10) == statements(400) == 2


def test_trending_shows_its_parts_as_json(tmp_path: Path) -> None:
    notifier("ingest", *SEEDS, "--now", "2026-07-06T02:00Z", cwd=tmp_path)
    shown = json.loads(notifier("trending", "--json", "--now", "2026-07-06T02:00Z", cwd=tmp_path).stdout)
    assert len(shown) == 10
    for each in shown:
        assert set(each) == {"key", "title", "upvotes", "score", "parts"}
        assert set(each["parts"]) == {"standing", "growth", "recurrence", "freshness"}
        product = 1.0
        for part in each["parts"].values():
            product *= part
        assert each["score"] == pytest.approx(product)
    assert all(better["score"] >= worse["score"] for better, worse in pairwise(shown))
