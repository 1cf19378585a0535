"""Let subscribers leave: end all their mail or one subscription, and erase them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine

from notifier import queries
from notifier.errors import UsageError
from notifier.models import EventType, Subscriber, SubscriberState, Subscription
from notifier.store import erasing, events, outbox, retried, subscribers, subscriptions, suppressions, writing
from notifier.store.subscriptions import NewSubscription
from notifier.store.suppressions import NewSuppression
from notifier.subscribers.subscribing import SignUp, get_subscriber

# Nobody was told of the others when they signed up, so nobody is told when they leave.
_CONFIRMED = (SubscriberState.ACTIVE, SubscriberState.PAUSED, SubscriberState.SUPPRESSED)


@retried
def unsubscribe(engine: Engine, email: str, now: datetime) -> Subscriber:
    """End all mail to this address, cancel what waits in the outbox, and return the subscriber as stored.

    Raises UsageError if the address is not a subscriber's.
    """
    with writing(engine) as connection:
        deactivate(connection, get_subscriber(connection, email), SubscriberState.UNSUBSCRIBED, now)
        return get_subscriber(connection, email)


@retried
def unsubscribe_from_all(engine: Engine, subscriber_id: int, now: datetime) -> Subscriber | None:
    """Unsubscribe the subscriber with this id, and return the subscriber as they were before; None if there is none."""
    with writing(engine) as connection:
        found = subscribers.by_ids(connection, [subscriber_id], lock=True).get(subscriber_id)
        if found:
            deactivate(connection, found, SubscriberState.UNSUBSCRIBED, now)
        return found


@retried
def unsubscribe_from_one(engine: Engine, subscription_id: int, now: datetime) -> Subscriber | None:
    """End one subscription, and return its subscriber as they were before; None if there is no such subscription.

    If it is the subscriber's last subscription, the subscriber is unsubscribed instead, and the subscription is kept.
    So the subscription is still there if they sign up again.
    """
    with writing(engine) as connection:
        found = subscribers.of_subscription(connection, subscription_id, lock=True)
        if found:
            ended = next(one for one in found.subscriptions if one.id == subscription_id)
            end_subscription(connection, found, ended, now)
        return found


@retried
def unsubscribe_from(engine: Engine, email: str, wanted: SignUp, now: datetime) -> Subscriber:
    """End the subscription for the only query or topic of `wanted`, and return the subscriber as stored.

    A query need not be written as the subscriber wrote it: queries that ask for the same are the same. If it is the
    last subscription, the subscriber is unsubscribed instead. Raises UsageError or QueryError if the query is not
    valid, if the address is not a subscriber's, or if they have no such subscription.
    """
    queried = [NewSubscription(text, canonical=queries.canonical(queries.parse(text))) for text in wanted.queries]
    (asked,) = [*queried, *[NewSubscription("", topic=slug) for slug in wanted.topics]]
    with writing(engine) as connection:
        subscriber = get_subscriber(connection, email)
        target = asked.canonical, asked.topic
        found = [one for one in subscriber.subscriptions if (one.canonical, one.topic) == target]
        if not found:
            has = ", ".join(one.query or f"topic {one.topic}" for one in subscriber.subscriptions)
            raise UsageError(f"{email} is not subscribed to {asked.label or f'topic {asked.topic}'}; they have: {has}")
        end_subscription(connection, subscriber, found[0], now)
        return get_subscriber(connection, email)


def end_subscription(connection: Connection, subscriber: Subscriber, ended: Subscription, now: datetime) -> None:
    """End one subscription of a subscriber; the last one is kept, and the subscriber is unsubscribed instead."""
    if len(subscriber.subscriptions) > 1:
        subscriptions.remove(connection, ended)
    else:
        deactivate(connection, subscriber, SubscriberState.UNSUBSCRIBED, now)


def deactivate(connection: Connection, subscriber: Subscriber, state: SubscriberState, now: datetime) -> None:
    """Give a subscriber a state in which they get no mail, and cancel what waits in the outbox."""
    if state is SubscriberState.SUPPRESSED:
        suppressions.suppress(connection, [NewSuppression(subscriber.id, "suppressed by an import")], now)
    else:
        subscribers.update_subscriber(connection, subscriber.id, {"state": state, "next_due": None})
        if subscriber.state in _CONFIRMED:
            told = [(subscriber.id, subscriber.email)]
            events.record_subscribers(connection, EventType.SUBSCRIBER_UNSUBSCRIBED, told, now)
    outbox.cancel_for(connection, subscriber.id, now)


@retried
def erase(engine: Engine, email: str, now: datetime) -> int:
    """Delete a subscriber with all settings, subscriptions and messages, and return how many messages were deleted.

    A fingerprint of the address is kept, so that no import adds it again. A sign-up may still add it. Raises UsageError
    if the address is not a subscriber's.
    """
    with writing(engine) as connection:
        return erasing.erase(connection, get_subscriber(connection, email), now)
