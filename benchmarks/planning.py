"""Part `planning`: the digests of many readers who are due at the same moment, from a day's papers."""

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
from benchmarks.measuring import print_figures, rounds
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

READERS = 100_000
PAPERS = 400
SUBSCRIPTIONS = (1, 2, 3, 4)  # of a reader, each as likely
NOW = datetime(2026, 11, 26, 6, tzinfo=UTC)
DUE = NOW + timedelta(hours=2)


def run() -> None:
    """Print the figures of all rounds; the store is made once, and every round plans on a copy."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "notifier.db"
        _fill(store)
        figures = rounds("benchmarks.planning", str(store))
    print_figures(f"planning: {READERS:,} due readers, {PAPERS} papers", figures)


def one_round(store: Path) -> dict[str, float]:
    """Microseconds of CPU a digest, digests a reader, and the peak of memory in megabytes."""
    with tempfile.TemporaryDirectory(dir=store.parent) as folder:
        copy = shutil.copy(store, folder)
        engine = open_store(f"sqlite:///{copy}")
        before = time.process_time()
        planned = plan(engine, Config(), DUE)
        used = time.process_time() - before
        engine.dispose()
    return {
        "CPU a digest, microseconds": used / planned.digests * 1e6,
        "digests a due reader": planned.digests / planned.due,
        "peak of memory, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _fill(store: Path) -> None:
    engine = open_store(f"sqlite:///{store}")
    listings = [Listing(place, each.title, each.abstract) for place, each in enumerate(papers(PAPERS, 0), 1)]
    dump = ParsedDump("sample", tuple(listings))
    with writing(engine) as connection:
        arrival = NewDump("sample", "sample", "sample", NOW.date(), ListedOnFrom.OPTION, NOW)
        add_dump(connection, arrival, prepare(dump, NOW.date(), "sample"))
    tag(engine, catalogue_of(Config()))
    for some in batches(_requests()):
        with writing(engine) as connection:
            sign_up_all(connection, some, Config().digest, NOW)
    engine.dispose()


def _requests() -> list[CheckedSignUp]:
    chance = Random("planning")
    numbers = chance.choices(SUBSCRIPTIONS, k=READERS)
    asked = iter(typed_by_subscribers(sum(numbers)))
    return [
        CheckedSignUp(f"reader{reader}@example.org", tuple(_wish(next(asked)) for _ in range(number)), confirmed=True)
        for reader, number in enumerate(numbers)
    ]


def _wish(text: str) -> NewSubscription:
    return NewSubscription(text, queries.canonical(queries.parse(text)))


if __name__ == "__main__":
    print(json.dumps(one_round(Path(sys.argv[1]))))
