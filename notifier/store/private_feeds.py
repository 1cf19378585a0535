"""Store private feeds. Each subscriber has at most one row, and the links to their feeds are signed for the row's id.

If a subscriber wants new links, the row is replaced by one with an id that was never used before.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from notifier.store.tables import private_feed


def of_subscriber(connection: Connection, subscriber_id: int) -> int | None:
    """Return the id of a subscriber's private feed; None if they have none."""
    return connection.scalar(select(private_feed.c.id).where(private_feed.c.subscriber_id == subscriber_id))


def subscriber_id_of(connection: Connection, feed_id: int) -> int | None:
    """Return the id of the subscriber whose private feed this is; None if there is no such feed."""
    return connection.scalar(select(private_feed.c.subscriber_id).where(private_feed.c.id == feed_id))


def replace(connection: Connection, subscriber_id: int, now: datetime) -> int:
    """Give a subscriber a new private feed, delete the one that they had, and return the new id."""
    remove(connection, subscriber_id)
    row = {"subscriber_id": subscriber_id, "created_at": now}
    added: int = connection.execute(insert(private_feed).values(row).returning(private_feed.c.id)).scalar_one()
    return added


def remove(connection: Connection, subscriber_id: int) -> None:
    """Delete a subscriber's private feed, if they have one."""
    connection.execute(delete(private_feed).where(private_feed.c.subscriber_id == subscriber_id))
