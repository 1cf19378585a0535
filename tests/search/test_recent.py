"""What a query or a topic would have brought in the last 30 days."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.service import MONDAY, add_listings, add_listings_as, ingest_page

from notifier.config import Config
from notifier.models import ListedOnFrom, Listing, Paper, ParsedDump
from notifier.papers.identity import prepare
from notifier.pipeline import tag
from notifier.queries import Query, parse
from notifier.search import RecentPapers, best_of, read_recent
from notifier.store import reading, writing
from notifier.store.ingest import AnnouncePolicy, NewDump, add_dump
from notifier.topics import catalogue_of

TODAY = MONDAY.date()


def recent(engine: Engine, today: date = TODAY) -> RecentPapers:
    with reading(engine) as connection:
        return read_recent(connection, today)


def titles(papers: list[Paper]) -> list[str]:
    return [paper.title for paper in papers]


def listing(title: str, position: int = 1, upvotes: int | None = None) -> Listing:
    return Listing(position=position, title=title, abstract=f"About {title}.", upvotes=upvotes)


def test_papers_of_30_days_are_counted_and_older_ones_are_not(engine: Engine) -> None:
    for days, title in ((0, "Graph Search Today"), (29, "Graph Search Last Month"), (30, "Graph Search Long Ago")):
        day = TODAY - timedelta(days=days)
        add_listings(engine, title, day, listing(title), now=MONDAY - timedelta(days=days + 1))
    found = recent(engine)
    assert titles(found.matching([parse("graph search")], ())) == ["Graph Search Today", "Graph Search Last Month"]
    assert (found.days, round(found.per_week(list(found.papers) * 15))) == (30, 7)


def test_papers_that_came_in_lately_are_found_though_their_listing_is_older(engine: Engine) -> None:
    for days, title in ((0, "Graph Search Today"), (80, "Graph Search of Spring"), (300, "Graph Search of Autumn")):
        add_listings(engine, title, TODAY - timedelta(days=days), listing(title))
    found = recent(engine)
    matching = found.matching([parse("graph search")], ())
    assert titles(matching) == ["Graph Search Today", "Graph Search of Spring", "Graph Search of Autumn"]
    assert titles(found.listed_in_days(matching)) == ["Graph Search Today"]
    assert found.per_week(matching) == found.per_week(matching[:1]) == 7 / 30
    assert list(found.hints("autumn", parse("autumn"))) == []


def test_papers_of_an_archive_count_by_their_listing_day_only(engine: Engine) -> None:
    add_listings_as(engine, AnnouncePolicy(archive=True), "today", listing("Graph Search Today"))
    with writing(engine) as connection:
        dump = ParsedDump("archive", (listing("Graph Search of Spring"),))
        spring = TODAY - timedelta(days=80)
        arrival = NewDump("spring", "spring", dump.format, spring, ListedOnFrom.OPTION, MONDAY)
        add_dump(connection, arrival, prepare(dump, spring, "spring"), AnnouncePolicy(archive=True))
    assert titles(list(recent(engine).papers)) == ["Graph Search Today"]


def test_the_days_end_with_the_newest_listing_day(engine: Engine) -> None:
    add_listings(engine, "old", TODAY - timedelta(days=90), listing("Graph Search of Spring"))
    found = recent(engine)
    assert found.until == TODAY - timedelta(days=90)
    assert titles(list(found.papers)) == ["Graph Search of Spring"]


def test_a_listing_day_that_was_typed_wrong_by_years_hides_no_papers(engine: Engine) -> None:
    add_listings(engine, "today", TODAY, listing("Graph Search Today"))
    add_listings(engine, "typo", TODAY.replace(year=2062), listing("Graph Search of the Far Future"))
    assert titles(list(recent(engine).papers)) == ["Graph Search Today"]


def test_a_store_of_few_days_counts_as_a_week(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, ["Graph Search of the First Day", "Tree Search of the First Day"])
    found = recent(engine)
    assert (found.days, found.per_week(found.papers)) == (1, 2)


def test_a_store_without_papers_matches_nothing_and_gives_no_hints(engine: Engine) -> None:
    found = recent(engine)
    assert found.matching([parse("graph")], {"all"}) == []
    assert list(found.hints("graph", parse("graph"))) == []


def test_a_paper_that_several_wishes_match_counts_once(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, ["Quantization of Large Models", "Graph Search at Scale", "A Different Paper"])
    tag(engine, catalogue_of(Config()))
    found = recent(engine)
    wanted: list[Query] = [parse("quantization"), parse("large models"), parse("graph")]
    assert titles(found.matching(wanted, {"quantization"})) == ["Quantization of Large Models", "Graph Search at Scale"]
    assert titles(found.matching([], {"quantization"})) == ["Quantization of Large Models"]
    assert len(found.matching([], {"all"})) == 3
    assert found.per_week_by_topic()["quantization"] == 1


def test_the_best_papers_come_first(engine: Engine) -> None:
    add_listings(
        engine, "day", TODAY, listing("Few Votes", 1, 2), listing("Many Votes", 2, 200), listing("Some", 3, 20)
    )
    found = recent(engine)
    with reading(engine) as connection:
        assert titles(best_of(connection, found.papers, TODAY, 2))[0] == "Many Votes"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("graph or trees", "“or” is a word like any other"),
        ("graph And trees", "“And” is a word like any other"),
        ("graph not trees", "“not” is a word like any other"),
        ("graphh", "has the word “graphh”; did you mean graph?"),
    ],
)
def test_a_likely_mistake_gets_a_hint(engine: Engine, tmp_path: Path, text: str, hint: str) -> None:
    ingest_page(engine, tmp_path, ["Graph Search at Scale", "Other Things Entirely"])
    assert any(hint in each for each in recent(engine).hints(text, parse(text)))
