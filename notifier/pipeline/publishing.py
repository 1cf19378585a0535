"""Step 3: every topic's feeds, written where their bytes changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from sqlalchemy import Connection, Engine

from notifier import feeds
from notifier.config import Config
from notifier.feeds import Entry, Feed, Publisher
from notifier.feeds.feed import MOST
from notifier.files import remove_stale, write_if_changed
from notifier.models import Paper
from notifier.pipeline.planning import TRENDING_PAPERS
from notifier.pipeline.tagging import tag
from notifier.search import rank
from notifier.store import papers, reading
from notifier.topics import ALL, TRENDING, Catalogue, catalogue_of


@dataclass(frozen=True, slots=True)
class PublishReport:
    """How many files there are (three for each feed, and the list of feeds), and how many of them were written."""

    feeds: int
    written: int
    unchanged: int


def publish(engine: Engine, config: Config) -> PublishReport:
    """Bring the feeds folder up to date."""
    catalogue = catalogue_of(config)
    tag(engine, catalogue)
    with reading(engine) as connection:
        found = list(_feeds(connection, catalogue))
    publisher = Publisher(config.mail.brand, config.mail.address)
    files = {f"{feed.slug}.{ending}": make(feed, publisher) for feed in found for ending, make in feeds.FORMATS.items()}
    folder = config.path(config.feeds.folder)
    files["feeds.opml"] = feeds.opml(found, publisher, folder.resolve().as_uri())
    remove_stale(folder, {feed.slug for feed in found}, tuple(feeds.FORMATS))
    written = sum(write_if_changed(folder / name, content) for name, content in files.items())
    return PublishReport(feeds=len(found), written=written, unchanged=len(files) - written)


def _feeds(connection: Connection, catalogue: Catalogue) -> Iterator[Feed]:
    slugs: tuple[str | None, ...] = (None, *catalogue.topics)
    shown = {slug: papers.newest(connection, slug, MOST) for slug in slugs}
    entries = _entries(connection, set().union(*shown.values()))
    everything, *by_topic = ([entries[paper_id] for paper_id in shown[slug]] for slug in slugs)
    yield Feed(ALL, "All papers", "Every paper as it comes in.", feeds.newest(everything))
    best = feeds.newest(_best_of_each_day(connection, everything))
    yield Feed(TRENDING, "Trending", f"The {TRENDING_PAPERS} best papers of each day.", best)
    for (slug, topic), found in zip(catalogue.topics.items(), by_topic, strict=True):
        yield Feed(slug, topic.title, topic.description, feeds.newest(found))


def _entries(connection: Connection, ids: set[int]) -> dict[int, Entry]:
    """The entries of papers by id: a paper is read once, whichever feeds show it."""
    guids = papers.guids(connection, ids)
    return {paper_id: Entry(paper, guids[paper_id]) for paper_id, paper in papers.papers_by_id(connection, ids).items()}


def _best_of_each_day(connection: Connection, entries: list[Entry]) -> Iterator[Entry]:
    """The best of the papers that were first seen on the same day, in UTC."""
    by_id = {entry.paper.id: entry for entry in entries}
    for day, together in groupby((entry.paper for entry in entries), key=_day):
        for ranked in rank(connection, list(together), day)[:TRENDING_PAPERS]:
            yield by_id[ranked.paper.id]


def _day(paper: Paper) -> date:
    return paper.first_seen.date()
