"""What the subscribers who are due may be told about."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from notifier import matching, queries
from notifier.models import Paper, Spans, Subscription
from notifier.pipeline.ranking import rank
from notifier.store import dumps, papers, tags
from notifier.topics import RESERVED, Catalogue


class Window:
    """The papers after `cursor` that subscribers may be told about, best first, matched with each distinct query once.

    `head` is the newest sequence number up to which all papers are tagged: a paper that came this moment waits its
    turn. `dump` is the newest dump, all of whose papers are; None where some are not.
    """

    def __init__(self, connection: Connection, cursor: int, catalogue: Catalogue, today: date) -> None:
        self.cursor = cursor
        untagged = tags.first_untagged(connection, catalogue.fingerprint)
        self.head = papers.head(connection) if untagged is None else untagged - 1
        self.dump = dumps.newest(connection) if untagged is None else None
        found = papers.papers_after(connection, cursor, self.head)
        self.papers = [ranked.paper for ranked in rank(connection, found, today)]
        self.announced_again = papers.announced_again(connection, cursor)
        self._catalogue = catalogue
        self._index = matching.index(self.papers)
        self._matches: dict[str, list[Paper]] = {}
        self._marks: dict[tuple[str, int], Spans] = {}

    def matches(self, subscription: Subscription) -> list[Paper]:
        """All papers of the window that a query is true of, or that bear a topic."""
        if subscription.topic in RESERVED:
            return self.papers
        asked = subscription.canonical or f"topic:{subscription.topic}"
        if asked not in self._matches:
            found = self._index.match(queries.parse(asked))
            self._matches[asked] = [self.papers[place] for place in found]
        return self._matches[asked]

    def marks(self, subscription: Subscription, paper: Paper) -> Spans:
        """Where the words of a query stand in a paper."""
        topic = self._catalogue.topics.get(subscription.topic or "")
        asked = topic.query if topic else subscription.canonical
        if asked is None:
            return Spans()
        if (asked, paper.id) not in self._marks:
            self._marks[asked, paper.id] = matching.spans(queries.parse(asked), paper)
        return self._marks[asked, paper.id]
