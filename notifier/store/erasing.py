"""Erase subscribers: delete all their rows, and keep only a fingerprint of the address.

The fingerprint prevents an import from adding the address again. It is deleted when the person signs up again.

Fingerprints that were stored before migration 0017 are hashes of folded addresses. `straße.example` and
`strasse.example` have the same folded address. Such a fingerprint counts for every address with this folded form.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, delete, insert, select

from notifier.models import ERASED, Subscriber
from notifier.store import (
    admin_log,
    curation,
    events,
    feedback,
    kept_rows,
    requests,
    returned,
    stored_answers,
    topics,
    votes,
)
from notifier.store.statements import batches
from notifier.store.subscriptions import delete_unused_queries
from notifier.store.tables import delivery, erased_address, subscriber, subscription, suppression
from notifier.text.addresses import address_key


def erase(connection: Connection, person: Subscriber, now: datetime) -> int:
    """Delete a subscriber with all that belongs to them, and the queries that nobody else uses.

    This deletes subscriptions, suppressions, sessions, requests, messages that came back, votes, feedback, answers of
    the API, and deliveries, including the notices to the address, and takes the subscriber out of all events. Returns
    the number of deliveries deleted. A mail that is being sent at this moment may still arrive. What the subscriber did
    as a curator or administrator, and what administrators did to them, stays in the logs, without the address.
    """
    connection.execute(delete(subscription).where(subscription.c.subscriber_id == person.id))
    delete_unused_queries(connection, {each.query_id for each in person.subscriptions if each.query_id is not None})
    connection.execute(delete(suppression).where(suppression.c.subscriber_id == person.id))
    messages = connection.execute(delete(delivery).where(delivery.c.subscriber_id == person.id)).rowcount
    notices = delivery.c.recipient.in_(requests.addresses_of(connection, person))
    messages += connection.execute(delete(delivery).where(requests.is_notice(), notices)).rowcount
    requests.delete_of(connection, person)
    returned.delete_of(connection, person.id, person.email)
    votes.remove_all(connection, person.id)
    feedback.reset_feedback(connection, person.id)
    kept_rows.forget_subscriber(connection, person.id)
    curation.forget_actor(connection, person.email)
    admin_log.forget(connection, person.email)
    topics.rename_editor(connection, person.email, ERASED)
    stored_answers.delete_naming(connection, person.email)
    events.forget_subscriber(connection, person.id)
    connection.execute(delete(subscriber).where(subscriber.c.id == person.id))
    connection.execute(insert(erased_address).values(fingerprint=_fingerprint(person.email), at=now))
    return messages


def erased_among(connection: Connection, emails: Collection[str]) -> set[str]:
    """Return the keys (see addresses.address_key) of the addresses in `emails` that were erased."""
    keys: dict[str, set[str]] = {}
    for email in emails:
        for fingerprint in _fingerprints(email):
            keys.setdefault(fingerprint, set()).add(address_key(email))
    found: set[str] = set()
    for batch in batches(keys):
        known = select(erased_address.c.fingerprint).where(erased_address.c.fingerprint.in_(batch))
        found.update(*(keys[fingerprint] for fingerprint in connection.scalars(known)))
    return found


def delete_fingerprints(connection: Connection, emails: Collection[str]) -> None:
    """Delete the fingerprints of these addresses, whose owners have signed up again."""
    for batch in batches({fingerprint for email in emails for fingerprint in _fingerprints(email)}):
        connection.execute(delete(erased_address).where(erased_address.c.fingerprint.in_(batch)))


def _fingerprint(email: str) -> str:
    # The prefix distinguishes the fingerprints from those before migration 0017.
    return sha256(f"address:{address_key(email)}".encode()).hexdigest()


def _fingerprints(email: str) -> tuple[str, str]:
    """Return the two fingerprints of an address: the present one, and that of before migration 0017."""
    return _fingerprint(email), sha256(email.casefold().encode()).hexdigest()
