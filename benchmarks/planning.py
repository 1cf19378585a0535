"""Part `planning`: planning the digests of many subscribers who are due at the same moment, with one day's papers."""

from __future__ import annotations

import json
import resource
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from benchmarks.matching.samples import papers, typed_by_subscribers
from benchmarks.measuring import print_figures, run_rounds
from notifier import queries
from notifier.config import Config
from notifier.models import ListedOnFrom, Listing, ParsedDump
from notifier.papers.identity import prepare
from notifier.pipeline import plan, tag
from notifier.store import open_store, writing
from notifier.store.ingest import NewDump, add_dump
from notifier.store.statements import batches
from notifier.store.subscriptions import NewSubscription
from notifier.subscribers import CheckedSignUp, sign_up_all
from notifier.topics import catalogue_of

SUBSCRIBERS = 100_000
PAPERS = 400
SUBSCRIPTIONS = (1, 2, 3, 4)  # a subscriber has one of these numbers of subscriptions, each equally likely
NOW = datetime(2026, 11, 26, 6, tzinfo=UTC)
DUE = NOW + timedelta(hours=2)


def run() -> None:
    """Print the figures of all rounds. The store is made once, and every round plans on a copy of it."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "notifier.db"
        _fill(store)
        figures = run_rounds("benchmarks.planning", str(store))
    print_figures(f"planning: {SUBSCRIBERS:,} due subscribers, {PAPERS} papers", figures)


def one_round(store: Path) -> dict[str, float]:
    """Return the CPU microseconds per digest, the digests per due subscriber, and the peak memory in megabytes."""
    with tempfile.TemporaryDirectory(dir=store.parent) as folder:
        copy = shutil.copy(store, folder)
        engine = open_store(f"sqlite:///{copy}")
        before = time.process_time()
        planned = plan(engine, Config(), DUE)
        used = time.process_time() - before
        engine.dispose()
    return {
        "CPU a digest, microseconds": used / planned.digests * 1e6,
        "digests a due subscriber": planned.digests / planned.due,
        "peak of memory, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _fill(store: Path) -> None:
    engine = open_store(f"sqlite:///{store}")
    listings = [Listing(place, paper.title, paper.abstract) for place, paper in enumerate(papers(PAPERS, 0), 1)]
    dump = ParsedDump("sample", tuple(listings))
    with writing(engine) as connection:
        arrival = NewDump("sample", "sample", "sample", NOW.date(), ListedOnFrom.OPTION, NOW)
        add_dump(connection, arrival, prepare(dump, NOW.date(), "sample"))
    tag(engine, catalogue_of(Config()))
    for batch in batches(_sign_ups()):
        with writing(engine) as connection:
            sign_up_all(connection, batch, Config().digest, NOW)
    engine.dispose()


def _sign_ups() -> list[CheckedSignUp]:
    rng = Random("planning")
    numbers = rng.choices(SUBSCRIPTIONS, k=SUBSCRIBERS)
    texts = iter(typed_by_subscribers(sum(numbers)))
    return [
        CheckedSignUp(
            f"subscriber{subscriber}@example.org",
            tuple(_subscription(next(texts)) for _ in range(number)),
            confirmed=True,
        )
        for subscriber, number in enumerate(numbers)
    ]


def _subscription(text: str) -> NewSubscription:
    return NewSubscription(text, queries.canonical(queries.parse(text)))


if __name__ == "__main__":
    print(json.dumps(one_round(Path(sys.argv[1]))))
