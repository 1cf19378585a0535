"""Part `publishing`: the CPU time of writing the feeds of 100 topics.

The feeds are written for the first time, again when nothing has changed, and again after one new paper.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Engine

from benchmarks.digests import TOPICAL, papers_of_a_day, vocabulary
from benchmarks.measuring import print_figures, run_rounds
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
    print_figures(
        f"publishing: {TOPICS} topics, CPU milliseconds and files written", run_rounds("benchmarks.publishing")
    )


def one_round() -> dict[str, float]:
    """Publish three times in one process, and return the CPU milliseconds and the number of files of each time."""
    words = vocabulary()[TOPICAL][:TOPICS]
    listings = [Listing(0, paper.title, paper.abstract) for paper in papers_of_a_day().values()]
    new = Listing(1, f"An Unheard-of Paper on {words[0]}", f"We speak of {words[1]}.")
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        topics = {f"topic-{index}": TopicConfig(title=f"Topic {index}", query=word) for index, word in enumerate(words)}
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
    numbered = tuple(
        Listing(position, listing.title, listing.abstract) for position, listing in enumerate(listings, start=1)
    )
    with writing(engine) as connection:
        arrival = NewDump(name, name, "made up", DAY, ListedOnFrom.OPTION, NOW)
        add_dump(connection, arrival, prepare(ParsedDump("made up", numbered), DAY, name))


if __name__ == "__main__":
    print(json.dumps(one_round()))
