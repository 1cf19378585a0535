"""Step 2: each subscriber who is due gets one digest. Its outbox row and the move of the cursor commit together.

Matching comes first, in a read view of the store; then at most BATCH subscribers are committed at a time, each only if
it still is what it was when its digest was chosen. Whoever was planned meanwhile by another process is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parseaddr
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine

from notifier import calendars, matching, queries
from notifier.config import Config
from notifier.digests import items, periods, selection
from notifier.models import DeliveryKind, DeliveryState, Paper, Spans, Subscriber, Subscription
from notifier.pipeline.ranking import rank
from notifier.pipeline.tagging import tag
from notifier.store import outbox, papers, subscribers, tags
from notifier.store.engine import reading, writing
from notifier.topics import RESERVED, TRENDING, Catalogue, catalogue_of

BATCH = 500
TRENDING_PAPERS = 10


@dataclass(frozen=True, slots=True)
class Planned:
    """How many subscribers were due, how many digests were written for them, and how many periods had nothing new."""

    due: int = 0
    digests: int = 0
    skipped: int = 0

    def __add__(self, other: Planned) -> Planned:
        return Planned(self.due + other.due, self.digests + other.digests, self.skipped + other.skipped)


@dataclass(frozen=True, slots=True)
class _Choice:
    """What one subscriber is to get for one period; `selection` is None where there is nothing new."""

    subscriber: Subscriber
    slot: calendars.Slot
    selection: selection.Selection | None


class _Window:
    """The papers that the due subscribers may be told about, best first, matched with each distinct query once."""

    def __init__(self, connection: Connection, cursor: int, catalogue: Catalogue, today: date) -> None:
        self.head = _tagged_head(connection, catalogue)
        found = papers.papers_after(connection, cursor, self.head)
        self.papers = [ranked.paper for ranked in rank(connection, found, today)]
        self.announced_again = papers.announced_again(connection, cursor)
        self._catalogue = catalogue
        self._index = matching.index(self.papers)
        self._matches: dict[str, list[Paper]] = {}
        self._marks: dict[tuple[str, int], Spans] = {}

    def matches(self, subscription: Subscription) -> list[Paper]:
        """All papers of the window that a query is true of, or that bear a topic."""
        if subscription.topic in RESERVED:
            return self.papers
        asked = subscription.canonical or f"topic:{subscription.topic}"
        if asked not in self._matches:
            found = self._index.match(queries.parse(asked))
            self._matches[asked] = [self.papers[place] for place in found]
        return self._matches[asked]

    def marks(self, subscription: Subscription, paper: Paper) -> Spans:
        """Where the words of a query stand in a paper."""
        topic = self._catalogue.topics.get(subscription.topic or "")
        asked = topic.query if topic else subscription.canonical
        if asked is None:
            return Spans()
        if (asked, paper.id) not in self._marks:
            self._marks[asked, paper.id] = matching.spans(queries.parse(asked), paper)
        return self._marks[asked, paper.id]


def plan(engine: Engine, config: Config, now: datetime) -> Planned:
    """Plan the digests of all who are due at `now`."""
    catalogue = catalogue_of(config)
    tag(engine, catalogue)
    with reading(engine) as connection:
        cursor = subscribers.oldest_cursor_due(connection, now)
        if cursor is None:
            return Planned()
        window = _Window(connection, cursor, catalogue, now.date())
    total = Planned()
    for batch in _due(engine, now):
        with reading(engine) as connection:
            choices = [_choose(connection, window, each, config.digest.papers, now) for each in batch]
        with writing(engine) as connection:
            total += _commit(connection, [choice for choice in choices if choice], window.head, config, now)
    return total


def _tagged_head(connection: Connection, catalogue: Catalogue) -> int:
    """The newest sequence number up to which all papers are tagged: a paper that came this moment waits its turn."""
    first = tags.first_untagged(connection, catalogue.fingerprint)
    return papers.head(connection) if first is None else first - 1


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
    connection: Connection, window: _Window, subscriber: Subscriber, limit: int, now: datetime
) -> _Choice | None:
    if subscriber.confirmed_at is None:
        return None
    schedule, used = calendars.schedule_of(subscriber), calendars.used_by(subscriber)
    slot = calendars.due(schedule, now, subscriber.confirmed_at, used)
    if slot is None:
        return None
    held = _held(connection, window, subscriber)
    matched = [(each, _new(each, window.matches(each), subscriber.cursor, held)) for each in subscriber.subscriptions]
    return _Choice(subscriber, slot, selection.select(matched, held, window.marks, limit))


def _new(subscription: Subscription, matched: Iterable[Paper], cursor: int, held: set[int]) -> list[Paper]:
    new = [paper for paper in matched if paper.sequence > cursor and paper.id not in held]
    return new[:TRENDING_PAPERS] if subscription.topic == TRENDING else new


def _held(connection: Connection, window: _Window, subscriber: Subscriber) -> set[int]:
    """What the subscriber was told of the papers that are announced again; no other paper can have been told."""
    if not window.announced_again:
        return set()
    told = set().union(*map(items.paper_ids, outbox.held_items(connection, subscriber.id)))
    return papers.current_ids(connection, told) & window.announced_again


def _commit(connection: Connection, choices: list[_Choice], head: int, config: Config, now: datetime) -> Planned:
    """Write the digests of those subscribers who are still what they were when these were chosen."""
    current = subscribers.again(connection, [choice.subscriber.id for choice in choices])
    valid = [choice for choice in choices if current.get(choice.subscriber.id) == choice.subscriber]
    outbox.add(connection, [_row(choice, config.mail.sender, now) for choice in valid])
    subscribers.move_cursors(connection, [_move(choice, head, now) for choice in valid])
    digests = sum(choice.selection is not None for choice in valid)
    return Planned(len(valid), digests, len(valid) - digests)


def _row(choice: _Choice, sender: str, now: datetime) -> dict[str, Any]:
    chosen = choice.selection
    return {
        "subscriber_id": choice.subscriber.id,
        "kind": DeliveryKind.DIGEST,
        "period": choice.slot.period,
        "recipient": choice.subscriber.email,
        "message_id": f"<{uuid4().hex}@{parseaddr(sender)[1].rpartition('@')[2]}>",
        "subject": periods.occasion(choice.slot.period, choice.slot.local_date).subject,
        "items": items.dumps(chosen.sections, chosen.rest) if chosen else items.dumps((), ()),
        "planned_at": now,
        "state": DeliveryState.PENDING if chosen else DeliveryState.SKIPPED,
        "next_try": outbox.AT_ONCE if chosen else None,
    }


def _move(choice: _Choice, head: int, now: datetime) -> dict[str, Any]:
    subscriber = choice.subscriber
    used = calendars.used_by(subscriber).including(choice.slot, subscriber.cadence)
    return {
        "row_id": subscriber.id,
        "cursor": max(subscriber.cursor, head),
        "last_date": used.last_date,
        "last_week": used.last_week,
        "next_due": calendars.next_due(calendars.schedule_of(subscriber), now, used),
    }
