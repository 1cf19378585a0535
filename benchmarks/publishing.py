"""Part `publishing`: the feeds of 100 topics at first, unchanged, and after one new paper, in CPU time."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Engine

from benchmarks.digests import TOPICAL, papers_of_a_day, vocabulary
from benchmarks.measuring import print_figures, rounds
from notifier.config import Config, FeedsConfig, TopicConfig
from notifier.models import ListedOnFrom, Listing, ParsedDump
from notifier.papers.identity import prepare
from notifier.pipeline import publish
from notifier.store import open_store, writing
from notifier.store.ingest import NewDump, add_dump

TOPICS = 100
NOW = datetime(2026, 7, 6, tzinfo=UTC)
DAY = date(2026, 7, 6)


def run() -> None:
    """Print the figures of all rounds."""
    print_figures(f"publishing: {TOPICS} topics, CPU milliseconds and files written", rounds("benchmarks.publishing"))


def one_round() -> dict[str, float]:
    """What each of three runs in one process costs and writes."""
    topical = vocabulary()[TOPICAL][:TOPICS]
    listings = [Listing(0, paper.title, paper.abstract) for paper in papers_of_a_day().values()]
    new = Listing(1, f"An Unheard-of Paper on {topical[0]}", f"We speak of {topical[1]}.")
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        topics = {
            f"topic-{place}": TopicConfig(title=f"Topic {place}", query=word) for place, word in enumerate(topical)
        }
        config = Config(built_in_topics=False, topics=topics, feeds=FeedsConfig(folder=Path(folder) / "feeds"))
        engine = open_store(f"sqlite:///{folder}/notifier.db")
        for name, dump in (("at first", listings), ("unchanged", []), ("after one new paper", [new])):
            if dump:
                _add(engine, name, dump)
            before = time.process_time()
            published = publish(engine, config)
            figures[name] = (time.process_time() - before) * 1000
            figures[f"{name}: files written"] = published.written
        engine.dispose()
    return figures


def _add(engine: Engine, name: str, listings: Iterable[Listing]) -> None:
    numbered = tuple(Listing(place, listing.title, listing.abstract) for place, listing in enumerate(listings, start=1))
    with writing(engine) as connection:
        arrival = NewDump(name, name, "made up", DAY, ListedOnFrom.OPTION, NOW)
        add_dump(connection, arrival, prepare(ParsedDump("made up", numbered), DAY, name))


if __name__ == "__main__":
    print(json.dumps(one_round()))
