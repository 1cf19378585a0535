"""Tell endpoints of the papers that were announced since they were last told.

An endpoint has a cursor, as a subscriber has. The events and the cursor are stored in one transaction, so that each
paper is told once each time it is announced.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine

from notifier.models import EventType, Paper
from notifier.store import endpoints, events, papers, reading, retried, tags, writing
from notifier.store.events import Entry
from notifier.text.paper_links import paper_path, paper_url
from notifier.topics import Catalogue

MOST_AUTHORS = 10  # the others are left out, because some papers have thousands


class News(NamedTuple):
    """The papers to tell, and the sequence number to which the cursor moves when they are told."""

    head: int
    entries: Sequence[Entry]


def tell_endpoints(engine: Engine, catalogue: Catalogue, base_url: str, now: datetime) -> None:
    """Put the papers that were announced, and are tagged, into events for the endpoints that want them."""
    with reading(engine) as connection:
        newest = papers.newest_sequence(connection)
        cursors = {
            each.cursor
            for each in endpoints.all_endpoints(connection)
            if EventType.PAPER_ANNOUNCED in each.events and not each.disabled_at and each.cursor < newest
        }
        news = {cursor: _news_after(connection, cursor, catalogue, base_url) for cursor in cursors}
    if news:
        _store(engine, news, now)


def _news_after(connection: Connection, cursor: int, catalogue: Catalogue, base_url: str) -> News:
    """Return what there is to tell after a cursor. Papers that are not tagged yet wait for the next planning."""
    untagged = tags.first_untagged(connection, catalogue.fingerprint, cursor)
    head = papers.newest_sequence(connection) if untagged is None else untagged - 1
    again = papers.announced_again(connection, cursor)
    found = papers.papers_after(connection, cursor, head)
    return News(max(head, cursor), [_entry(paper, again, catalogue, base_url) for paper in found])


@retried
def _store(engine: Engine, news: Mapping[int, News], now: datetime) -> None:
    """Store the events, and move the cursors. An endpoint whose cursor another process has moved is left out."""
    with writing(engine) as connection:
        for endpoint in endpoints.wanting(connection, EventType.PAPER_ANNOUNCED):
            if endpoint.cursor in news:
                head, entries = news[endpoint.cursor]
                events.record_for(connection, endpoint, EventType.PAPER_ANNOUNCED, entries, now)
                endpoints.set_cursor(connection, endpoint.id, head)


def _entry(paper: Paper, again: Collection[int], catalogue: Catalogue, base_url: str) -> dict[str, Any]:
    """Return what an event says about a paper. The abstract is left out: it would fill the event."""
    return {
        "key": paper.key,
        "title": paper.title,
        "authors": list(paper.authors[:MOST_AUTHORS]),
        "topics": sorted(paper.topics & catalogue.topics.keys()),
        "listed_on": paper.listed_on.isoformat(),
        "upvotes": paper.upvotes,
        "url": paper_url(paper) or None,
        "web_url": f"{base_url}{paper_path(paper)}" if base_url else None,
        "again": paper.id in again,
    }
