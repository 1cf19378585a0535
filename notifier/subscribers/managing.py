"""Change the subscriptions, with their names and order, and the schedule of a subscriber who has signed in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine

from notifier.config import Config, DigestConfig
from notifier.errors import UsageError
from notifier.models import Cadence, Subscriber
from notifier.store import retried, subscriptions, writing
from notifier.store.subscriptions import NewSubscription
from notifier.store.topics import catalogue_in_use
from notifier.subscribers.leaving import end_subscription
from notifier.subscribers.own_subscriptions import own_subscription, require_subscriber
from notifier.subscribers.requesting import MAX_SUBSCRIPTIONS
from notifier.subscribers.subscribing import (
    CheckedSignUp,
    SignUp,
    check_papers,
    check_settings,
    new_query,
    new_topic,
    parse_name,
    sign_up_all,
)
from notifier.text.words import TEXT_VERSION
from notifier.topics import Catalogue


@retried
def add_subscription(  # noqa: PLR0913
    engine: Engine,
    config: Config,
    subscriber_id: int,
    *,
    query: str | None = None,
    topic: str | None = None,
    name: str | None = None,
) -> Subscriber:
    """Add a query or a topic, and return the subscriber as stored.

    Raises UsageError or QueryError if it is not valid, if the subscriber has it already, or if they have too many.
    """
    new = _new_subscription(catalogue_in_use(engine, config), query, topic, name)
    with writing(engine) as connection:
        subscriber = require_subscriber(connection, subscriber_id)
        _refuse_repeated(subscriber, new)
        if len(subscriber.subscriptions) >= MAX_SUBSCRIPTIONS:
            raise UsageError(f"you have {MAX_SUBSCRIPTIONS} subscriptions, which is the limit; remove one first")
        check_papers(connection, [new])
        subscriptions.add(connection, {subscriber_id: [new]}, TEXT_VERSION)
        return require_subscriber(connection, subscriber_id)


@retried
def change_subscription(  # noqa: PLR0913
    engine: Engine,
    config: Config,
    subscriber_id: int,
    subscription_id: int,
    *,
    query: str | None = None,
    name: str | None = None,
) -> Subscriber:
    """Change the query or the name of a subscription, and return the subscriber as stored.

    None leaves a value as it is, and an empty name removes the name. Raises UsageError or QueryError if a value is not
    valid, if the subscriber does not have the subscription or has another one with this query, or if the subscription
    is to a topic.
    """
    new = None if query is None else new_query(query, catalogue_in_use(engine, config))
    checked_name = None if name is None else parse_name(name)
    with writing(engine) as connection:
        subscriber = require_subscriber(connection, subscriber_id)
        changed = own_subscription(subscriber, subscription_id)
        if new and changed.topic:
            raise UsageError("a topic has no query that you could change; remove it, and add a search")
        if new and new.canonical != changed.canonical:
            _refuse_repeated(subscriber, new)
        if new:
            check_papers(connection, [new])
            subscriptions.change(connection, changed, new, TEXT_VERSION)
        if checked_name is not None:
            subscriptions.rename(connection, subscription_id, checked_name or None)
        return require_subscriber(connection, subscriber_id)


@retried
def remove_subscription(engine: Engine, subscriber_id: int, subscription_id: int, now: datetime) -> Subscriber:
    """End one subscription, and return the subscriber as stored.

    The last one is kept, and the subscriber is unsubscribed instead, as by the link in a mail. Raises UsageError if the
    subscriber does not have it.
    """
    with writing(engine) as connection:
        subscriber = require_subscriber(connection, subscriber_id)
        end_subscription(connection, subscriber, own_subscription(subscriber, subscription_id), now)
        return require_subscriber(connection, subscriber_id)


@retried
def order_subscriptions(engine: Engine, subscriber_id: int, subscription_ids: Sequence[int]) -> Subscriber:
    """Put a subscriber's subscriptions into this order, which is that of the sections of their digests.

    Raises UsageError if these are not exactly their subscriptions, each once.
    """
    with writing(engine) as connection:
        subscriber = require_subscriber(connection, subscriber_id)
        if sorted(subscription_ids) != sorted(each.id for each in subscriber.subscriptions):
            raise UsageError("your subscriptions have changed in the meantime; load the page again")
        if subscription_ids:
            subscriptions.order(connection, subscription_ids)
        return require_subscriber(connection, subscriber_id)


@retried
def change_settings(  # noqa: PLR0913
    engine: Engine,
    subscriber_id: int,
    now: datetime,
    *,
    cadence: Cadence | None = None,
    hour: str | None = None,
    timezone: str | None = None,
    weekday: str | None = None,
) -> Subscriber:
    """Change a subscriber's schedule, and return the subscriber as stored; None leaves a value as it is.

    Raises UsageError if a value is wrong.
    """
    settings = check_settings(SignUp("", cadence=cadence, hour=hour, timezone=timezone, weekday=weekday))
    with writing(engine) as connection:
        subscriber = require_subscriber(connection, subscriber_id)
        sign_up_all(connection, [CheckedSignUp(subscriber.email, (), settings)], DigestConfig(), now)
        return require_subscriber(connection, subscriber_id)


def _new_subscription(catalogue: Catalogue, query: str | None, topic: str | None, name: str | None) -> NewSubscription:
    checked_name = None if name is None else parse_name(name)
    if query is not None and topic is None:
        return new_query(query, catalogue, checked_name)
    if topic is not None and query is None:
        return new_topic(topic, catalogue, checked_name)
    raise UsageError("give either a search or a topic")


def _refuse_repeated(subscriber: Subscriber, new: NewSubscription) -> None:
    """Raise UsageError if the subscriber has a subscription for the same query or topic."""
    for each in subscriber.subscriptions:
        if (each.canonical, each.topic) == (new.canonical, new.topic):
            raise UsageError(f"you have this already, as {each.label!r}; change that one, or give another search")
