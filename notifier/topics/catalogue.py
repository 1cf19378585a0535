"""Make the topic catalogue: the built-in topics, changed and extended by the config and by the database.

The config wins: a topic that it names is what the config says, whatever the database holds for its slug.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from functools import cache, lru_cache
from hashlib import sha256

from notifier import queries
from notifier.config import Config, TopicConfig
from notifier.errors import ConfigError, QueryError, UsageError
from notifier.resources import PACKAGE
from notifier.text.words import TEXT_VERSION

BUILT_IN = PACKAGE / "topics.toml"
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PARTS_OF_TITLE = re.compile(r", ?(?:and )?| and ")

ALL, TRENDING, FOR_YOU = "all", "trending", "for-you"
RESERVED = {ALL: "All papers", TRENDING: "Trending", FOR_YOU: "For you"}
SEARCH = "search"  # the feeds of searches have the names that the feeds of this topic would have


class Origin(StrEnum):
    """Where a topic is from. A built-in topic that was changed is from where it was changed."""

    BUILT_IN = "built-in"
    CONFIG = "config"
    DATABASE = "database"


class TopicState(StrEnum):
    """The state of a topic in the database; TAKEN_BACK means that the built-in topic is as it was before."""

    IN_USE = "IN_USE"
    REMOVED = "REMOVED"
    TAKEN_BACK = "TAKEN_BACK"


@dataclass(frozen=True, slots=True)
class Topic:
    """A named query that the operator offers to everybody; papers that match it are tagged with its slug.

    `terms` are the leading terms of the query, the only ones that are marked in digests. If there are none, the parts
    of the title are the leading terms.
    """

    slug: str
    title: str
    description: str
    query: str
    terms: tuple[str, ...] = ()
    origin: Origin = Origin.BUILT_IN

    @property
    def leading_terms(self) -> tuple[str, ...]:
        """The terms; if there are none, the parts of the title between commas and `and`."""
        return self.terms or tuple(_PARTS_OF_TITLE.split(self.title))


@dataclass(frozen=True, slots=True)
class StoredTopic:
    """A topic of the database: a topic of its own, or a change to a built-in one.

    `revision` is the number of its last change; each change of any topic takes the next number. `changed_by` is the
    address of the administrator, or empty if a command has made the change.
    """

    topic: Topic
    state: TopicState
    revision: int
    changed_at: datetime
    changed_by: str

    @property
    def slug(self) -> str:
        """The slug of the topic."""
        return self.topic.slug


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All topics by slug, and the parsed query of each.

    `fingerprint` changes when any slug, any query or the text rules change. `upvotes_named` and `votes_named` have the
    counts of upvotes and of votes at which a paper may begin or cease to match a topic.
    """

    topics: Mapping[str, Topic]
    parsed_queries: Mapping[str, queries.Query]
    fingerprint: str
    upvotes_named: frozenset[int] = frozenset()
    votes_named: frozenset[int] = frozenset()

    @property
    def titles(self) -> Mapping[str, str]:
        """The title of each topic by slug."""
        return {slug: topic.title for slug, topic in self.topics.items()}

    def title(self, slug: str) -> str:
        """Return the title of a topic, or the title that belongs to a reserved slug.

        Raises UsageError if there is no topic with this slug. The message proposes a similar slug if there is one.
        """
        titles = {**RESERVED, **self.titles}
        if slug in titles:
            return titles[slug]
        near = get_close_matches(slug, titles, n=1)
        cure = f"did you mean {near[0]}?" if near else "`notifier topics` lists the topics"
        raise UsageError(f"there is no topic {slug!r}; {cure}")


def check_topics(query: queries.Query, catalogue: Catalogue) -> None:
    """Raise UsageError if a query names a topic that does not exist, or one that papers are not tagged with."""
    for slug in sorted(queries.topics_named(query) - catalogue.topics.keys()):
        catalogue.title(slug)  # raises UsageError if there is no such topic
        raise UsageError(
            f"topic:{slug} matches no paper, because none is tagged with it; subscribe with `--topic {slug}`"
        )


def catalogue_of(config: Config, stored: Iterable[StoredTopic] = ()) -> Catalogue:
    """Return the catalogue of the built-in topics, if the config wants them, with the changes of database and config.

    A topic of the database whose query the language refuses, because another version stored it, is left out. Raises
    ConfigError if the config has a topic with an invalid slug, a topic without a title or a query, or a query
    that the query language refuses, or if it removes a topic that does not exist.
    """
    topics = dict(_built_in()) if config.built_in_topics else {}
    for slug, change in config.topics.items():
        changed = _changed(slug, topics.pop(slug, None), change)
        if changed is not None:
            topics[slug] = changed
    for each in stored:
        if each.slug in config.topics:
            continue
        if each.state is TopicState.REMOVED:
            topics.pop(each.slug, None)
        elif each.state is TopicState.IN_USE and not fault_of(each.topic):
            topics[each.slug] = each.topic
    return _catalogue(tuple(topics[slug] for slug in sorted(topics)))


def is_reserved(slug: str) -> bool:
    """Return whether no topic may have this slug."""
    return slug in (*RESERVED, SEARCH)


def built_in_topics(config: Config) -> Mapping[str, Topic]:
    """Return the built-in topics by slug; none if the config does not want them."""
    return _built_in() if config.built_in_topics else {}


def fault_of(topic: Topic) -> str:
    """Return why the query of a topic is refused; empty if it is valid."""
    try:
        _parse(topic.query)
    except QueryError as error:
        return str(error)
    return ""


@lru_cache(maxsize=8)
def _catalogue(topics: tuple[Topic, ...]) -> Catalogue:
    """Return the catalogue of these topics. It is cached, because a service needs it again and again."""
    parsed = {topic.slug: _parsed(topic) for topic in topics}
    canonical = [f"{slug} {queries.canonical(query)}" for slug, query in parsed.items()]
    fingerprint = sha256("\n".join([str(TEXT_VERSION), *canonical]).encode()).hexdigest()[:16]
    upvotes_named = frozenset().union(*map(queries.upvotes_named, parsed.values()))
    votes_named = frozenset().union(*map(queries.votes_named, parsed.values()))
    return Catalogue({topic.slug: topic for topic in topics}, parsed, fingerprint, upvotes_named, votes_named)


@cache
def _built_in() -> Mapping[str, Topic]:
    tables = tomllib.loads(BUILT_IN.read_text(encoding="utf-8"))
    return {slug: Topic(slug, **{**table, "terms": tuple(table.get("terms", ()))}) for slug, table in tables.items()}


def _changed(slug: str, built_in: Topic | None, change: TopicConfig) -> Topic | None:
    """Return a topic as the config changes or adds it, or None if the config removes it."""
    if is_reserved(slug) or not SLUG.fullmatch(slug):
        reserved = ", ".join((*RESERVED, SEARCH))
        raise ConfigError(f"topics.{slug} is no valid slug; use lower-case words joined by hyphens, not {reserved}")
    if change.removed and built_in is None:
        cure = "`notifier topics` lists the topics, and `notifier topics remove` removes one that was added there"
        raise ConfigError(f"topics.{slug}: the config can remove built-in topics only; {cure}")
    if change.removed:
        return None
    if built_in is None and not (change.title and change.query):
        raise ConfigError(f"topics.{slug}: a new topic needs a title and a query; add them")
    base = built_in or Topic(slug, "", "", "")
    changes = change.model_dump(include={"title", "description", "query", "terms"}, exclude_none=True)
    return replace(base, origin=Origin.CONFIG, **changes)


def _parsed(topic: Topic) -> queries.Query:
    try:
        return _parse(topic.query)
    except QueryError as error:
        raise ConfigError(f"topics.{topic.slug}.query, {error}") from None


@lru_cache(maxsize=256)
def _parse(query: str) -> queries.Query:
    return queries.parse(query, topics_allowed=False)
