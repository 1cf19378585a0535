"""Manage the topics: list them, and add, change, remove and restore those that the config does not name.

A change by an administrator and its entry in their log are stored in one transaction. A command leaves no entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from notifier.config import Config
from notifier.errors import UsageError
from notifier.models import AdminEntry
from notifier.operations.admin_log import log_done
from notifier.store import reading, retried, subscriptions, topics, writing
from notifier.topics import (
    Catalogue,
    StoredTopic,
    Topic,
    TopicState,
    built_in_topics,
    catalogue_of,
    fault_of,
    wrong_fields,
)

COMMAND = ""  # the address of whoever changes a topic with a command


class TopicConflictError(UsageError):
    """A change of a topic that somebody else has changed since it was looked at."""


class Edit(NamedTuple):
    """Who changes a topic, and when. With `seen`, the topic must still have this revision."""

    by: str
    at: datetime
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class KnownTopic:
    """A topic of the catalogue or of the database, with how many papers have it and how many subscribers follow it.

    `stored` is its row in the database, if there is one. `is_built_in` says whether the service comes with a topic of
    this slug. `in_config` says whether the config names it; then the config wins. `fault` says why a topic of the
    database is not in use: its query is not valid any more.
    """

    topic: Topic
    is_in_use: bool
    papers: int
    subscribers: int
    stored: StoredTopic | None
    is_built_in: bool
    in_config: bool
    fault: str = ""

    @property
    def slug(self) -> str:
        """The slug of the topic."""
        return self.topic.slug

    @property
    def revision(self) -> int:
        """The number of the last change in the database; 0 if there was none."""
        return self.stored.revision if self.stored else 0

    @property
    def can_be_restored(self) -> bool:
        """Whether the topic was removed, or is a built-in one that was changed."""
        if self.stored is None or self.in_config or self.stored.state is TopicState.TAKEN_BACK:
            return False
        return self.is_built_in or self.stored.state is TopicState.REMOVED


def list_topics(engine: Engine, config: Config) -> list[KnownTopic]:
    """Return all topics in the order of their slugs, also those that were removed."""
    with reading(engine) as connection:
        return _listed(connection, config)


def find_topic(engine: Engine, config: Config, slug: str) -> KnownTopic:
    """Return one topic. Raises UsageError if there is none; the message proposes a similar slug if there is one."""
    with reading(engine) as connection:
        return _find(connection, config, slug)


def add_topic(engine: Engine, config: Config, new: Topic, edit: Edit) -> StoredTopic:
    """Add a topic. Raises UsageError or QueryError if it is not valid, or if there is or was one with its slug."""
    refuse_wrong(new)

    def add(connection: Connection) -> tuple[Topic, TopicState, str]:
        refuse_taken(config, _listed(connection, config), new.slug)
        return new, TopicState.IN_USE, f"{new.title}: {new.query}"

    return _change(engine, "add a topic", add, edit)


def edit_topic(engine: Engine, config: Config, changed: Topic, edit: Edit) -> StoredTopic:
    """Change a topic of the database, or a built-in one.

    Raises UsageError or QueryError if the topic is not valid,
    if there is none or nothing differs, and TopicConflictError if somebody else has changed it.
    """
    refuse_wrong(changed)

    def changing(connection: Connection) -> tuple[Topic, TopicState, str]:
        known = _changeable(connection, config, changed.slug, edit.seen)
        if known.stored and known.stored.state is TopicState.REMOVED:
            raise UsageError(f"the topic {changed.slug} was removed; restore it first")
        differences = "; ".join(_differences(known.topic, changed))
        if not differences:
            raise UsageError(f"the topic {changed.slug} is so already; nothing was changed")
        return changed, TopicState.IN_USE, differences

    return _change(engine, "change a topic", changing, edit)


def remove_topic(engine: Engine, config: Config, slug: str, edit: Edit) -> StoredTopic:
    """Remove a topic. Its subscriptions stay and match nothing. Raises the same errors as `edit_topic`."""

    def remove(connection: Connection) -> tuple[Topic, TopicState, str]:
        known = _changeable(connection, config, slug, edit.seen)
        if known.stored and known.stored.state is TopicState.REMOVED:
            raise UsageError(f"the topic {slug} is removed already; nothing was changed")
        return known.topic, TopicState.REMOVED, ""

    return _change(engine, "remove a topic", remove, edit)


def restore_topic(engine: Engine, config: Config, slug: str, edit: Edit) -> StoredTopic:
    """Bring a removed topic back; a built-in topic becomes as it was before anybody changed it.

    Raises UsageError if there is nothing to restore, and otherwise the same errors as `edit_topic`.
    """

    def restore(connection: Connection) -> tuple[Topic, TopicState, str]:
        known = _changeable(connection, config, slug, edit.seen)
        if not known.can_be_restored:
            raise UsageError(f"the topic {slug} is neither removed nor a changed built-in one; nothing was changed")
        built_in = built_in_topics(config).get(slug)
        return (built_in, TopicState.TAKEN_BACK, "as built in") if built_in else (known.topic, TopicState.IN_USE, "")

    return _change(engine, "restore a topic", restore, edit)


def refuse_wrong(topic: Topic) -> None:
    """Raise UsageError or QueryError if a topic is not valid."""
    for error in wrong_fields(topic).values():
        raise error


def refuse_taken(config: Config, listed: list[KnownTopic], slug: str) -> None:
    """Raise UsageError if a new topic cannot have this slug, because there is or was a topic with it."""
    if slug in config.topics:
        raise UsageError(f"the config names the topic {slug}; change it there, or choose another slug")
    for each in listed:
        if each.slug == slug and each.is_in_use:
            raise UsageError(f"there is a topic {slug} already; edit it, or choose another slug")
        if each.slug == slug:
            raise UsageError(f"there was a topic {slug}; restore it, or choose another slug")


@retried
def _change(
    engine: Engine, action: str, change: Callable[[Connection], tuple[Topic, TopicState, str]], edit: Edit
) -> StoredTopic:
    """Store the topic and the state that `change` returns, and log it with the details that it returns."""
    with writing(engine) as connection:
        topics.lock(connection)
        changed, state, details = change(connection)
        if edit.by != COMMAND:
            subject = f"topic {changed.slug}"
            log_done(connection, AdminEntry(at=edit.at, actor=edit.by, action=action, subject=subject, details=details))
        subscriptions.set_topic_title(connection, changed.slug, changed.title)
        return topics.save(connection, changed, state, edit.by, edit.at)


def _changeable(connection: Connection, config: Config, slug: str, revision: int | None) -> KnownTopic:
    if slug in config.topics:
        raise UsageError(f"the config names the topic {slug}, and wins; change it there")
    known = _find(connection, config, slug)
    if revision is not None and known.revision != revision and known.stored:
        at = f"{known.stored.changed_at:%Y-%m-%d %H:%M} UTC"
        who = known.stored.changed_by or "A command"
        raise TopicConflictError(
            f"{who} has changed the topic {slug} meanwhile ({at}); look at it as it is now, then change it"
        )
    return known


def _find(connection: Connection, config: Config, slug: str) -> KnownTopic:
    listed = _listed(connection, config)
    for each in listed:
        if each.slug == slug:
            return each
    Catalogue({each.slug: each.topic for each in listed}, {}, "").title(slug)
    raise UsageError(f"{slug} is no topic that can be changed; it is reserved")


def _listed(connection: Connection, config: Config) -> list[KnownTopic]:
    stored = {each.slug: each for each in topics.stored(connection)}
    in_use, built_in = catalogue_of(config, stored.values()).topics, built_in_topics(config)
    papers, subscribers = topics.count_papers(connection), topics.count_subscribers(connection)
    known = {slug: each.topic for slug, each in stored.items() if _is_shown(each, config)} | dict(in_use)
    return [
        KnownTopic(
            topic=known[slug],
            is_in_use=slug in in_use,
            papers=papers.get(slug, 0),
            subscribers=subscribers.get(slug, 0),
            stored=stored.get(slug),
            is_built_in=slug in built_in,
            in_config=slug in config.topics,
            fault=_fault(stored.get(slug), config),
        )
        for slug in sorted(known)
    ]


def _is_shown(stored: StoredTopic, config: Config) -> bool:
    """Return whether a row is listed: unless it is taken back, or the config has removed its topic."""
    return stored.state is not TopicState.TAKEN_BACK or stored.slug in config.topics


def _fault(stored: StoredTopic | None, config: Config) -> str:
    if stored is None or stored.state is not TopicState.IN_USE or stored.slug in config.topics:
        return ""
    return fault_of(stored.topic)


def _differences(before: Topic, after: Topic) -> Iterator[str]:
    """Yield what differs between two topics, in words."""
    plain = replace(before, query=" ".join(before.query.split()))
    for name in ("title", "description", "query", "terms"):
        old, new = getattr(plain, name), getattr(after, name)
        if old != new:
            yield f"{name}: {_words(old)} → {_words(new)}"


def _words(value: str | tuple[str, ...]) -> str:
    return (value if isinstance(value, str) else ", ".join(value)) or "-"
