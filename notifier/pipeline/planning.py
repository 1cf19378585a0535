"""Step 2: each subscriber who is due gets one digest. Its outbox row and the move of the cursor commit together.

Matching comes first, in a read view of the store; then at most BATCH subscribers are committed at a time, each only if
it still is what it was when its digest was chosen. Whoever was planned meanwhile by another process is left alone.

Instant readers are due when there is a dump that their digests have not taken into account: nothing has to wake them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parseaddr
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from notifier.config import Config
from notifier.digests import items, periods, selection
from notifier.digests.selection import add_unsent
from notifier.errors import ComposeError
from notifier.models import Cadence, DeliveryKind, DeliveryState, Paper, Subscriber, Subscription
from notifier.pipeline.candidates import Candidates
from notifier.pipeline.tagging import tag
from notifier.store import expiring, outbox, papers, reading, subscribers, writing
from notifier.store.expiring import UnsentDigest
from notifier.subscribers import calendars, end_pauses
from notifier.topics import TRENDING, catalogue_of

BATCH = 500
TRENDING_PAPERS = 10


@dataclass(frozen=True, slots=True)
class PlanReport:
    """How many subscribers were due, how many digests were written for them, and how many periods had nothing new."""

    due: int = 0
    digests: int = 0
    skipped: int = 0

    def __add__(self, other: PlanReport) -> PlanReport:
        return PlanReport(self.due + other.due, self.digests + other.digests, self.skipped + other.skipped)


_Matched = list[tuple[Subscription, list[Paper]]]


@dataclass(frozen=True, slots=True)
class _PlannedDigest:
    """What one subscriber is to get for one period; `selection` is None where there is nothing new.

    `unsent` are the digests that never reached them, whose papers it holds too.
    """

    subscriber: Subscriber
    slot: calendars.Occurrence
    selection: selection.Selection | None
    unsent: tuple[UnsentDigest, ...] = ()


def plan(engine: Engine, config: Config, now: datetime) -> PlanReport:
    """Plan the digests of all who are due at `now`."""
    catalogue = catalogue_of(config)
    tag(engine, catalogue)
    end_pauses(engine, now)
    with reading(engine) as connection:
        cursor = subscribers.oldest_cursor_due(connection, now)
        if cursor is None:
            return PlanReport()
        window = Candidates(connection, cursor, catalogue, now.date())
    total = PlanReport()
    for batch in _due(engine, now):
        window.match(asked for each in batch for asked in each.subscriptions)
        with reading(engine) as connection:
            chosen = _choose(connection, window, batch, config.digest.papers, now)
            choices = _with_unsent(connection, chosen, config.digest.papers)
        with writing(engine) as connection:
            total += _commit(connection, choices, window, config, now)
    return total


def _due(engine: Engine, now: datetime) -> Iterator[list[Subscriber]]:
    """Everyone who is due, BATCH at a time."""
    last = 0
    while True:
        with reading(engine) as connection:
            batch = subscribers.due(connection, now, after=last, limit=BATCH)
        if not batch:
            return
        yield batch
        last = batch[-1].id


def _choose(
    connection: Connection, window: Candidates, batch: Iterable[Subscriber], limit: int, now: datetime
) -> list[_PlannedDigest]:
    slots = [(each, slot) for each in batch if (slot := _slot(window, each, now))]
    matched = {each.id: _matched(window, each) for each, _ in slots}
    held = _held(connection, window, matched)
    return [
        _PlannedDigest(
            each, slot, selection.select(_new(matched[each.id], held[each.id]), held[each.id], window.marks, limit)
        )
        for each, slot in slots
    ]


def _with_unsent(connection: Connection, choices: list[_PlannedDigest], limit: int) -> list[_PlannedDigest]:
    """The choices with what the digests hold that never reached their readers.

    Whoever has one that cannot be read is left out for now: it stops nobody else, and `deliver` sets it aside.
    """
    found = expiring.unsent(connection, [choice.subscriber.id for choice in choices])
    rolled = []
    for choice in choices:
        unsent = found.get(choice.subscriber.id, ())
        with suppress(ComposeError):
            older = [selection.Selection(*items.loads(each.items)) for each in unsent]
            rolled.append(replace(choice, selection=add_unsent(choice.selection, older, limit), unsent=unsent))
    return rolled


def _slot(window: Candidates, subscriber: Subscriber, now: datetime) -> calendars.Occurrence | None:
    """What is due to a subscriber: the newest dump, or the latest slot of their calendar.

    Nothing yet, where the window was made before they became due and does not reach back to their cursor.
    """
    if subscriber.cursor < window.cursor or subscriber.active_since is None:
        return None
    if subscriber.cadence is Cadence.INSTANT:
        if window.dump is None or window.dump <= subscriber.last_dump:
            return None
        return calendars.Occurrence(now.astimezone(ZoneInfo(subscriber.timezone)).date(), f"dump:{window.dump}", now)
    schedule, used = calendars.schedule_of(subscriber), calendars.used_periods_of(subscriber)
    return calendars.due(schedule, now, subscriber.active_since, used)


def _matched(window: Candidates, subscriber: Subscriber) -> _Matched:
    """What each of their subscriptions matches among the papers after their cursor."""
    return [
        (each, [paper for paper in window.matches(each) if paper.sequence > subscriber.cursor])
        for each in subscriber.subscriptions
    ]


def _new(matched: _Matched, held: set[int]) -> _Matched:
    """What of this they were not told of; of what is trending, the best."""
    new = [(each, [paper for paper in found if paper.id not in held]) for each, found in matched]
    return [(each, found[:TRENDING_PAPERS] if each.topic == TRENDING else found) for each, found in new]


def _held(connection: Connection, window: Candidates, matched: Mapping[int, _Matched]) -> dict[int, set[int]]:
    """By subscriber: what they were told of the papers that are announced again; no other can have been told."""
    held: dict[int, set[int]] = {subscriber_id: set() for subscriber_id in matched}
    doubtful = [subscriber_id for subscriber_id, each in matched.items() if window.is_announced_again(each)]
    if doubtful:
        told = outbox.held_items(connection, doubtful, window.announced_again_since)
        for subscriber_id, texts in told.items():
            found = set().union(*map(items.paper_ids, texts))
            held[subscriber_id] = papers.current_ids(connection, found) & window.announced_again
    return held


def _commit(
    connection: Connection, choices: list[_PlannedDigest], window: Candidates, config: Config, now: datetime
) -> PlanReport:
    """Write the digests of those subscribers who are still what they were when these were chosen."""
    ids = [choice.subscriber.id for choice in choices]
    current, unsent = subscribers.again(connection, ids), expiring.unsent(connection, ids, lock=True)
    valid = [
        choice
        for choice in choices
        if current.get(choice.subscriber.id) == choice.subscriber
        and unsent.get(choice.subscriber.id, ()) == choice.unsent
    ]
    expiring.expire_as_taken_in(connection, [each for choice in valid for each in choice.unsent], now)
    outbox.add(connection, [_row(choice, config.mail.sender, now) for choice in valid])
    subscribers.update_many(connection, [_move(choice, window, now) for choice in valid])
    digests = sum(choice.selection is not None for choice in valid)
    return PlanReport(len(valid), digests, len(valid) - digests)


def _row(choice: _PlannedDigest, sender: str, now: datetime) -> dict[str, Any]:
    chosen = choice.selection
    return {
        "subscriber_id": choice.subscriber.id,
        "kind": DeliveryKind.DIGEST,
        "period": choice.slot.period,
        "recipient": choice.subscriber.email,
        "message_id": f"<{uuid4().hex}@{parseaddr(sender)[1].rpartition('@')[2]}>",
        "subject": periods.wording_of(choice.slot.period, choice.slot.local_date).subject,
        "items": items.dumps(chosen.sections, chosen.rest) if chosen else items.dumps((), ()),
        "planned_at": now,
        "state": DeliveryState.PENDING if chosen else DeliveryState.SKIPPED,
        "next_try": outbox.AT_ONCE if chosen else None,
    }


def _move(choice: _PlannedDigest, window: Candidates, now: datetime) -> dict[str, Any]:
    subscriber, used = choice.subscriber, calendars.used_periods_of(choice.subscriber)
    if subscriber.cadence is not Cadence.INSTANT:  # a dump uses no date
        used = used.including(choice.slot, subscriber.cadence)
    return {
        "row_id": subscriber.id,
        "cursor": max(subscriber.cursor, window.head),
        "last_dump": max(subscriber.last_dump, window.dump or 0),
        "last_date": used.last_date,
        "last_week": used.last_week,
        "next_due": calendars.next_due(calendars.schedule_of(subscriber), now, used),
    }
