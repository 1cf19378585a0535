"""Give subscribers private feeds: their papers for a feed reader, at URLs that only the subscriber knows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from notifier.models import Subscriber, SubscriberState
from notifier.signing import Grant, LinkPurpose
from notifier.store import private_feeds, reading, retried, subscribers, writing
from notifier.subscribers.own_subscriptions import require_subscriber


def private_feeds_grant(engine: Engine, subscriber_id: int) -> Grant | None:
    """Return the grant that is signed in the links to a subscriber's private feeds; None if there are none."""
    with reading(engine) as connection:
        feed_id = private_feeds.of_subscriber(connection, subscriber_id)
    return Grant(LinkPurpose.FEED, feed_id) if feed_id else None


@retried
def renew_private_feed(engine: Engine, subscriber_id: int, now: datetime) -> Grant:
    """Give a subscriber private feeds at new URLs, and return their grant. The old URLs stop working.

    Raises UsageError if the subscriber is gone.
    """
    with writing(engine) as connection:
        require_subscriber(connection, subscriber_id)
        return Grant(LinkPurpose.FEED, private_feeds.replace(connection, subscriber_id, now))


@retried
def remove_private_feed(engine: Engine, subscriber_id: int) -> None:
    """End a subscriber's private feeds."""
    with writing(engine) as connection:
        private_feeds.remove(connection, subscriber_id)


def subscriber_of_private_feed(engine: Engine, grant: Grant) -> Subscriber | None:
    """Return the subscriber whose private feeds a grant gives access to; None if these feeds have ended.

    The feeds have ended if the subscriber has unsubscribed, was erased, or has asked for new feeds. Somebody who
    unsubscribes and comes back has the same feeds as before. A pause ends no feed, and neither does a suppression.
    """
    if grant.purpose is not LinkPurpose.FEED:
        return None
    with reading(engine) as connection:
        subscriber_id = private_feeds.subscriber_id_of(connection, grant.row_id)
        found = subscribers.by_ids(connection, [subscriber_id]).get(subscriber_id) if subscriber_id else None
    return None if found and found.state is SubscriberState.UNSUBSCRIBED else found
