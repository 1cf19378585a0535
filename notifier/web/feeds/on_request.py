"""Make feeds on request: of a search, and of a subscriber's subscriptions.

Like the feeds that `publish` writes, they show those of the stored papers that came in last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from sqlalchemy import Connection

from notifier import queries
from notifier.feeds import FORMATS, MEDIA_TYPES, PRIVATE_PATH, Entry, Feed, newest_entries, shown_papers
from notifier.feeds.feed import MAX_ENTRIES
from notifier.models import Paper, Subscription
from notifier.pipeline import feed_entries, pinned_papers, publisher_of
from notifier.queries import Query
from notifier.search import merge_lists, newest_seen, newest_seen_of_topic, with_similar
from notifier.store import papers, reading
from notifier.topics import ALL, FOR_YOU, TRENDING
from notifier.web.feeds.representation import Representation, representation_of
from notifier.web.site import Site


def search_feed(site: Site, text: str, query: Query) -> Feed:
    """Return the feed of the papers that a query matches; `text` is the query as it was typed."""
    with reading(site.engine) as connection:
        entries = _entries(site, connection, newest_seen(connection, with_similar(connection, query)))
        since = papers.first_seen(connection)
    query_string = f"q={quote(text, safe='')}"
    return Feed(
        slug=f"search {queries.canonical(query)}",
        title=f"Search: {text}",
        description=f"New papers that match {text}",
        entries=entries,
        since=since,
        path="feeds/search",
        query_string=query_string,
        page=f"search?{query_string}",
    )


def private_feed(signed_id: str, subscription: Subscription | None = None) -> Feed:
    """Return the feed of one subscription, or of all, without entries; `signed_id` is part of its URL."""
    name, path = f"private {signed_id}", f"{PRIVATE_PATH}{signed_id}"
    if subscription is None:
        return Feed(name, "My papers", "New papers for all of your subscriptions", (), path=path, page="manage")
    number, title = subscription.id, subscription.label
    return Feed(f"{name} {number}", title, f"New papers for {title}", (), path=f"{path}/{number}", page="manage")


def entries_for(site: Site, subscriptions: Sequence[Subscription]) -> tuple[Entry, ...]:
    """Return the entries of a feed for these subscriptions, each paper once."""
    topics = {each.topic for each in subscriptions if each.topic}
    has_all = bool(topics & {ALL, TRENDING})
    with reading(site.engine) as connection:
        found = list(shown_papers(merge_lists(_lists(site, connection, subscriptions))))
        pinned = [paper for paper in pinned_papers(connection) if has_all or paper.topics & topics]
        by_id = {paper.id: paper for paper in (*found, *pinned)}
        return newest_entries(feed_entries(connection, site.catalogue, by_id.values()).values())


def feed_representation(site: Site, feed: Feed, ending: str) -> Representation:
    """Return a feed in the format of this ending. Its time of change is that of its newest entry."""
    content = FORMATS[ending](feed, publisher_of(site.config))
    return representation_of(content, MEDIA_TYPES[ending], feed.updated)


def _lists(site: Site, connection: Connection, subscriptions: Sequence[Subscription]) -> Iterator[Iterator[Paper]]:
    """Yield the papers of each query and of each topic."""
    for canonical in {each.canonical for each in subscriptions if each.canonical}:
        yield newest_seen(connection, with_similar(connection, queries.parse(canonical)))
    topics = {each.topic for each in subscriptions if each.topic}
    if TRENDING in topics:
        yield iter(site.trending_of_days.get(site.engine, site.clock()))
    if ALL in topics:
        yield newest_seen_of_topic(connection, None, MAX_ENTRIES)
        return
    for slug in topics - {TRENDING, FOR_YOU}:  # a feed would change with each like, so it holds no papers for you
        yield newest_seen_of_topic(connection, slug, MAX_ENTRIES)


def _entries(site: Site, connection: Connection, ordered: Iterator[Paper]) -> tuple[Entry, ...]:
    """Return the entries of a feed that has these papers, which are in the order of feeds; the pinned ones move up."""
    return newest_entries(feed_entries(connection, site.catalogue, shown_papers(ordered)).values())
