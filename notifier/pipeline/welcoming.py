"""Plan the welcome mails of subscribers who have just confirmed.

A welcome mail says when the next digest comes, and holds the papers that the first digest would hold if it were due
now. Its row of the outbox and the move of the subscriber's cursor are committed together, as for a digest. So its
papers are in no later digest, unless it cannot be sent. Then the next one includes them. It uses no period: the first
digest comes when it is due, with the papers that have come since.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from notifier.config import Config
from notifier.digests import items
from notifier.digests.details import DigestDetails, encode_digest_details
from notifier.digests.periods import long_day
from notifier.models import DeliveryKind, RequestKind, Subscriber, SubscriberState
from notifier.pipeline.candidates import Candidates
from notifier.pipeline.choosing import PlannedDigest, choose_papers
from notifier.pipeline.tagging import tag_all
from notifier.store import expiring, outbox, reading, requests, retried, subscribers, topics, writing
from notifier.store.requests import Request
from notifier.subscribers import calendars
from notifier.topics import Catalogue

BATCH = 100


def plan_welcomes(engine: Engine, config: Config, now: datetime) -> int:
    """Plan the welcome mail of everybody who has confirmed and has none yet, and return how many were planned.

    A subscriber who changes at the same moment is left for the next call.
    """
    with reading(engine) as connection:
        waiting = requests.of_kind(connection, RequestKind.WELCOME, BATCH)
    if not waiting:
        return 0
    catalogue = tag_all(engine, config)
    return sum([_plan_one(engine, config, catalogue, each, now) for each in waiting])


class _Welcome(NamedTuple):
    """The papers of a welcome mail, and the candidates that they were chosen from."""

    request: Request
    planned: PlannedDigest
    candidates: Candidates


def _plan_one(engine: Engine, config: Config, tagged_with: Catalogue, request: Request, now: datetime) -> bool:
    """Plan one welcome mail, and return whether it was; a topic that has changed since papers were tagged delays it."""
    assert request.subscriber_id is not None, "the request for a welcome mail has no subscriber"
    with reading(engine) as connection:
        subscriber = subscribers.by_ids(connection, [request.subscriber_id]).get(request.subscriber_id)
        welcome: _Welcome | None = None
        if subscriber and subscriber.state is SubscriberState.ACTIVE:
            catalogue = topics.catalogue(connection, config)
            if catalogue.fingerprint != tagged_with.fingerprint:
                return False
            candidates = Candidates(connection, subscriber.cursor, catalogue, now)
            planned = _choose(connection, candidates, subscriber, config, now)
            welcome = _Welcome(request, planned, candidates) if planned else None
    if welcome is None:
        _delete_request(engine, request)
        return False
    return _store(engine, config, welcome, now)


def _choose(
    connection: Connection, candidates: Candidates, subscriber: Subscriber, config: Config, now: datetime
) -> PlannedDigest | None:
    """Return the papers of a welcome mail; None if an earlier digest of the subscriber cannot be read."""
    candidates.match_all(connection, subscriber.subscriptions)
    slot = calendars.Slot(now.astimezone(ZoneInfo(subscriber.timezone)).date(), now.isoformat(), now)
    return next(iter(choose_papers(connection, candidates, [(subscriber, slot)], config)), None)


@retried
def _delete_request(engine: Engine, request: Request) -> None:
    with writing(engine) as connection:
        requests.remove(connection, request.id)


@retried
def _store(engine: Engine, config: Config, welcome: _Welcome, now: datetime) -> bool:
    """Add the outbox row and move the cursor, unless the subscriber or their unsent digests have changed."""
    request, planned, candidates = welcome
    subscriber = planned.subscriber
    with writing(engine) as connection:
        still_waits = requests.get(connection, request.id, now, lock=True)
        current = subscribers.by_ids(connection, [subscriber.id], lock=True).get(subscriber.id)
        unsent = expiring.unsent_digests(connection, [subscriber.id], lock=True).get(subscriber.id, ())
        if still_waits is None or current != subscriber or unsent != planned.unsent:
            return False
        requests.remove(connection, request.id)
        expiring.mark_taken_in(connection, planned.unsent, now)
        outbox.add(connection, [_row(planned, config, now)])
        moved = {
            "cursor": max(subscriber.cursor, candidates.head),
            "last_dump": max(subscriber.last_dump, candidates.dump or 0),
            "left_over": planned.left_over,
            "next_due": subscriber.next_due or calendars.follow_up(subscriber, planned.left_over, now),
        }
        subscribers.update_subscriber(connection, subscriber.id, moved)
    return True


def _row(planned: PlannedDigest, config: Config, now: datetime) -> dict[str, object]:
    subscriber, chosen = planned.subscriber, planned.selection
    opening = _opening(subscriber, has_papers=chosen is not None)
    details = DigestDetails(opening, tuple(each.label for each in subscriber.subscriptions), planned.waiting)
    return {
        "subscriber_id": subscriber.id,
        "kind": DeliveryKind.WELCOME,
        "period": planned.slot.period,
        "recipient": subscriber.email,
        "message_id": outbox.new_message_id(config.mail.sender),
        "subject": f"Welcome to {config.mail.brand}",
        "items": items.encode(chosen.sections, chosen.rest) if chosen else items.NO_ITEMS,
        "details": encode_digest_details(details),
        "planned_at": now,
        **outbox.AWAITED,
    }


def _opening(subscriber: Subscriber, *, has_papers: bool) -> str:
    """Return the first sentences of a welcome mail."""
    if subscriber.next_due is None:
        when = "as soon as there are new ones"
    else:
        at = subscriber.next_due.astimezone(ZoneInfo(subscriber.timezone))
        when = f"on {long_day(at.date())} at {at:%H:%M} ({subscriber.timezone})"
    if has_papers:
        return f"Welcome. Here are your first papers. The next ones come {when}."
    if subscriber.next_due is None:
        return f"Welcome. Your first papers come {when}."
    return f"Welcome. Your first papers come {when}, if there are new ones by then."
