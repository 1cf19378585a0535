"""Make the digest that one subscriber would get now, to show it or to send it to them as a test.

Nothing is written to the database: the cursor, the periods and the outbox stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine

from notifier.config import Config
from notifier.delivery import Outcome
from notifier.digests.periods import EARLIER
from notifier.digests.rows import digest_of_row
from notifier.digests.selection import select
from notifier.errors import ComposeError, UsageError
from notifier.models import Cadence, Digest, Mail, Subscriber, SubscriberState
from notifier.pipeline.candidates import Candidates
from notifier.pipeline.choosing import (
    DueSlot,
    PlannedDigest,
    choose,
    fitted_with_subjects,
    matched_papers,
    new_papers,
    notes_of,
)
from notifier.pipeline.dry_run import as_planned
from notifier.pipeline.planning import delivery_row, due_slots, instant_slot
from notifier.pipeline.tastes import read_orders
from notifier.sending import Sender, send_directly
from notifier.store import dumps, papers, reading, subscribers, topics
from notifier.subscribers import calendars, get_subscriber
from notifier.subscribers.activation import MAX_AGE_OF_FIRST_PAPERS, activated
from notifier.topics import Catalogue

TEST_MARK = "[Test] "  # begins the subject of a test
# If nothing is new, this many papers before the cursor are searched: first the smaller number, and if none of them
# matches, the larger one. The larger one limits the time and the memory of the search.
OLDER = (1_000, 10_000)


@dataclass(frozen=True, slots=True)
class NextDigest:
    """The digest that a subscriber would get now.

    `digest` is None if no paper matches. If `is_new` is false, nothing that matches is new to the subscriber, so they
    would get no digest; `digest` then holds the newest papers that match. For a subscriber who is not active, the
    digest is the one that they would get if they became active now. `is_due` is whether it is due, so that the next
    planning plans it. `has_papers` is whether any paper is stored.
    """

    subscriber: Subscriber
    digest: Digest | None
    is_new: bool
    is_due: bool
    has_papers: bool


def next_digest(engine: Engine, config: Config, email: str, now: datetime) -> NextDigest:
    """Return the digest that the subscriber with this address would get if it were planned at `now`.

    It is for the period that is due, or else for the next one. Raises UsageError if the address is not a subscriber's.
    """
    with reading(engine) as connection:
        catalogue = topics.catalogue(connection, config)
        stored = get_subscriber(connection, email, lock=False)
        subscriber = _as_planning_sees(connection, stored, now)
        active = _as_active(connection, subscriber, now)
        candidates = _candidates(connection, active, catalogue, now)
        due = due_slots(candidates, [active], now)
        slot = due[0] if due else (active, _next_slot(candidates, active, now))
        planned = _choose_one(connection, candidates, slot, config)
        is_new = planned.selection is not None
        if not is_new:
            planned = _with_newest(connection, planned, catalogue, config, now)
        has_papers = dumps.count_papers(connection) > 0
    digest = _digest(planned, config.mail.sender, now)
    return NextDigest(subscriber, digest, is_new, bool(due), has_papers)


def as_test(found: NextDigest) -> NextDigest:
    """Return the digest with the subject of a test. Raises UsageError if the subscriber gets no mail."""
    _refuse_unless_active(found.subscriber)
    digest = found.digest and replace(found.digest, subject=TEST_MARK + found.digest.subject)
    return replace(found, digest=digest)


def send_test(sender: Sender, found: NextDigest, mail: Mail) -> Outcome:
    """Send the mail of a test, and return the outcome, which is not stored.

    The outcome is CANCELLED if the subscriber has left in the meantime. Raises RelayError if the relay takes no mail
    now.
    """

    async def is_still_active() -> bool:
        with reading(sender.engine) as connection:
            current = subscribers.by_ids(connection, [found.subscriber.id]).values()
            return any(as_planned(connection, list(current), sender.clock()))

    return send_directly(sender, mail, is_still_active)


def _as_planning_sees(connection: Connection, stored: Subscriber, now: datetime) -> Subscriber:
    """Return a subscriber as planning sees them: active if their pause ends by `now`, with wrong dates corrected."""
    return next(as_planned(connection, [stored], now), stored)


def _as_active(connection: Connection, subscriber: Subscriber, now: datetime) -> Subscriber:
    """Return an active subscriber unchanged, and any other as if they became active at `now`."""
    if subscriber.state is SubscriberState.ACTIVE:
        return subscriber
    (active,) = activated(connection, [subscriber], now, now)
    return active


def _candidates(connection: Connection, subscriber: Subscriber, catalogue: Catalogue, now: datetime) -> Candidates:
    """Return the papers after the subscriber's cursor, matched with their subscriptions."""
    candidates = Candidates(connection, subscriber.cursor, catalogue, now, in_memory=True)
    candidates.match_all(connection, subscriber.subscriptions)
    return candidates


def _choose_one(connection: Connection, candidates: Candidates, slot: DueSlot, config: Config) -> PlannedDigest:
    """Return the digest that planning would choose for this slot now."""
    planned = choose(connection, candidates, [slot], config)
    if not planned:
        raise ComposeError(
            f"an earlier digest to {slot[0].email} waits in the outbox and cannot be read; "
            "restore its row from a backup, or hold it with `notifier deliveries hold ID`"
        )
    return planned[0]


def _next_slot(candidates: Candidates, subscriber: Subscriber, now: datetime) -> calendars.Slot:
    """Return the slot of a subscriber's next digest, if no digest is due now."""
    if subscriber.cadence is Cadence.INSTANT:
        return instant_slot(subscriber, candidates.dump or 0, now)
    slot = calendars.next_slot(calendars.schedule_of(subscriber), now, calendars.used_periods_of(subscriber))
    assert slot is not None, "every cadence except INSTANT has a next slot"
    return slot


def _with_newest(
    connection: Connection, planned: PlannedDigest, catalogue: Catalogue, config: Config, now: datetime
) -> PlannedDigest:
    """Return a digest with the newest papers that match, if any, whether or not earlier digests held them."""
    for cursor in _earlier_cursors(connection, planned.subscriber, now):
        earlier = replace(planned.subscriber, cursor=cursor)
        candidates = _candidates(connection, earlier, catalogue, now)
        limit, pins = config.digest.papers, candidates.pins
        matched = matched_papers(candidates, earlier)
        orders = read_orders(connection, [earlier], {earlier.id: matched}, candidates.papers)
        order = orders.of(earlier, limit, pins)
        newest = new_papers(matched, set(), pins, order)
        if found := select(newest, set(), candidates.words, limit, pins=notes_of(pins), arrange=order.arranged):
            planned = replace(planned, selection=found, is_new=False)
            return fitted_with_subjects(connection, candidates, [planned], config)[0]
    return planned


def _earlier_cursors(connection: Connection, subscriber: Subscriber, now: datetime) -> list[int]:
    """Return the cursors from which the newest papers are searched for, one after the other.

    The first is the cursor that a new subscriber would get by confirming at `now`. The others go back by OLDER.
    """
    at_confirmation, _ = papers.start_at(connection, now - MAX_AGE_OF_FIRST_PAPERS[subscriber.cadence], now, now)
    older = [max(0, subscriber.cursor - count) for count in OLDER]
    return [cursor for cursor in dict.fromkeys([at_confirmation, *older]) if cursor < subscriber.cursor]


def _digest(planned: PlannedDigest, sender: str, now: datetime) -> Digest | None:
    """Return the message that `deliver` would make of the outbox row of a planned digest."""
    if planned.selection is None:
        return None
    digest = digest_of_row({"id": None, **delivery_row(planned, sender, now)})
    return digest if planned.is_new else replace(digest, opening=EARLIER.opening)


def _refuse_unless_active(subscriber: Subscriber) -> None:
    if subscriber.state is SubscriberState.ACTIVE:
        return
    match subscriber.state:
        case SubscriberState.PAUSED:
            cure = "`notifier resume {}` ends the pause"
        case SubscriberState.SUPPRESSED:
            cure = "if the address is right, run `notifier reinstate {}`"
        case _:
            cure = "if they agree, run `notifier subscribe {} --confirmed`"
    email = subscriber.email
    raise UsageError(f"{email} is {subscriber.state} and gets no mail, not even a test; {cure.format(email)}")
