"""Trending ranks papers that somebody chose before papers that were only announced, and compares days by upvotes."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from support.service import MONDAY, run_notifier

from benchmarks.best_of_week import shared, weeks_of
from notifier.config import Config, FeedsConfig
from notifier.models import DAILY_PAPERS, PAGE_TEXT, RANKED_FORMATS, ListedOnFrom, Listing, ParsedDump
from notifier.papers.identity import prepare
from notifier.papers.trending import Appearance, score, usual_upvotes
from notifier.pipeline.publishing import publish
from notifier.search import best_of, read_recent, trending_papers
from notifier.sources import FORMATS
from notifier.store.engine import reading, writing
from notifier.store.ingest import NewDump, add_dump

DAY = MONDAY.date()
A_DAY = timedelta(days=1)
UNRANKED = ["arXiv RSS", "arXiv Atom", "arXiv API", "OAI-PMH", "RSS or Atom", "JSON lines"]

LISTED = st.builds(
    Appearance, st.dates(DAY, DAY + 90 * A_DAY), st.integers(1, 300), st.none(), st.sampled_from(UNRANKED)
)
CHOSEN = st.builds(
    Appearance, st.dates(DAY, DAY + 90 * A_DAY), st.integers(1, 300), st.integers(0, 99), st.just(DAILY_PAPERS)
)


def add(engine: Engine, dump_format: str, day: date, upvotes: dict[str, int | None]) -> None:
    """Store a dump of this format that lists the papers with these arXiv ids and upvotes, in this order."""
    listings = [
        Listing(place, f"The Paper {key}", "A text.", arxiv_id=key, upvotes=number)
        for place, (key, number) in enumerate(upvotes.items(), 1)
    ]
    dump = ParsedDump(dump_format, tuple(listings))
    name = f"{dump_format} {day} {sorted(upvotes)}"
    with writing(engine) as connection:
        arrival = NewDump(name, name, dump_format, day, ListedOnFrom.OPTION, MONDAY)
        add_dump(connection, arrival, prepare(dump, day, name))


def keys(engine: Engine, on: date, limit: int = 10) -> list[str]:
    return [ranked.paper.key for ranked in trending_papers(engine, on, limit)]


def ids(count: int, first: int = 1) -> list[str]:
    return [f"2607.{number:05d}" for number in range(first, first + count)]


def test_the_ranked_formats_are_formats() -> None:
    names = {each.name for each in FORMATS}
    assert names >= RANKED_FORMATS
    assert len(names - RANKED_FORMATS) == len(FORMATS) - 2


@pytest.mark.parametrize("dump_format", UNRANKED)
def test_the_order_of_an_unranked_dump_gives_nothing(engine: Engine, dump_format: str) -> None:
    shuffled = random.Random(1).sample(ids(30), 30)
    add(engine, dump_format, DAY, dict.fromkeys(shuffled))
    assert {each.score.value for each in trending_papers(engine, DAY, 30)} == {0}
    assert keys(engine, DAY, 30) == ids(30)[::-1], "the newest arXiv ids come first"


@pytest.mark.parametrize("dump_format", [PAGE_TEXT, DAILY_PAPERS])
def test_the_order_of_a_ranked_dump_counts(engine: Engine, dump_format: str) -> None:
    shuffled = random.Random(1).sample(ids(30), 30)
    add(engine, dump_format, DAY, dict.fromkeys(shuffled))
    assert keys(engine, DAY, 30) == shuffled


@pytest.mark.parametrize("dump_format", UNRANKED)
@pytest.mark.parametrize("upvotes", [None, 7])
def test_papers_that_are_announced_again_gain_nothing(dump_format: str, upvotes: int | None) -> None:
    daily = [Appearance(DAY + day * A_DAY, 1, upvotes, dump_format) for day in range(5)]
    usual = usual_upvotes([daily])
    assert score(daily, usual, DAY + 4 * A_DAY) == score(daily[-1:], usual, DAY + 4 * A_DAY)


def test_a_chosen_paper_becomes_no_newer_when_it_is_announced_again() -> None:
    chosen = Appearance(DAY, 3, 20, DAILY_PAPERS)
    announced = [Appearance(DAY + day * A_DAY, 1, None, "arXiv RSS") for day in (-1, 0, 5)]
    usual = usual_upvotes([[chosen]])
    assert score([chosen, *announced], usual, DAY + 5 * A_DAY) == score([chosen], usual, DAY + 5 * A_DAY)


@given(st.lists(LISTED, min_size=1, max_size=9), st.lists(CHOSEN, min_size=1, max_size=3))
def test_a_paper_that_was_only_announced_is_never_before_one_that_was_chosen(
    announced: Sequence[Appearance], chosen: Sequence[Appearance]
) -> None:
    usual, today = usual_upvotes([chosen]), DAY + 90 * A_DAY
    assert score(announced, usual, today).value == 0 < score(chosen, usual, today).value


def test_a_week_of_arxiv_files_does_not_make_their_first_category_trending(engine: Engine) -> None:
    for day in range(5):
        of_day = ids(60, first=1 + 60 * day)
        game_theory, others = of_day[::6], [key for key in of_day if key not in of_day[::6]]
        add(engine, "JSON lines", DAY + day * A_DAY, dict.fromkeys([*game_theory, *others]))
    assert keys(engine, DAY + 4 * A_DAY) == ids(10, first=291)[::-1]
    add(engine, DAILY_PAPERS, DAY, dict(zip(ids(3, first=7), (0, 40, 12), strict=True)))
    assert keys(engine, DAY + 4 * A_DAY)[:4] == ["2607.00008", "2607.00009", "2607.00007", "2607.00300"]


def test_the_best_of_a_week_stays_before_papers_of_few_upvotes_on_the_days_after_it(engine: Engine) -> None:
    add(engine, DAILY_PAPERS, DAY, dict(zip(ids(5), (62, 9, 5, 5, 3), strict=True)))
    add(engine, DAILY_PAPERS, DAY + 2 * A_DAY, dict(zip(ids(5, first=11), (17, 8, 5, 4, 3), strict=True)))
    assert keys(engine, DAY + 2 * A_DAY)[:2] == ["2607.00001", "2607.00011"]


def some_weeks(count: int) -> list[list[list[int]]]:
    """Return weeks of five days, each with the upvotes of its papers, which are as skewed as real ones."""
    chance = random.Random(20260706)
    return [
        [[int(chance.lognormvariate(1.8, 1.2)) for _ in range(chance.randint(8, 26))] for _ in range(5)]
        for _ in range(count)
    ]


def best_on(days: Sequence[Sequence[int]], dates: Sequence[date]) -> list[tuple[int, int]]:
    """Return the day and place of the ten best papers on the last of these days."""
    papers = {
        (number, place): [Appearance(day, place + 1, upvotes, DAILY_PAPERS)]
        for number, (day, of_day) in enumerate(zip(dates, days, strict=True))
        for place, upvotes in enumerate(sorted(of_day, reverse=True))
    }
    usual = usual_upvotes(papers.values())
    return sorted(papers, key=lambda paper: -score(papers[paper], usual, dates[-1]).value)[:10]


def test_on_fridays_the_ten_best_are_mostly_those_with_the_most_upvotes_of_the_week() -> None:
    found = []
    for days in some_weeks(20):
        upvotes = {
            (number, place): each for number, day in enumerate(days) for place, each in enumerate(sorted(day)[::-1])
        }
        most = sorted(upvotes, key=lambda paper: -upvotes[paper])[:10]
        found.append(len({*most}.intersection(best_on(days, [DAY + number * A_DAY for number in range(5)]))))
    assert mean(found) >= 8


@pytest.mark.slow
def test_on_most_days_a_paper_of_the_day_is_among_the_ten_best_of_all_time() -> None:
    weeks = some_weeks(12)
    days = [day for week in weeks for day in week]
    dates = [DAY + week * 7 * A_DAY + day * A_DAY for week in range(len(weeks)) for day in range(5)]
    of_the_day = [
        sum(day == last for day, _ in best_on(days[: last + 1], dates[: last + 1])) for last in range(10, len(days))
    ]
    assert mean(count > 0 for count in of_the_day) >= 0.8
    assert mean(of_the_day) >= 1.5


@pytest.mark.slow
def test_a_large_announcement_hides_no_chosen_papers_from_the_first_page_and_the_feed(
    engine: Engine, tmp_path: Path
) -> None:
    add(engine, "arXiv API", DAY, dict.fromkeys(ids(1_200)))
    add(engine, DAILY_PAPERS, DAY, dict(zip(ids(3, first=5_001), (2, 30, 9), strict=True)))
    best = ["2607.05002", "2607.05003", "2607.05001"]
    with reading(engine) as connection:
        recent = read_recent(connection, DAY)
        assert [paper.key for paper in best_of(connection, recent.papers, DAY, 3)] == best
    publish(engine, Config(built_in_topics=False, feeds=FeedsConfig(folder=tmp_path)))
    items = json.loads((tmp_path / "trending.json").read_text(encoding="utf-8"))["items"]
    assert {f"The Paper {key}" for key in best} <= {item["title"] for item in items}
    assert len(items) == 10


@pytest.mark.slow
def test_trending_shows_a_stable_order_of_real_arxiv_lines_whatever_the_order_of_the_file(tmp_path: Path) -> None:
    lines = [json.dumps({"id": key, "title": f"The Paper {key}", "summary": "A text."}) for key in ids(20)]
    shown = []
    for number, order in enumerate((lines, lines[::-1])):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "2026-07-06.jsonl").write_text("\n".join(order), encoding="utf-8")
        run_notifier("ingest", "2026-07-06.jsonl", "--now", "2026-07-06T02:00Z", cwd=folder)
        shown.append(run_notifier("trending", "--json", "--now", "2026-07-06T02:00Z", cwd=folder).stdout)
    assert shown[0] == shown[1]
    assert [each["key"] for each in json.loads(shown[0])] == ids(20)[:9:-1]


@pytest.mark.slow
def test_the_ten_best_of_real_weeks_are_mostly_those_with_the_most_upvotes() -> None:
    folder = os.environ.get("NOTIFIER_REAL_DATA")
    if not folder:
        pytest.skip("NOTIFIER_REAL_DATA does not name the folder of real dumps")
    counts = [shared(week) for week in weeks_of(Path(folder) / "hf_daily")]
    assert mean(counts) >= 8
    assert min(counts) >= 6
