"""Make feeds on request: of a search, and of a subscriber's subscriptions.

As the feeds that `publish` writes, they show the papers that came in last. These papers are kept in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from sqlalchemy import Connection

from notifier import queries
from notifier.feeds import FORMATS, MEDIA_TYPES, PRIVATE_PATH, Entry, Feed, newest_entries
from notifier.models import Paper, Subscription
from notifier.pipeline import best_of_each_day, feed_entries, publisher_of
from notifier.queries import Query
from notifier.search import RecentPapers
from notifier.store import papers, reading
from notifier.topics import TRENDING
from notifier.web.feeds.representation import Representation, representation_of
from notifier.web.site import Site


def search_feed(site: Site, text: str, query: Query) -> Feed:
    """Return the feed of the papers that a query matches; `text` is the query as it was typed."""
    recent = site.newest.get(site.engine, site.clock())
    with reading(site.engine) as connection:
        found = _entries(site, connection, recent.matching([query], ()))
        since = papers.first_seen(connection)
    asked = quote(text, safe="")
    return Feed(
        slug=f"search {queries.canonical(query)}",
        title=f"Search: {text}",
        description=f"New papers that match {text}",
        entries=newest_entries(found),
        since=since,
        path="feeds/search",
        query_string=f"q={asked}",
        page=f"search?q={asked}",
    )


def private_feed(signed_id: str, subscription: Subscription | None = None) -> Feed:
    """Return the feed of one subscription, or of all, without entries; `signed_id` is part of its URL."""
    name, path = f"private {signed_id}", f"{PRIVATE_PATH}{signed_id}"
    if subscription is None:
        return Feed(name, "My papers", "New papers for all of your subscriptions", (), path=path, page="manage")
    number, title = subscription.id, subscription.label
    return Feed(f"{name} {number}", title, f"New papers for {title}", (), path=f"{path}/{number}", page="manage")


def entries_for(site: Site, subscriptions: Sequence[Subscription]) -> tuple[Entry, ...]:
    """Return the entries of a feed for these subscriptions."""
    recent = site.newest.get(site.engine, site.clock())
    wanted = [queries.parse(each.canonical) for each in subscriptions if each.canonical]
    topics = {each.topic for each in subscriptions if each.topic} - {TRENDING}
    with reading(site.engine) as connection:
        found = _entries(site, connection, recent.matching(wanted, topics))
        if any(each.topic == TRENDING for each in subscriptions):
            found = _with_trending(site, connection, recent, found)
    return newest_entries(found)


def feed_representation(site: Site, feed: Feed, ending: str) -> Representation:
    """Return a feed in the format of this ending. Its time of change is that of its newest entry."""
    content = FORMATS[ending](feed, publisher_of(site.config))
    return representation_of(content, MEDIA_TYPES[ending], feed.updated)


def _entries(site: Site, connection: Connection, found: Iterable[Paper]) -> list[Entry]:
    return list(feed_entries(connection, site.catalogue, {paper.id for paper in found}).values())


def _with_trending(site: Site, connection: Connection, recent: RecentPapers, found: list[Entry]) -> list[Entry]:
    """Return these entries and those of the trending papers of each day, each once."""
    every = _entries(site, connection, recent.papers)
    every.sort(key=lambda entry: entry.paper.first_seen, reverse=True)
    known = {entry.paper.id: entry for entry in found}
    known.update((entry.paper.id, entry) for entry in best_of_each_day(connection, every))
    return list(known.values())
