"""Publishing: the feed files that are made of tagged papers."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import feedparser
from sqlalchemy import Engine
from support.service import MONDAY, SEEDS, add_listings, ingest_page

from notifier.config import Config, FeedsConfig, TopicConfig
from notifier.models import Listing
from notifier.pipeline.ingesting import ingest
from notifier.pipeline.publishing import publish

BEES = TopicConfig(title="Bees & Honey", description="What <bees> do.", query="bee OR honey")


def config(folder: Path) -> Config:
    return Config(built_in_topics=False, topics={"bees-honey": BEES}, feeds=FeedsConfig(folder=folder / "feeds"))


def titles(folder: Path, slug: str) -> list[str]:
    document = json.loads((folder / "feeds" / f"{slug}.json").read_text(encoding="utf-8"))
    return [item["title"] for item in document["items"]]


def test_every_topic_has_three_feeds_and_there_is_a_list_of_all(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, ["How Bees Fly at Night", "About Something Else"])
    published = publish(engine, config(tmp_path))
    assert (published.feeds, published.written, published.unchanged) == (3, 10, 0)
    names = {file.name for file in (tmp_path / "feeds").iterdir()}
    slugs = ("all", "trending", "bees-honey")
    assert names == {f"{slug}.{ending}" for slug in slugs for ending in ("rss", "atom", "json")} | {"feeds.opml"}
    assert titles(tmp_path, "bees-honey") == ["How Bees Fly at Night"]
    for ending in ("rss", "atom"):
        parsed = feedparser.parse(tmp_path / "feeds" / f"bees-honey.{ending}")
        assert not parsed.bozo
        assert [entry.title for entry in parsed.entries] == ["How Bees Fly at Night"]


def test_publishing_again_writes_nothing_until_a_paper_comes(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, ["How Bees Fly at Night", "About Something Else"])
    publish(engine, config(tmp_path))
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "feeds").iterdir()}
    assert publish(engine, config(tmp_path)).written == 0
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "feeds").iterdir()} == before
    ingest_page(engine, tmp_path, ["A Third Paper without Insects", "A Fourth One of That Kind"])
    assert publish(engine, config(tmp_path)).written == 6, (
        "the feeds `all` and `trending` have changed, and `bees-honey` has not"
    )


def test_a_paper_has_the_same_id_in_every_feed_and_keeps_it_when_its_arxiv_id_becomes_known(
    engine: Engine, tmp_path: Path
) -> None:
    def ids() -> set[str]:
        files = [tmp_path / "feeds" / f"{slug}.atom" for slug in ("all", "bees-honey", "trending")]
        return {entry.id for file in files for entry in feedparser.parse(file).entries}

    add_listings(engine, "one", date(2026, 7, 1), Listing(1, "How Bees Fly at Night"))
    publish(engine, config(tmp_path))
    before = ids()
    assert len(before) == 1
    add_listings(engine, "two", date(2026, 7, 2), Listing(1, "How bees fly at night", arxiv_id="2607.00001"))
    publish(engine, config(tmp_path))
    assert ids() == before


def test_trending_holds_the_ten_best_of_each_day(engine: Engine, tmp_path: Path) -> None:
    for day in range(2):
        names = [f"Paper Number {number} of Day {day}" for number in range(15)]
        ingest_page(engine, tmp_path, names, now=MONDAY + timedelta(days=day))
    publish(engine, config(tmp_path))
    assert sorted(titles(tmp_path, "trending")) == sorted(
        f"Paper Number {number} of Day {day}" for day in range(2) for number in range(10)
    )


def test_the_feed_of_all_papers_of_the_seeds_has_the_newest_first(engine: Engine, tmp_path: Path) -> None:
    for days, seed in enumerate(SEEDS):
        ingest(engine, seed, None, MONDAY + timedelta(days=7 * days))
    publish(engine, config(tmp_path))
    shown = titles(tmp_path, "all")
    assert shown[0] == "Momentum Decoding: Open-ended Text Generation As Graph Exploration"
    assert len(shown) == 76, "the feed shows the newest 50 papers, and all papers of the 48 hours before the newest"


def test_the_feed_files_of_a_removed_topic_are_deleted_and_other_files_stay(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, ["How Bees Fly at Night", "About Something Else"])
    publish(engine, config(tmp_path))
    (tmp_path / "feeds" / "notes.json").write_text("{}")
    publish(engine, Config(built_in_topics=False, feeds=FeedsConfig(folder=tmp_path / "feeds")))
    names = {file.name for file in (tmp_path / "feeds").iterdir()}
    assert not any(name.startswith("bees-honey") for name in names)
    assert {"all.rss", "notes.json"} <= names


def test_publishing_leaves_no_temporary_files(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, ["How Bees Fly at Night", "About Something Else"])
    publish(engine, config(tmp_path))
    assert not [file for file in (tmp_path / "feeds").iterdir() if file.name.startswith(".")]
