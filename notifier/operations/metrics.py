"""The metrics of the service, in the text format of Prometheus, read from the database at each scrape.

So every process of the service shows the numbers of all of them. A metric whose name ends in `_total`, and the
histogram of delays, never fall; all others are gauges, because retention, merging and erasing remove rows. Labels hold
states, kinds, formats and names of sources, and no addresses or queries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, Engine

from notifier import __version__
from notifier.config import Config
from notifier.models import Clock, DeliveryState, ReturnedKind, SubscriberState
from notifier.store import (
    alerts,
    deliveries,
    dumps,
    metrics,
    reading,
    relays,
    removals,
    results,
    returned,
    sources,
    step_times,
    subscribers,
)
from notifier.store.results import BUCKETS, ResultCount

Values = Mapping[Any, float]  # by the values of the labels


def metrics_text(engine: Engine, config: Config, clock: Clock) -> bytes:
    """Return all metrics. Raises StoreError if the database cannot be read."""
    registry = CollectorRegistry()
    registry.register(_Collector(engine, config, clock()))
    return generate_latest(registry)


class _Collector(Collector):
    """Reads the metrics of one moment in one read transaction."""

    def __init__(self, engine: Engine, config: Config, now: datetime) -> None:
        self._engine = engine
        self._config = config
        self._now = now

    def describe(self) -> Iterable[Metric]:
        """Return nothing, so that registering reads no metrics."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics."""
        with reading(self._engine) as connection:
            yield from _of_service(connection, self._config)
            yield from _of_papers(connection)
            yield from _of_mail(connection, self._config, self._now)
            yield from _of_returned(connection, self._config, self._now)
            yield from _of_results(results.all_counts(connection))
            yield from _of_sources(connection, self._config)


def _of_service(connection: Connection, config: Config) -> Iterator[Metric]:
    build = {"version": __version__, "schema": metrics.SCHEMA}
    yield _gauge(
        "build_info", "The version of notifier and of its tables; always 1.", {tuple(build.values()): 1}, *build
    )
    ended = {(name,): at.timestamp() for name, at in step_times.last_successes(connection).items()}
    yield _gauge("step_last_success_timestamp_seconds", "When a step last ended without an error.", ended, "step")
    opened = {(each.key.partition(":")[0], each.key.partition(":")[2]): 1 for each in alerts.open_alerts(connection)}
    yield _gauge("alert_open", "The alerts that are open; always 1.", opened, "alert", "source")
    doubted = int(bool(removals.doubt(connection)))
    yield _gauge("clock_doubted", "Whether removing is stopped because the clock may be wrong.", {(): doubted})
    if config.database_file:
        yield _gauge(
            "database_size_bytes", "The size of the SQLite file and its log.", {(): _size(config.database_file)}
        )


def _of_papers(connection: Connection) -> Iterator[Metric]:
    yield _counter(
        "dumps", "The dumps that were ingested, by format.", _labelled(metrics.dumps_by_format(connection)), "format"
    )
    aside = _labelled(metrics.files_set_aside(connection))
    yield _gauge("dumps_set_aside", "The dumps that could not be read or not be moved.", aside, "status")
    last = dumps.last_dump(connection)
    ingested = {(): last.ingested_at.timestamp()} if last else {}
    yield _gauge("last_dump_timestamp_seconds", "When the last dump was ingested.", ingested)
    yield _gauge("papers", "The stored papers.", {(): dumps.count_papers(connection)})
    yield _gauge("listings", "The stored listings.", {(): metrics.count_listings(connection)})
    states = {each.value: 0 for each in SubscriberState} | subscribers.count_by_state(connection)
    yield _gauge("subscribers", "The subscribers, by state.", _labelled(states), "state")


def _of_mail(connection: Connection, config: Config, now: datetime) -> Iterator[Metric]:
    states = {each.value: 0 for each in DeliveryState} | deliveries.count_by_state(connection)
    yield _gauge("deliveries", "The stored deliveries, by state.", _labelled(states), "state")
    kinds = _labelled(metrics.messages_by_kind(connection, sum(states.values())))
    yield _gauge("messages", "The stored deliveries, by kind; digests include skipped ones.", kinds, "kind")
    waiting = metrics.waiting_mail(connection, now)
    age = max((now - waiting.oldest).total_seconds(), 0) if waiting.oldest else 0
    yield _gauge("outbox_due", "The mails that are due and not being sent.", {(): waiting.due})
    yield _gauge("outbox_oldest_due_seconds", "How long the oldest mail that is due has waited.", {(): age})
    paused = relays.read(connection, config.relay_name).paused_until is not None
    yield _gauge("relay_paused", "Whether sending to the relay is paused.", {(): int(paused)})


def _of_returned(connection: Connection, config: Config, now: datetime) -> Iterator[Metric]:
    kinds = {each.value: 0 for each in ReturnedKind} | returned.count_by_kind(connection, now - returned.RECENT)
    said = "The messages that came back in the last 30 days, by kind."
    yield _gauge("returned_messages", said, _labelled(kinds), "kind")
    waiting = returned.count_unclear(connection)
    yield _gauge("replies_waiting", "The replies that a person has to look at.", {(): waiting})
    state = returned.inbox_state(connection, config.inbox_name)
    is_read = config.inbox_folder is not None or config.imap_inbox is not None
    read = {(): state.read_at.timestamp()} if is_read and state.read_at else {}
    yield _gauge("inbox_last_success_timestamp_seconds", "When the inbox was last read.", read)
    failing = {(): int(state.failing_since is not None)} if is_read else {}
    yield _gauge("inbox_failing", "Whether the inbox could not be read the last time.", failing)


def _of_results(counts: list[ResultCount]) -> Iterator[Metric]:
    attempts: dict[tuple[str, ...], float] = {}
    for each in counts:
        labels = each.kind, each.state.lower(), each.reply or "none"
        attempts[labels] = attempts.get(labels, 0) + each.number
    said = "The attempts to send a mail, by the state that they ended in and the class of the reply."
    yield _counter("delivery_attempts", said, attempts, "kind", "state", "reply")
    yield _delays([each for each in counts if each.state == DeliveryState.ACCEPTED])


def _delays(accepted: Iterable[ResultCount]) -> Metric:
    said = "The time from planning a mail to its acceptance by the relay."
    family = HistogramMetricFamily("notifier_delivery_delay_seconds", said, labels=["kind"])
    for kind, group in groupby(accepted, key=lambda each: each.kind):
        of_kind = list(group)
        up_to = [(str(float(end)), _sum(each for each in of_kind if each.bucket <= end)) for end in BUCKETS]
        buckets = [*up_to, ("+Inf", _sum(of_kind))]
        family.add_metric([kind], buckets, sum(each.seconds for each in of_kind))
    return family


def _of_sources(connection: Connection, config: Config) -> Iterator[Metric]:
    known = {name: state for name, state in sources.states(connection).items() if name in config.sources}
    succeeded = {(name,): each.last_succeeded_at.timestamp() for name, each in known.items() if each.last_succeeded_at}
    tried = {(name,): each.last_tried_at.timestamp() for name, each in known.items() if each.last_tried_at}
    failures = {(name,): float(each.failures) for name, each in known.items()}
    yield _gauge("source_last_success_timestamp_seconds", "When a fetch last succeeded.", succeeded, "source")
    yield _gauge("source_last_attempt_timestamp_seconds", "When a source was last fetched.", tried, "source")
    yield _gauge("source_failures", "The fetches that have failed in a row.", failures, "source")


def _gauge(name: str, said: str, values: Values, *labels: str) -> Metric:
    family = GaugeMetricFamily(f"notifier_{name}", said, labels=labels)
    for each, value in sorted(values.items()):
        family.add_metric(each, value)
    return family


def _counter(name: str, said: str, values: Values, *labels: str) -> Metric:
    """Return a counter; its name in the text ends in `_total`."""
    family = CounterMetricFamily(f"notifier_{name}", said, labels=labels)
    for each, value in sorted(values.items()):
        family.add_metric(each, value)
    return family


def _labelled(numbers: Mapping[str, int]) -> dict[tuple[str, ...], float]:
    return {(name.lower(),): number for name, number in numbers.items()}


def _sum(counts: Iterable[ResultCount]) -> int:
    return sum(each.number for each in counts)


def _size(file: Path) -> int:
    size = 0
    for each in (file, Path(f"{file}-wal")):
        with suppress(OSError):
            size += each.stat().st_size
    return size
