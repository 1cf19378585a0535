"""Erasing readers: every row of theirs goes, and of the address there stays a fingerprint.

The fingerprint serves one end: that no list brings back who asked to be forgotten. It goes when they sign up again.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, delete, insert, select

from notifier.models import Subscriber
from notifier.store.statements import batches
from notifier.store.subscriptions import drop_unasked
from notifier.store.tables import delivery, erased, subscriber, subscription
from notifier.text.addresses import address_key


def erase(connection: Connection, one: Subscriber, now: datetime) -> int:
    """Delete a subscriber with all messages, subscriptions, and the queries that nobody else asks.

    Returns how many messages that were; one on the wire may finish.
    """
    connection.execute(delete(subscription).where(subscription.c.subscriber_id == one.id))
    drop_unasked(connection, {each.query_id for each in one.subscriptions if each.query_id is not None})
    messages = connection.execute(delete(delivery).where(delivery.c.subscriber_id == one.id)).rowcount
    connection.execute(delete(subscriber).where(subscriber.c.id == one.id))
    connection.execute(insert(erased).values(fingerprint=_fingerprint(one.email), at=now))
    return messages


def erased_among(connection: Connection, emails: Collection[str]) -> set[str]:
    """Those of these addresses that were erased, as addresses.same_reader folds them."""
    readers = {_fingerprint(email): address_key(email) for email in emails}
    found: set[str] = set()
    for some in batches(readers):
        known = select(erased.c.fingerprint).where(erased.c.fingerprint.in_(some))
        found.update(readers[fingerprint] for fingerprint in connection.scalars(known))
    return found


def forget(connection: Connection, emails: Collection[str]) -> None:
    """Forget that these addresses were erased: they came back."""
    for some in batches(map(_fingerprint, emails)):
        connection.execute(delete(erased).where(erased.c.fingerprint.in_(some)))


def _fingerprint(email: str) -> str:
    return sha256(address_key(email).encode()).hexdigest()
