"""Store the topics that administrators add and change, and read the catalogue that is in use."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select, update

from notifier.config import Config
from notifier.store.advisory_locks import AdvisoryLock, wait_for
from notifier.store.engine import reading
from notifier.store.statements import insert_into
from notifier.store.tables import paper_topic, subscriber, subscription, topic
from notifier.topics import Catalogue, Origin, StoredTopic, Topic, TopicState, catalogue_of

_ALL = select(topic).order_by(topic.c.slug)


def stored(connection: Connection) -> list[StoredTopic]:
    """Return the topics of the database in the order of their slugs, also those that were removed."""
    return [_stored(row) for row in connection.execute(_ALL)]


def find(connection: Connection, slug: str) -> StoredTopic | None:
    """Return the topic of the database with this slug; None if there is none."""
    row = connection.execute(select(topic).where(topic.c.slug == slug)).one_or_none()
    return _stored(row) if row else None


def catalogue(connection: Connection, config: Config) -> Catalogue:
    """Return the catalogue in use: the built-in topics, with the changes of the database and of the config."""
    return catalogue_of(config, stored(connection))


def catalogue_in_use(engine: Engine, config: Config) -> Catalogue:
    """Return the catalogue in use, as `catalogue` does, in a transaction of its own."""
    with reading(engine) as connection:
        return catalogue(connection, config)


def lock(connection: Connection) -> None:
    """Wait until no other transaction changes topics, and keep others out until this transaction ends."""
    wait_for(connection, AdvisoryLock.TOPICS)


def save(connection: Connection, changed: Topic, state: TopicState, by: str, now: datetime) -> StoredTopic:
    """Store a topic in this state with the next revision, and return it. `lock` must have been called before."""
    newest = connection.scalar(select(func.max(topic.c.revision))) or 0
    found = StoredTopic(changed, state, newest + 1, now, by)
    values = {name: getattr(changed, name) for name in ("title", "description", "query", "terms")}
    values |= {"state": state.value, "revision": found.revision, "changed_at": now, "changed_by": by}
    new = insert_into(connection.dialect, topic).values(slug=changed.slug, **values)
    connection.execute(new.on_conflict_do_update(index_elements=["slug"], set_=values))
    return found


def rename_editor(connection: Connection, email: str, new: str) -> None:
    """Replace the address of an administrator in the topics, because it has changed or its owner was erased."""
    connection.execute(update(topic).where(topic.c.changed_by == email).values(changed_by=new))


def count_papers(connection: Connection) -> dict[str, int]:
    """Return how many papers have each topic, as they were tagged last; topics without papers are left out."""
    row = paper_topic.c
    return dict(connection.execute(select(row.slug, func.count()).group_by(row.slug)).all())


def count_subscribers(connection: Connection) -> dict[str, int]:
    """Return how many subscribers who get mail, or have paused it, follow each topic; others are left out."""
    row, states = subscription.c, ("ACTIVE", "PAUSED")
    following = select(row.topic, func.count(row.subscriber_id.distinct())).join(
        subscriber, subscriber.c.id == row.subscriber_id
    )
    found = following.where(row.topic.is_not(None), subscriber.c.state.in_(states)).group_by(row.topic)
    return dict(connection.execute(found).all())


def _stored(row: Row[Any]) -> StoredTopic:
    kept = Topic(row.slug, row.title, row.description, row.query, tuple(row.terms), Origin.DATABASE)
    return StoredTopic(kept, TopicState(row.state), row.revision, row.changed_at, row.changed_by)
