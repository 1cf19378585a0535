"""Take suppressions back, so that subscribers whose addresses were refused by mistake get mail again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from notifier.errors import UsageError
from notifier.models import EventType, Subscriber, SubscriberState
from notifier.store import events, reading, retried, subscribers, suppressions, writing
from notifier.store.suppressions import SuppressedSubscriber
from notifier.subscribers import activation
from notifier.subscribers.subscribing import get_subscriber

BATCH = 500  # subscribers in one transaction


@dataclass(frozen=True, slots=True)
class SuppressedChoice:
    """The conditions that choose suppressed subscribers to reinstate; all that are given must hold.

    `emails` chooses by address. `since` chooses those who were suppressed at that instant or later. `reply` chooses
    those whose reply contains this text, in upper or lower case.
    """

    emails: tuple[str, ...] = ()
    since: datetime | None = None
    reply: str = ""


@dataclass(frozen=True, slots=True)
class ReinstatedSubscriber:
    """A subscriber whose suppression was taken back: the new state, and since when and why they were suppressed."""

    email: str
    state: SubscriberState
    suppressed_at: datetime | None
    reply: str


@dataclass(frozen=True, slots=True)
class ReinstateReport:
    """The reinstated subscribers, and the given addresses whose subscribers were not reinstated.

    `unchanged` has the addresses of those who are not suppressed, or for whom another condition does not hold. After a
    dry run, `subscribers` are those who would be reinstated.
    """

    reinstated: int
    dry_run: bool
    subscribers: list[ReinstatedSubscriber]
    unchanged: list[str]


def reinstate(engine: Engine, choice: SuppressedChoice, now: datetime, *, dry_run: bool = False) -> ReinstateReport:
    """Take back the suppressions of the chosen subscribers, and return what was done.

    Raises UsageError, and changes nothing, if no condition is given or an address belongs to no subscriber.
    """
    if choice == SuppressedChoice():
        raise UsageError(
            "choose who is reinstated: give addresses, --since or --reply; --dry-run shows whom they choose"
        )
    with reading(engine) as connection:
        named = {one.id: one for one in (get_subscriber(connection, email, lock=False) for email in choice.emails)}
        chosen = suppressions.suppressed(connection, choice.since, choice.reply, list(named) if choice.emails else None)
        if dry_run:
            people = subscribers.by_ids(connection, [each.subscriber_id for each in chosen])
            done = [_reinstated(each, people[each.subscriber_id], now) for each in chosen]
    if not dry_run:
        done = []
        for start in range(0, len(chosen), BATCH):
            done += _reinstate_batch(engine, chosen[start : start + BATCH], now)
    emails_done = {each.email for each in done}
    unchanged = [one.email for one in named.values() if one.email not in emails_done]
    return ReinstateReport(0 if dry_run else len(done), dry_run, done, unchanged)


@retried
def _reinstate_batch(
    engine: Engine, chosen: Sequence[SuppressedSubscriber], now: datetime
) -> list[ReinstatedSubscriber]:
    with writing(engine) as connection:
        return reinstate_all(connection, chosen, now)


def reinstate_all(
    connection: Connection, chosen: Sequence[SuppressedSubscriber], now: datetime
) -> list[ReinstatedSubscriber]:
    """Reinstate those of the chosen subscribers who are still suppressed for the same reason, and return them.

    Each of them gets the state from before the suppression. The digests of an active subscriber go on as after a pause:
    see activation.activate. A pause that is not over goes on; if it is over, the subscriber is active. A subscriber who
    had not yet agreed to get mail is PENDING again.
    """
    locked = suppressions.lock_suppressed(connection, [each.subscriber_id for each in chosen])
    people = subscribers.by_ids(connection, locked)
    # The subscribers were chosen before they were locked, so the reason may be another one by now.
    unchanged = set(suppressions.suppressed(connection, among=locked))
    done = [
        (people[each.subscriber_id], _reinstated(each, people[each.subscriber_id], now))
        for each in chosen
        if each in unchanged
    ]
    activation.activate(connection, [one for one, after in done if after.state is SubscriberState.ACTIVE], now, now)
    others = [(one, after) for one, after in done if after.state is not SubscriberState.ACTIVE]
    subscribers.update_many(connection, [{"row_id": one.id, "state": after.state} for one, after in others])
    told = [(one.id, one.email) for one, after in done if after.state is not SubscriberState.PENDING]
    events.record_subscribers(connection, EventType.SUBSCRIBER_CONFIRMED, told, now)
    return [after for _, after in done]


def _reinstated(each: SuppressedSubscriber, subscriber: Subscriber, now: datetime) -> ReinstatedSubscriber:
    return ReinstatedSubscriber(subscriber.email, _state_after(each, subscriber, now), each.at, each.reply)


def _state_after(each: SuppressedSubscriber, subscriber: Subscriber, now: datetime) -> SubscriberState:
    if subscriber.confirmed_at is None:
        return SubscriberState.PENDING
    end = subscriber.paused_until
    if each.state_before is SubscriberState.PAUSED and (end is None or end > now):
        return SubscriberState.PAUSED
    return SubscriberState.ACTIVE
