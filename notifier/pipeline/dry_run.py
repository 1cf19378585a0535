"""Find the digests that `plan` would write at some instant, without writing them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from notifier.config import Config
from notifier.models import Cadence, Subscriber, SubscriberState
from notifier.pipeline.candidates import Candidates
from notifier.pipeline.choosing import PlannedDigest, choose
from notifier.pipeline.planning import BATCH, PlanReport, due_slots, unused
from notifier.store import reading, subscribers, topics
from notifier.subscribers import date_repairs, pausing
from notifier.subscribers.activation import activated


@dataclass(frozen=True, slots=True)
class DryRun:
    """The digests that would be planned: one for each subscriber who would be due, without papers if none are new."""

    digests: tuple[PlannedDigest, ...] = ()

    @property
    def report(self) -> PlanReport:
        """The report that `plan` would give."""
        new = sum(digest.selection is not None for digest in self.digests)
        return PlanReport(len(self.digests), new, len(self.digests) - new)


def plan_dry_run(engine: Engine, config: Config, now: datetime) -> DryRun:
    """Return what `plan` would plan at `now`; the database stays as it is.

    Pauses that would end, dates that would be corrected, and papers that would be tagged, or announced after votes, are
    taken into account.
    """
    with reading(engine) as connection:
        catalogue = topics.catalogue(connection, config)
        due = [
            one for batch in _batches(connection) for one in as_planned(connection, batch, now) if _may_be_due(one, now)
        ]
        if not due:
            return DryRun()
        cursor = min(one.cursor for one in due)
        candidates = Candidates(connection, cursor, catalogue, now, in_memory=True)
        digests: list[PlannedDigest] = []
        for start in range(0, len(due), BATCH):
            batch = due[start : start + BATCH]
            candidates.match_all(connection, (subscription for one in batch for subscription in one.subscriptions))
            slots = unused(connection, due_slots(candidates, batch, now))
            digests += choose(connection, candidates, slots, config)
    return DryRun(tuple(digests))


def _batches(connection: Connection) -> Iterator[list[Subscriber]]:
    """Yield all subscribers who are active or paused, at most BATCH at a time."""
    last_id = 0
    while batch := subscribers.active_or_paused(connection, last_id, BATCH):
        yield batch
        last_id = batch[-1].id


def as_planned(connection: Connection, batch: Sequence[Subscriber], now: datetime) -> Iterator[Subscriber]:
    """Yield the subscribers who are active at `now`, with corrected dates and ended pauses, as in `plan`."""
    latest = date_repairs.latest_due(now)
    wrong = [one for one in batch if one.next_due and one.next_due > latest[one.cadence]]
    corrected = {repair.stored.id: repair.corrected for repair in date_repairs.repairs_of(connection, wrong, now)}
    for stored in batch:
        one = corrected.get(stored.id, stored)
        if one.state is SubscriberState.ACTIVE:
            yield one
        elif one.paused_until and one.paused_until <= now:
            yield from activated(connection, [one], pausing.end_of_pause(one), now)


def _may_be_due(subscriber: Subscriber, now: datetime) -> bool:
    return subscriber.cadence is Cadence.INSTANT or (subscriber.next_due is not None and subscriber.next_due <= now)
