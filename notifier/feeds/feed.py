"""What is in a feed, and what every format says of it alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from notifier.models import Paper
from notifier.text.harmless import inert, links

LANGUAGE = "en"
GENERATOR = "notifier"  # without its version, which would change every feed at every release

USUAL = 50  # entries of a feed
MOST = 500
RECENT = timedelta(hours=48)  # so that a program that asks once a day misses nothing

# Every reader would show every paper again if this changed.
_NAMESPACE = UUID("c820ae74-ed25-4b77-b6c1-30af8322c4a9")

# When a feed without entries was updated: RFC 4287 wants a date, and W3C's validator doubts one before 1990.
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)

# What stands for a character that must not be shown, and the two that inert lets through and XML does not have.
_UNSHOWN = str.maketrans("", "", "\ufffd\ufffe\uffff")


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper in a feed; `guid` is the paper's own and stays, even where its key does not."""

    paper: Paper
    guid: str


@dataclass(frozen=True, slots=True)
class Feed:
    """A topic and the entries to show, newest first, as `newest` gives them."""

    slug: str
    title: str
    description: str
    entries: tuple[Entry, ...]

    @property
    def heading(self) -> str:
        """The title as it is shown."""
        return plain(self.title) or self.slug

    @property
    def updated(self) -> datetime:
        """When the newest entry was first seen; the start of 2000 where there is none."""
        return max((_published(entry.paper) for entry in self.entries), default=_NEVER)


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who the feeds are from: a name, a bare email address, and the web site, which is empty where there is none."""

    name: str
    address: str
    base_url: str = ""

    @property
    def byline(self) -> str:
        """The name as it is shown."""
        return plain(self.name) or self.address

    def page_url(self, feed: Feed) -> str:
        """Where the topic's page is, if anywhere."""
        return f"{self.base_url.rstrip('/')}/topics/{feed.slug}" if self.base_url else ""

    def feed_url(self, feed: Feed, ending: str) -> str:
        """Where the feed itself is, if anywhere."""
        return f"{self.base_url.rstrip('/')}/feeds/{feed.slug}.{ending}" if self.base_url else ""

    def feed_id(self, feed: Feed) -> str:
        """The feed's identity, wherever it is served: a URN."""
        return _urn(f"feed {self.address} {feed.slug}")


@dataclass(frozen=True, slots=True)
class Fields:
    """What every format says of an entry: `id` a URN, text plain and fit for XML, `url` empty where unknown."""

    id: str
    url: str
    title: str
    abstract: str
    published: datetime
    authors: tuple[str, ...]
    tags: tuple[str, ...]


def newest(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Those of a topic's entries that its feed shows, newest first, and papers that came together in their order.

    They are the newest 50, and all that were first seen in the 48 hours before the newest; 500 at most. Where a paper
    stands does not change when it is announced again.
    """
    ordered = sorted(entries, key=lambda entry: entry.paper.id)
    ordered.sort(key=lambda entry: entry.paper.first_seen, reverse=True)
    recent = sum(ordered[0].paper.first_seen - entry.paper.first_seen <= RECENT for entry in ordered)
    return tuple(ordered[: min(max(recent, USUAL), MOST)])


def fields_of(entry: Entry) -> Fields:
    """The fields of an entry, whatever its paper's text holds."""
    paper = entry.paper
    known = links(paper)
    return Fields(
        id=_urn(f"paper {entry.guid}"),
        url=known[0].url if known else "",
        title=plain(paper.title) or paper.key,
        abstract=plain(paper.abstract),
        published=_published(paper),
        authors=_plain_all(paper.authors),
        tags=_plain_all(dict.fromkeys((*paper.categories, *sorted(paper.topics)))),
    )


def _published(paper: Paper) -> datetime:
    """When it was first seen, to the second: RSS has no more, and not every reader understands more."""
    return paper.first_seen.replace(microsecond=0)


def plain(text: str) -> str:
    """`text` without the characters that act instead of showing, or that XML cannot hold."""
    return inert(text).translate(_UNSHOWN).strip()


def _plain_all(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, map(plain, texts)))


def _urn(name: str) -> str:
    return uuid5(_NAMESPACE, name).urn
