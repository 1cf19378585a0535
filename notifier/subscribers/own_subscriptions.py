"""Read a subscriber who must exist, and one of their subscriptions."""

from __future__ import annotations

from sqlalchemy import Connection

from notifier.errors import UsageError
from notifier.models import Subscriber, Subscription
from notifier.store import subscribers


def require_subscriber(connection: Connection, subscriber_id: int, *, lock: bool = True) -> Subscriber:
    """Return the subscriber with this id, locked until this transaction ends. Raises UsageError if they are gone.

    In a read transaction, `lock` must be false.
    """
    found = subscribers.by_ids(connection, [subscriber_id], lock=lock).get(subscriber_id)
    if found is None:
        raise UsageError("this subscriber has been deleted; sign up again")
    return found


def own_subscription(subscriber: Subscriber, subscription_id: int) -> Subscription:
    """Return the subscription with this id. Raises UsageError if the subscriber does not have it (any more)."""
    found = next((each for each in subscriber.subscriptions if each.id == subscription_id), None)
    if found is None:
        raise UsageError("you do not have this subscription any more; load the page again")
    return found
