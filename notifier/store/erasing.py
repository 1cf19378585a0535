"""Erasing subscribers: all their rows are deleted, and only a fingerprint of the address is kept.

The fingerprint prevents an import from adding the address again. It is deleted when the person signs up again.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, delete, insert, select

from notifier.models import Subscriber
from notifier.store.statements import batches
from notifier.store.subscriptions import delete_unused_queries
from notifier.store.tables import delivery, erased, subscriber, subscription, suppression
from notifier.text.addresses import address_key


def erase(connection: Connection, person: Subscriber, now: datetime) -> int:
    """Delete a subscriber with all subscriptions, suppressions and deliveries, and the queries that nobody else uses.

    Returns the number of deliveries deleted. A mail that is being sent at this moment may still arrive.
    """
    connection.execute(delete(subscription).where(subscription.c.subscriber_id == person.id))
    delete_unused_queries(connection, {each.query_id for each in person.subscriptions if each.query_id is not None})
    connection.execute(delete(suppression).where(suppression.c.subscriber_id == person.id))
    messages = connection.execute(delete(delivery).where(delivery.c.subscriber_id == person.id)).rowcount
    connection.execute(delete(subscriber).where(subscriber.c.id == person.id))
    connection.execute(insert(erased).values(fingerprint=_fingerprint(person.email), at=now))
    return messages


def erased_among(connection: Connection, emails: Collection[str]) -> set[str]:
    """Return the keys (see addresses.address_key) of the addresses in `emails` that were erased."""
    keys = {_fingerprint(email): address_key(email) for email in emails}
    found: set[str] = set()
    for batch in batches(keys):
        known = select(erased.c.fingerprint).where(erased.c.fingerprint.in_(batch))
        found.update(keys[fingerprint] for fingerprint in connection.scalars(known))
    return found


def delete_fingerprints(connection: Connection, emails: Collection[str]) -> None:
    """Delete the fingerprints of these addresses, whose owners have signed up again."""
    for batch in batches(map(_fingerprint, emails)):
        connection.execute(delete(erased).where(erased.c.fingerprint.in_(batch)))


def _fingerprint(email: str) -> str:
    return sha256(address_key(email).encode()).hexdigest()
