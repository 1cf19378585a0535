"""Describe feeds and their publisher, and choose the entries that a feed shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TypeVar

from notifier.feeds.entries import Entry, printable, urn
from notifier.models import Paper

T = TypeVar("T")

LANGUAGE = "en"
GENERATOR = "notifier"  # without a version, which would change the bytes of every feed at every release
STYLESHEET = "feeds.css"  # the file beside the feeds that says how browsers show them

PRIVATE_PATH = "feeds/private/"  # where the private feeds of subscribers are, below the base URL

USUAL_ENTRIES = 50
MAX_ENTRIES = 500
RECENT = timedelta(hours=48)  # so that a feed reader that asks once a day misses no entry

# The update time of the feeds of a service that has no papers at all. RFC 4287 requires one, no row has a date yet, and
# the current time would change the feeds at every run. These feeds were first written in this year.
_WITHOUT_PAPERS = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Feed:
    """A topic and the entries of its feed, newest first, as `newest_entries` returns them.

    `since` is when the first of all papers was first seen; the feed has existed since then. It is None without papers.
    `path` is the path of the feed below the base URL, without the ending of its format, and `query_string` follows the
    ending after a question mark. `page` is the path, below the base URL, of the page with the same papers; if it is
    empty, this is the page of the topic.
    """

    slug: str
    title: str
    description: str
    entries: tuple[Entry, ...]
    since: datetime | None = None
    path: str = ""
    query_string: str = ""
    page: str = ""

    @property
    def is_private(self) -> bool:
        """Whether the URL of the feed is a secret of one subscriber."""
        return self.path.startswith(PRIVATE_PATH)

    @property
    def heading(self) -> str:
        """The title to show, or the slug if no character of the title is printable."""
        return printable(self.title) or self.slug

    @property
    def updated(self) -> datetime:
        """The instant at which the newest entry was first seen or pinned, or `since` if there is no entry.

        It has whole seconds.
        """
        without_entries = (self.since or _WITHOUT_PAPERS).replace(microsecond=0)
        return max((entry.updated for entry in self.entries), default=without_entries)


@dataclass(frozen=True, slots=True)
class Publisher:
    """The publisher of the feeds.

    `address` is a bare email address. `base_url` is the URL of the web site, or "" if there is none. `hub` is the URL
    of the WebSub hub that tells feed readers about new entries, or "" if there is none.
    """

    name: str
    address: str
    base_url: str = ""
    hub: str = ""

    @property
    def byline(self) -> str:
        """The name to show, or the address if no character of the name is printable."""
        return printable(self.name) or self.address

    def page_url(self, feed: Feed) -> str:
        """Return the URL of the page with the same papers, or "" without a web site."""
        page = feed.page or f"topics/{feed.slug}"
        return f"{self.base_url.rstrip('/')}/{page}" if self.base_url else ""

    def feed_url(self, feed: Feed, ending: str) -> str:
        """Return the URL of the feed in the format of this ending, or "" without a web site."""
        if not self.base_url:
            return ""
        query_string = f"?{feed.query_string}" if feed.query_string else ""
        return f"{self.base_url.rstrip('/')}/{feed.path or f'feeds/{feed.slug}'}.{ending}{query_string}"

    def hub_of(self, feed: Feed) -> str:
        """Return the URL of the feed's hub; empty if it has none, or if the feed is private."""
        return self.hub if self.base_url and not feed.is_private else ""

    def feed_id(self, feed: Feed) -> str:
        """Return the identity of the feed, a URN that does not depend on where the feed is served."""
        return urn(f"feed {self.address} {feed.slug}")


def newest_entries(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return the entries that a feed shows, newest first.

    Papers that were first seen together stand in the order of their ids. A paper that is announced again keeps its
    place. A pinned paper comes before those that were first seen on the day of its pin.
    """
    ordered = sorted(entries, key=_order_in_place)
    ordered.sort(key=lambda entry: entry.place, reverse=True)
    shown = sum(1 for _ in _shown(ordered, lambda entry: entry.place))
    return tuple(ordered[:shown])


def _order_in_place(entry: Entry) -> tuple[bool, datetime, int]:
    """Return a sort key of entries with the same place: pinned ones come first, in the order of pinning."""
    return entry.pin is None, entry.pin.pinned_at if entry.pin else _WITHOUT_PAPERS, entry.paper.id


def shown_papers(ordered: Iterable[Paper]) -> Iterator[Paper]:
    """Yield the papers that a feed shows. `ordered` has all its papers in the order of feeds.

    No more of them are read than necessary. The feed shows the newest 50, and all others that were first seen in the 48
    hours before the newest; at most 500.
    """
    return _shown(ordered, lambda paper: paper.first_seen)


def _shown(ordered: Iterable[T], place: Callable[[T], datetime]) -> Iterator[T]:
    newest: datetime | None = None
    for number, each in enumerate(islice(ordered, MAX_ENTRIES)):
        newest = newest or place(each)
        if number >= USUAL_ENTRIES and newest - place(each) > RECENT:
            return
        yield each
