"""Publishing: the feed files that are made of tagged papers."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path

import feedparser
import pytest
from sqlalchemy import Engine
from support.service import MONDAY, SEEDS, add_listings, ingest_page

from notifier.config import Config, FeedsConfig, MailConfig, TopicConfig, WebConfig
from notifier.models import Listing
from notifier.pipeline.ingesting import ingest
from notifier.pipeline.publishing import publish

STYLESHEET = "feeds.css"
BEES = TopicConfig(title="Bees & Honey", description="What <bees> do.", query="bee OR honey")


def config(folder: Path) -> Config:
    return Config(built_in_topics=False, topics={"bees-honey": BEES}, feeds=FeedsConfig(folder=folder / "feeds"))


def titles(folder: Path, slug: str) -> list[str]:
    document = json.loads((folder / "feeds" / f"{slug}.json").read_text(encoding="utf-8"))
    return [item["title"] for item in document["items"]]


def test_every_topic_has_three_feeds_and_there_are_a_list_and_a_stylesheet(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, ["How Bees Fly at Night", "About Something Else"])
    published = publish(engine, config(tmp_path))
    assert (published.feeds, published.written, published.unchanged) == (3, 11, 0)
    names = {file.name for file in (tmp_path / "feeds").iterdir()}
    slugs = ("all", "trending", "bees-honey")
    assert names == {f"{slug}.{ending}" for slug in slugs for ending in ("rss", "atom", "json")} | {
        "feeds.opml",
        STYLESHEET,
    }
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


def test_an_entry_has_the_titles_of_its_topics(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, ["How Bees Fly at Night", "About Something Else"])
    publish(engine, config(tmp_path))
    (entry,) = feedparser.parse(tmp_path / "feeds" / "bees-honey.atom").entries
    assert [(tag.term, tag.label) for tag in entry.tags] == [("bees-honey", "Bees & Honey")]


def test_a_feed_without_papers_was_updated_when_the_first_of_all_papers_came(engine: Engine, tmp_path: Path) -> None:
    def updated() -> str:
        publish(engine, config(tmp_path))
        return str(feedparser.parse(tmp_path / "feeds" / "bees-honey.atom").feed.updated)

    ingest_page(engine, tmp_path, ["About Something Else", "About Another Thing"])
    assert updated() == MONDAY.isoformat()
    ingest_page(engine, tmp_path, ["A Third Paper without Insects", "A Fourth One"], now=MONDAY + timedelta(days=3))
    assert updated() == MONDAY.isoformat()
    ingest_page(engine, tmp_path, ["How Bees Fly at Night", "Fifth"], now=MONDAY + timedelta(days=4))
    assert updated() == (MONDAY + timedelta(days=4)).isoformat()


def test_with_a_base_url_every_feed_and_the_list_name_web_addresses(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, ["How Bees Fly at Night", "About Something Else"])
    publish(engine, config(tmp_path).model_copy(update={"web": WebConfig(base_url="https://papers.example.org")}))
    listed = (tmp_path / "feeds" / "feeds.opml").read_text(encoding="utf-8")
    assert 'xmlUrl="https://papers.example.org/feeds/bees-honey.atom"' in listed
    assert 'htmlUrl="https://papers.example.org/topics/bees-honey"' in listed
    for ending in ("rss", "atom"):
        found = feedparser.parse(tmp_path / "feeds" / f"bees-honey.{ending}").feed
        assert found.link == "https://papers.example.org/topics/bees-honey"
        assert f"https://papers.example.org/feeds/bees-honey.{ending}" in [link.href for link in found.links]
    written = json.loads((tmp_path / "feeds" / "bees-honey.json").read_text(encoding="utf-8"))
    assert written["feed_url"] == "https://papers.example.org/feeds/bees-honey.json"


@pytest.mark.parametrize(
    ("slug", "page"), [("all", "papers"), ("trending", "papers/trending"), ("bees-honey", "topics/bees-honey")]
)
def test_every_feed_names_the_page_with_its_papers(engine: Engine, tmp_path: Path, slug: str, page: str) -> None:
    ingest_page(engine, tmp_path, ["How Bees Fly at Night", "About Something Else"])
    online = {"web": WebConfig(base_url="https://papers.example.org/daily")}
    publish(engine, config(tmp_path).model_copy(update=online))
    url = f"https://papers.example.org/daily/{page}"
    folder = tmp_path / "feeds"
    assert [feedparser.parse(folder / f"{slug}.{ending}").feed.link for ending in ("rss", "atom")] == [url, url]
    assert json.loads((folder / f"{slug}.json").read_text(encoding="utf-8"))["home_page_url"] == url
    assert f'htmlUrl="{url}"' in (folder / "feeds.opml").read_text(encoding="utf-8")


def test_without_a_base_url_no_file_has_an_address_on_this_machine_or_of_a_mailbox(
    engine: Engine, tmp_path: Path
) -> None:
    listing = Listing(1, "How Bees Fly at Night", "Bees.", url="mailto:ann@example.org", code="file:///srv/code")
    add_listings(engine, "one", date(2026, 7, 1), listing)
    publish(engine, config(tmp_path))
    for file in (tmp_path / "feeds").iterdir():
        assert not re.search(rb"(?i)mailto:|file:|localhost|://127", file.read_bytes()), file.name


def test_the_stylesheet_explains_the_feed_in_light_and_dark_and_fetches_nothing(engine: Engine, tmp_path: Path) -> None:
    publish(engine, config(tmp_path))
    css = (tmp_path / "feeds" / STYLESHEET).read_text(encoding="utf-8")
    assert "This is a feed." in css and "prefers-color-scheme: dark" in css
    assert not re.search(r"url\(|@import|\{\{|\{%", css)
    for name in ("all.rss", "all.atom"):
        assert f'href="{STYLESHEET}"' in (tmp_path / "feeds" / name).read_text(encoding="utf-8")


def test_an_operator_can_replace_the_stylesheet(engine: Engine, tmp_path: Path) -> None:
    own = tmp_path / "templates" / "web" / "feeds.css.j2"
    own.parent.mkdir(parents=True)
    own.write_text("feed { color: green; }\n")
    publish(engine, config(tmp_path).model_copy(update={"mail": MailConfig(templates=tmp_path / "templates")}))
    assert (tmp_path / "feeds" / STYLESHEET).read_text() == "feed { color: green; }\n"
