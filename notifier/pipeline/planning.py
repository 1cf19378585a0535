"""Run step 2, planning: give each subscriber who is due one digest, or a skipped period if there is nothing new.

Matching comes first, in read transactions. Then the digests of at most BATCH subscribers are written in one
transaction. It adds the outbox row of each digest and moves the subscriber's cursor, so that both change or neither. A
subscriber who has changed since their digest was chosen, for example because another process has planned it, is left
out; the next planning plans it if it is still due.

On PostgreSQL, several processes share the work: each claims a range of subscribers at a time.

If the clock of the machine was wrong, a period of the future may have a digest already. When such a period comes, it is
skipped without another digest, and the papers that are new by then go into the next digest.

A subscriber with the cadence INSTANT is due when there is a dump that their digests have not taken into account. If
papers were left over, the subscriber is also due at their next hour, so that these papers do not wait for a dump.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from notifier.config import Config
from notifier.digests import items
from notifier.digests.details import DigestDetails, encode_digest_details
from notifier.models import Cadence, DeliveryKind, DeliveryState, Subscriber
from notifier.pipeline.candidates import Candidates
from notifier.pipeline.choosing import DueSlot, PlannedDigest, choose
from notifier.pipeline.considering_votes import consider_votes
from notifier.pipeline.pinning import begin_pins
from notifier.pipeline.tagging import tag_all
from notifier.pipeline.telling_endpoints import tell_endpoints
from notifier.store import expiring, outbox, reading, retried, subscribers, tags, topics, writing
from notifier.store.advisory_locks import claimed
from notifier.store.topics import catalogue_in_use
from notifier.subscribers import calendars, date_repairs, end_pauses, update_stored_queries
from notifier.topics import Catalogue

log = logging.getLogger(__name__)

BATCH = 500
TAGGING_TRIES = 5


@dataclass(frozen=True, slots=True)
class PlanReport:
    """The numbers of subscribers who were due, who got a digest, and who had nothing new."""

    due: int = 0
    digests: int = 0
    skipped: int = 0

    def __add__(self, other: PlanReport) -> PlanReport:
        return PlanReport(self.due + other.due, self.digests + other.digests, self.skipped + other.skipped)


def plan(engine: Engine, config: Config, now: datetime) -> PlanReport:
    """Plan the digests of all subscribers who are due at `now`.

    Dates that were written while the clock was wrong are corrected first, with a warning in the log.
    """
    consider_votes(engine, catalogue_in_use(engine, config), now)
    catalogue = tag_all(engine, config)
    update_stored_queries(engine)
    if repairs := date_repairs.repair_all(engine, now):
        log.warning(date_repairs.describe(repairs))
    end_pauses(engine, now)
    begin_pins(engine, now)
    tell_endpoints(engine, catalogue, config.web.base_url, now)
    candidates = _candidates(engine, config, catalogue, now)
    if candidates is None:
        return PlanReport()
    total = PlanReport()
    for batch in _due_subscribers(engine, now):
        with reading(engine) as connection:
            subscriptions = [subscription for subscriber in batch for subscription in subscriber.subscriptions]
            candidates.match_all(connection, subscriptions)
            slots = due_slots(candidates, batch, now)
            free = unused(connection, slots)
            planned = choose(connection, candidates, free, config)
        if len(free) < len(slots):
            _skip(engine, [each for each in slots if each not in free], now)
        total += _store(engine, planned, candidates, config, now)
    return total


def _candidates(engine: Engine, config: Config, tagged_with: Catalogue, now: datetime) -> Candidates | None:
    """Return the papers after the lowest cursor of all subscribers who are due; None if nobody is due.

    If an administrator has changed a topic since papers were tagged, they are tagged again first. So are papers that a
    process with the earlier topics has tagged meanwhile. Otherwise all of them would wait for the next planning, and
    the digests that are due would be skipped. Two machines with different configs would tag by turns for ever, so the
    last try takes what there is.
    """
    tries_left = TAGGING_TRIES
    while True:
        with reading(engine) as connection:
            catalogue = topics.catalogue(connection, config)
            cursor = subscribers.oldest_cursor_due(connection, now)
            if cursor is None:
                return None
            is_current = catalogue.fingerprint == tagged_with.fingerprint and not tags.are_tagged_by_another(
                connection, catalogue.fingerprint, cursor
            )
            if is_current or not tries_left:
                return Candidates(connection, cursor, catalogue, now)
        tries_left -= 1
        tagged_with = tag_all(engine, config)


def _due_subscribers(engine: Engine, now: datetime) -> Iterator[list[Subscriber]]:
    """Yield all subscribers who are due, at most BATCH at a time, and no others than those of a claimed range."""
    for ids in _claimed_ranges(engine, now):
        first = ids.start
        while batch := _due_in(engine, now, range(first, ids.stop)):
            yield batch
            first = batch[-1].id + 1


def _due_in(engine: Engine, now: datetime, ids: range) -> list[Subscriber]:
    with reading(engine) as connection:
        return subscribers.due(connection, now, ids, BATCH)


def _claimed_ranges(engine: Engine, now: datetime) -> Iterator[range]:
    """Yield each range of ids in which somebody is due, while this process has its claim.

    Ranges that another process is planning come last. When they are yielded, that process has planned them or has died.
    """
    with reading(engine) as connection:
        ranges = subscribers.ranges_due(connection, now)
    taken = []
    for ids in ranges:
        with claimed(engine, ids) as is_claimed:
            if is_claimed:
                yield ids
        if not is_claimed:
            taken.append(ids)
    for ids in taken:
        with claimed(engine, ids, wait=True):
            yield ids


def due_slots(candidates: Candidates, batch: Iterable[Subscriber], now: datetime) -> list[DueSlot]:
    """Return the subscribers of the batch who have a digest due, each with the slot of the digest."""
    return [(subscriber, slot) for subscriber in batch if (slot := _due_slot(candidates, subscriber, now))]


def _due_slot(candidates: Candidates, subscriber: Subscriber, now: datetime) -> calendars.Slot | None:
    """Return what the subscriber's digest is for: the newest dump, left-over papers, or the latest slot.

    Returns None if no digest is due. Also returns None if the candidates do not reach back to the subscriber's cursor,
    because the subscriber became due only after the candidates were read.
    """
    if subscriber.cursor < candidates.cursor or subscriber.active_since is None:
        return None
    if subscriber.cadence is Cadence.INSTANT:
        if candidates.dump is not None and candidates.dump > subscriber.last_dump:
            return instant_slot(subscriber, candidates.dump, now)
        return _follow_up_slot(subscriber, now)
    schedule, used = calendars.schedule_of(subscriber), calendars.used_periods_of(subscriber)
    return calendars.due_slot(schedule, now, subscriber.active_since, used)


def instant_slot(subscriber: Subscriber, dump: int, now: datetime) -> calendars.Slot:
    """Return the slot of a digest of the cadence INSTANT: it is for all dumps up to the one with the id `dump`."""
    today = now.astimezone(ZoneInfo(subscriber.timezone)).date()
    return calendars.Slot(today, f"dump:{dump}", now)


def _follow_up_slot(subscriber: Subscriber, now: datetime) -> calendars.Slot | None:
    """Return the slot of an instant digest with papers that were left over; None if it is not due."""
    if not subscriber.left_over or subscriber.next_due is None or subscriber.next_due > now:
        return None
    slot = instant_slot(subscriber, subscriber.last_dump, now)
    return replace(slot, period=f"{slot.period}:{slot.local_date}")


def unused(connection: Connection, slots: Sequence[DueSlot]) -> list[DueSlot]:
    """Return the slots whose period has no digest yet; if the clock was wrong before, some may have one."""
    ids, names = [subscriber.id for subscriber, _ in slots], {slot.period for _, slot in slots}
    used = outbox.used_periods(connection, ids, names)
    return [(subscriber, slot) for subscriber, slot in slots if (subscriber.id, slot.period) not in used]


@retried
def _skip(engine: Engine, used: Sequence[DueSlot], now: datetime) -> None:
    """Move subscribers to their next slots without a digest; those who have changed are left out.

    The cursors of the subscribers stay, so that no paper is lost.
    """
    with writing(engine) as connection:
        current = subscribers.by_ids(connection, [subscriber.id for subscriber, _ in used], lock=True)
        valid = [(subscriber, slot) for subscriber, slot in used if current.get(subscriber.id) == subscriber]
        subscribers.update_many(
            connection, [_schedule_update(subscriber, slot, subscriber.left_over, now) for subscriber, slot in valid]
        )


@retried
def _store(
    engine: Engine, planned: list[PlannedDigest], candidates: Candidates, config: Config, now: datetime
) -> PlanReport:
    """Store the digests of these subscribers in one transaction."""
    with writing(engine) as connection:
        return _add_valid(connection, planned, candidates, config, now)


def _add_valid(
    connection: Connection, planned: list[PlannedDigest], candidates: Candidates, config: Config, now: datetime
) -> PlanReport:
    """Write the digests of all subscribers who have not changed since their digests were chosen."""
    ids = [digest.subscriber.id for digest in planned]
    current = subscribers.by_ids(connection, ids, lock=True)
    unsent = expiring.unsent_digests(connection, ids, lock=True)
    valid = [
        digest
        for digest in planned
        if current.get(digest.subscriber.id) == digest.subscriber
        and unsent.get(digest.subscriber.id, ()) == digest.unsent
    ]
    expiring.mark_taken_in(connection, [each for digest in valid for each in digest.unsent], now)
    outbox.add(connection, [delivery_row(digest, config.mail.sender, now) for digest in valid])
    subscribers.update_many(connection, [_subscriber_update(digest, candidates, now) for digest in valid])
    digests = sum(digest.selection is not None for digest in valid)
    return PlanReport(len(valid), digests, len(valid) - digests)


def delivery_row(digest: PlannedDigest, sender: str, now: datetime) -> dict[str, Any]:
    """Return the outbox row of a planned digest; `sender` is the From header of its mail."""
    chosen = digest.selection
    return {
        "subscriber_id": digest.subscriber.id,
        "endpoint_id": digest.subscriber.endpoint_id,
        "kind": DeliveryKind.DIGEST,
        "period": digest.slot.period,
        "recipient": digest.subscriber.email,
        "message_id": outbox.new_message_id(sender),
        "subject": digest.subject,
        "items": items.encode(chosen.sections, chosen.rest) if chosen else items.encode((), ()),
        "details": encode_digest_details(DigestDetails(waiting=digest.waiting)),
        "planned_at": now,
        "state": DeliveryState.PENDING if chosen else DeliveryState.SKIPPED,
        "next_try": outbox.AT_ONCE if chosen else None,
    }


def _subscriber_update(digest: PlannedDigest, candidates: Candidates, now: datetime) -> dict[str, Any]:
    """Return the new values of the subscriber's row: their cursor, the periods used, and when they are due next."""
    subscriber = digest.subscriber
    return {
        **_schedule_update(subscriber, digest.slot, digest.left_over, now),
        "cursor": max(subscriber.cursor, candidates.head),
        "last_dump": max(subscriber.last_dump, candidates.dump or 0),
        "left_over": digest.left_over,
    }


def _schedule_update(subscriber: Subscriber, slot: calendars.Slot, left_over: str, now: datetime) -> dict[str, Any]:
    """Return the new values of the subscriber's row after a slot: the periods used, and when they are due next."""
    used = calendars.used_periods_of(subscriber)
    if subscriber.cadence is not Cadence.INSTANT:  # an instant digest is for a dump, and uses no date
        used = used.including(slot, subscriber.cadence)
    return {
        "row_id": subscriber.id,
        "last_date": used.last_date,
        "last_week": used.last_week,
        "next_due": calendars.next_due(calendars.schedule_of(subscriber), now, used)
        or calendars.follow_up(subscriber, left_over, now),
    }
