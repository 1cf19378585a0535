"""The topic catalogue: the built-in topics, and what the operator's config makes of them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from hashlib import sha256

from notifier import queries
from notifier.config import Config, TopicConfig
from notifier.errors import ConfigError, QueryError, UsageError
from notifier.resources import PACKAGE
from notifier.text.words import TEXT_VERSION

BUILT_IN = PACKAGE / "topics.toml"
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

ALL, TRENDING = "all", "trending"
RESERVED = {ALL: "All papers", TRENDING: "Trending"}


@dataclass(frozen=True, slots=True)
class Topic:
    """A named query of the operator's; papers are tagged with its slug."""

    slug: str
    title: str
    description: str
    query: str


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All topics by slug, and what they ask for. `fingerprint` changes with any query or slug, and with the text rules.

    `upvotes_named` holds the numbers of upvotes that matter to the topics' queries.
    """

    topics: Mapping[str, Topic]
    asked: Mapping[str, queries.Query]
    fingerprint: str
    upvotes_named: frozenset[int] = frozenset()

    def title(self, slug: str) -> str:
        """What a topic is called, the reserved ones too. Raises UsageError, proposing a near slug."""
        titles = RESERVED | {topic.slug: topic.title for topic in self.topics.values()}
        if slug in titles:
            return titles[slug]
        near = get_close_matches(slug, titles, n=1)
        cure = f"did you mean {near[0]}?" if near else "`notifier topics` lists them"
        raise UsageError(f"there is no topic {slug!r}; {cure}")


def catalogue_of(config: Config) -> Catalogue:
    """The built-in topics, unless the config does not want them, with its changes, by slug.

    Raises ConfigError for a topic that is not complete, or whose query the language refuses.
    """
    topics = _built_in() if config.built_in_topics else {}
    for slug, change in config.topics.items():
        changed = _changed(slug, topics.pop(slug, None), change)
        if changed is not None:
            topics[slug] = changed
    return _catalogue(tuple(topics[slug] for slug in sorted(topics)))


@lru_cache(maxsize=4)
def _catalogue(topics: tuple[Topic, ...]) -> Catalogue:
    """The catalogue of these topics, remembered: a service asks for it again and again."""
    parsed = {topic.slug: _parsed(topic) for topic in topics}
    canonical = [f"{slug} {queries.canonical(query)}" for slug, query in parsed.items()]
    fingerprint = sha256("\n".join([str(TEXT_VERSION), *canonical]).encode()).hexdigest()[:16]
    upvotes_named = frozenset().union(*map(queries.upvotes_named, parsed.values()))
    return Catalogue({topic.slug: topic for topic in topics}, parsed, fingerprint, upvotes_named)


def _built_in() -> dict[str, Topic]:
    tables = tomllib.loads(BUILT_IN.read_text(encoding="utf-8"))
    return {slug: Topic(slug, **table) for slug, table in tables.items()}


def _changed(slug: str, known: Topic | None, change: TopicConfig) -> Topic | None:
    if slug in RESERVED or not SLUG.fullmatch(slug):
        raise ConfigError(f"topics.{slug}: a slug is lower-case words joined by hyphens, and not all or trending")
    if change.removed and known is None:
        raise ConfigError(f"topics.{slug}: there is no such topic to remove; `notifier topics` lists them")
    if change.removed:
        return None
    if known is None and not (change.title and change.query):
        raise ConfigError(f"topics.{slug}: a topic of your own needs a title and a query")
    base = known or Topic(slug, "", "", "")
    given = change.model_dump(include={"title", "description", "query"}, exclude_none=True)
    return replace(base, **given)


def _parsed(topic: Topic) -> queries.Query:
    try:
        return queries.parse(topic.query, topics_allowed=False)
    except QueryError as error:
        raise ConfigError(f"topics.{topic.slug}.query, {error}") from None
