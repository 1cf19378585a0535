"""The content of a feed, which is the same in every format: its entries and their fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from notifier.models import Paper
from notifier.text.harmless import inert, links

LANGUAGE = "en"
GENERATOR = "notifier"  # without a version, which would change the bytes of every feed at every release

USUAL_ENTRIES = 50
MOST_ENTRIES = 500
RECENT = timedelta(hours=48)  # so that a feed reader that asks once a day misses no entry

# This must never change: every feed reader would show every paper again.
_NAMESPACE = UUID("c820ae74-ed25-4b77-b6c1-30af8322c4a9")

# The update time of a feed without entries. RFC 4287 requires one, and W3C's feed validator warns of dates before 1990.
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)

# U+FFFD, with which `inert` replaces harmful characters, and two that `inert` keeps although XML forbids them.
_REMOVED = str.maketrans("", "", "\ufffd\ufffe\uffff")


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper in a feed. The `guid` never changes, although the key of the paper may change."""

    paper: Paper
    guid: str


@dataclass(frozen=True, slots=True)
class Feed:
    """A topic and the entries of its feed, newest first, as `newest_entries` returns them."""

    slug: str
    title: str
    description: str
    entries: tuple[Entry, ...]

    @property
    def heading(self) -> str:
        """The title to show, or the slug if no character of the title is printable."""
        return printable(self.title) or self.slug

    @property
    def updated(self) -> datetime:
        """The instant at which the newest entry was first seen, or the start of 2000 if there is no entry."""
        return max((_published(entry.paper) for entry in self.entries), default=_NEVER)


@dataclass(frozen=True, slots=True)
class Publisher:
    """The publisher of the feeds.

    `address` is a bare email address. `base_url` is the URL of the web site, or "" if there is none.
    """

    name: str
    address: str
    base_url: str = ""

    @property
    def byline(self) -> str:
        """The name to show, or the address if no character of the name is printable."""
        return printable(self.name) or self.address

    def page_url(self, feed: Feed) -> str:
        """Return the URL of the topic's page, or "" without a web site."""
        return f"{self.base_url.rstrip('/')}/topics/{feed.slug}" if self.base_url else ""

    def feed_url(self, feed: Feed, ending: str) -> str:
        """Return the URL of the feed in the format of this ending, or "" without a web site."""
        return f"{self.base_url.rstrip('/')}/feeds/{feed.slug}.{ending}" if self.base_url else ""

    def feed_id(self, feed: Feed) -> str:
        """Return the identity of the feed, a URN that does not depend on where the feed is served."""
        return _urn(f"feed {self.address} {feed.slug}")


@dataclass(frozen=True, slots=True)
class EntryFields:
    """The fields of an entry, ready to be written in any format.

    `id` is a URN. `url` is "" if unknown. All text is printable and allowed in XML. `published` has whole seconds.
    """

    id: str
    url: str
    title: str
    abstract: str
    published: datetime
    authors: tuple[str, ...]
    tags: tuple[str, ...]


def newest_entries(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return the entries that a feed shows, newest first.

    These are the newest 50, and all others that were first seen in the 48 hours before the newest; at most 500. Papers
    that were first seen together stand in the order of their ids. A paper that is announced again keeps its place.
    """
    ordered = sorted(entries, key=lambda entry: entry.paper.id)
    ordered.sort(key=lambda entry: entry.paper.first_seen, reverse=True)
    recent = sum(ordered[0].paper.first_seen - entry.paper.first_seen <= RECENT for entry in ordered)
    return tuple(ordered[: min(max(recent, USUAL_ENTRIES), MOST_ENTRIES)])


def entry_fields(entry: Entry) -> EntryFields:
    """Return the fields of an entry, made safe for every format."""
    paper = entry.paper
    paper_links = links(paper)
    return EntryFields(
        id=_urn(f"paper {entry.guid}"),
        url=paper_links[0].url if paper_links else "",
        title=printable(paper.title) or paper.key,
        abstract=printable(paper.abstract),
        published=_published(paper),
        authors=_printable_all(paper.authors),
        tags=_printable_all(dict.fromkeys((*paper.categories, *sorted(paper.topics)))),
    )


def _published(paper: Paper) -> datetime:
    """Return when the paper was first seen, in whole seconds: RSS and some feed readers know no fractions."""
    return paper.first_seen.replace(microsecond=0)


def printable(text: str) -> str:
    """Return the text without characters that are not printable or that XML does not allow."""
    return inert(text).translate(_REMOVED).strip()


def _printable_all(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, map(printable, texts)))


def _urn(name: str) -> str:
    return uuid5(_NAMESPACE, name).urn
