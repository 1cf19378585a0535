"""Measure what a service with many subscribers costs: `python -m benchmarks.scale SUBSCRIBERS [URL] [WORKERS]`.

URL is that of an empty store: a SQLite file or a PostgreSQL database; by default, a SQLite file in a temporary folder.
400 papers come on a Thursday, and as many on the next Monday. Measured are: storing the subscribers, planning for those
of one zone on Friday, planning for all on Monday, and sending Monday's digests with so many workers to a relay that
discards them. Each step runs in processes of its own. The CPU time of a PostgreSQL server is not included.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Engine, text

from benchmarks.matching.samples import papers, typed_by_subscribers
from benchmarks.sinks import sink
from notifier import queries
from notifier.config import Config, MailConfig, SmtpConfig
from notifier.models import Cadence, DeliveryState, ListedOnFrom, Listing, ParsedDump
from notifier.papers.identity import prepare
from notifier.pipeline import plan, tag
from notifier.sending import send_due, sender_for
from notifier.store import open_store, reading, writing
from notifier.store.ingest import NewDump, add_dump
from notifier.store.subscriptions import NewSubscription
from notifier.subscribers import CheckedSignUp, sign_up_all
from notifier.topics import catalogue_of

PAPERS = 400  # of a day
THURSDAY = datetime(2026, 11, 26, 6, tzinfo=UTC)
EARLIER_ZONES = datetime(2026, 11, 27, 6, 59, tzinfo=UTC)
ONE_ZONE = datetime(2026, 11, 27, 7, tzinfo=UTC)  # 08:00 in Europe/Berlin
MONDAY = datetime(2026, 11, 30, tzinfo=UTC)
ALL_ZONES = MONDAY + timedelta(hours=20)
WORKER_SECONDS = 3600

ZONES = {
    "Europe/Berlin": 25,
    "America/New_York": 20,
    "Asia/Shanghai": 20,
    "America/Los_Angeles": 12,
    "Europe/London": 10,
    "Asia/Tokyo": 6,
    "Asia/Kolkata": 5,
    "Australia/Sydney": 2,
}
CADENCES = {Cadence.DAILY: 60, Cadence.WEEKDAYS: 15, Cadence.WEEKLY: 18, Cadence.INSTANT: 5, Cadence.MONTHLY: 2}
SUBSCRIPTIONS = {1: 40, 2: 30, 3: 20, 4: 10}
SHARE_OF_TOPICS = 0.4  # of the subscriptions; the others are queries
DISTINCT_QUERIES = 0.25  # for each subscriber; how often a query is used falls by Zipf's law


def main(subscribers: int, url: str, workers: int) -> None:
    """Run all steps on the store at `url`, and print a line for each."""
    with tempfile.TemporaryDirectory() as folder, sink() as port:
        url = url or f"sqlite:///{folder}/notifier.db"
        _report("storing a subscriber", _step("fill", url, str(subscribers)), per="subscribers")
        _step("plan", url, EARLIER_ZONES.isoformat())
        _report("planning for one zone, a digest", _step("plan", url, ONE_ZONE.isoformat()), per="digests")
        _deliver(url, ONE_ZONE, port, folder, 1)
        _step("papers", url, "1")
        _report("planning for all, a digest", _step("plan", url, ALL_ZONES.isoformat()), per="digests")
        _report(f"sending a digest, {workers} workers", _deliver(url, ALL_ZONES, port, folder, workers), per="accepted")
        print(f"  size of the database: {_size(url) / 1e6:.0f} MB")


def _report(name: str, figures: dict[str, float], per: str) -> None:
    number = figures[per]
    print(
        f"  {name}: {figures['cpu'] / number * 1e6:,.0f} microseconds of CPU; {number:,.0f} {per} in "
        f"{figures['wall']:,.1f} s; peak of memory {figures['memory']:,.0f} MB",
        flush=True,
    )


def _step(name: str, *arguments: str) -> dict[str, float]:
    figures: dict[str, float] = json.loads(subprocess.check_output(_command(name, *arguments), text=True))
    return figures


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks.scale", *arguments]


def _deliver(url: str, now: datetime, port: int, folder: str, workers: int) -> dict[str, float]:
    """Return the figures of several workers that send at the same moment; memory is that of the largest."""
    began = time.monotonic()
    with ExitStack() as running:
        command = _command("deliver", url, now.isoformat(), str(port), folder)
        processes = [
            running.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) for _ in range(workers)
        ]
        found = [json.loads(process.communicate(timeout=WORKER_SECONDS)[0]) for process in processes]
    return {
        "cpu": sum(each["cpu"] for each in found),
        "accepted": sum(each["accepted"] for each in found),
        "memory": max(each["memory"] for each in found),
        "wall": time.monotonic() - began,
    }


def fill(engine: Engine, number: str) -> dict[str, float]:
    """Store the papers of Thursday and the subscribers."""
    add_papers(engine, "0")
    people = _sign_ups(int(number), Config())
    before = time.process_time()
    while batch := list(islice(people, 2000)):
        with writing(engine) as connection:
            sign_up_all(connection, batch, Config().digest, THURSDAY)
    return {"subscribers": int(number), "cpu": time.process_time() - before}


def add_papers(engine: Engine, day: str) -> dict[str, float]:
    """Store the papers of Thursday (day 0) or Monday (day 1)."""
    seen = MONDAY if int(day) else THURSDAY
    listings = [Listing(place, each.title, each.abstract) for place, each in enumerate(papers(PAPERS, int(day)), 1)]
    with writing(engine) as connection:
        dump = NewDump(f"sample {day}", "sample", day, seen.date(), ListedOnFrom.OPTION, seen)
        add_dump(connection, dump, prepare(ParsedDump("sample", tuple(listings)), seen.date(), day))
    tag(engine, catalogue_of(Config()))
    return {}


def plan_digests(engine: Engine, now: str) -> dict[str, float]:
    """Plan the digests that are due."""
    return {"digests": plan(engine, Config(), datetime.fromisoformat(now)).digests}


def deliver(engine: Engine, now: str, port: str, folder: str) -> dict[str, float]:
    """Send what is due to the relay at a port."""
    config = Config(
        mail=MailConfig(sender="Daily Papers <papers@example.org>", transport="smtp"),
        smtp=SmtpConfig(host="127.0.0.1", port=int(port), tls="none"),
    )
    sender = replace(
        sender_for(engine, config, lambda: datetime.fromisoformat(now)), owners_folder=Path(folder) / "owners"
    )
    report = asyncio.run(send_due(sender))
    return {"accepted": report.states[DeliveryState.ACCEPTED]}


STEPS: dict[str, Callable[..., dict[str, float]]] = {
    "fill": fill,
    "papers": add_papers,
    "plan": plan_digests,
    "deliver": deliver,
}


def one_step(name: str, url: str, *arguments: str) -> dict[str, float]:
    """Return the figures of a step: its CPU seconds and its peak of memory in megabytes are among them."""
    engine = open_store(url)
    before, began = time.process_time(), time.monotonic()
    figures = STEPS[name](engine, *arguments)
    used, took = time.process_time() - before, time.monotonic() - began
    engine.dispose()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu": used, "wall": took, "memory": memory} | figures


def _sign_ups(number: int, config: Config) -> Iterator[CheckedSignUp]:
    rng = Random("scale")
    subscriptions = _subscriptions(rng, number, config)
    for place in range(number):
        settings: dict[str, Any] = {"timezone": _one_of(rng, ZONES), "cadence": _one_of(rng, CADENCES)}
        chosen = tuple(dict.fromkeys(islice(subscriptions, _one_of(rng, SUBSCRIPTIONS))))
        yield CheckedSignUp(f"subscriber{place}@example.org", chosen, settings, confirmed=True)


def _subscriptions(rng: Random, number: int, config: Config) -> Iterator[NewSubscription]:
    """Yield subscriptions to topics and queries; the first ones of each kind are the most frequent."""
    topics = list(catalogue_of(config).topics.values())
    typed = list(dict.fromkeys(typed_by_subscribers(max(1, int(number * DISTINCT_QUERIES)))))
    of_topics, of_queries = _weights(len(topics)), _weights(len(typed))
    while True:
        if rng.random() < SHARE_OF_TOPICS:
            (topic,) = rng.choices(topics, cum_weights=of_topics)
            yield NewSubscription(topic.title, topic=topic.slug)
        else:
            (query,) = rng.choices(typed, cum_weights=of_queries)
            yield NewSubscription(query, queries.canonical(queries.parse(query)))


def _weights(number: int) -> list[float]:
    return list(accumulate(1 / place for place in range(1, number + 1)))


def _one_of(rng: Random, weights: dict[Any, int]) -> Any:
    return rng.choices(list(weights), list(weights.values()))[0]


def _size(url: str) -> int:
    if url.startswith("sqlite"):
        return Path(url.removeprefix("sqlite:///")).stat().st_size
    engine = open_store(url)
    with reading(engine) as connection:
        size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    engine.dispose()
    return int(size)


if __name__ == "__main__":
    if sys.argv[1] in STEPS:
        print(json.dumps(one_step(*sys.argv[1:])))
    else:
        given = dict(enumerate(sys.argv[1:]))
        main(int(given[0]), given.get(1, ""), int(given.get(2, "1")))
