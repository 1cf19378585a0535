"""What the subscribers who are due may be told about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from sqlalchemy import Connection

from notifier import matching, queries
from notifier.models import Paper, Spans, Subscription
from notifier.search import rank
from notifier.store import dumps, papers, tags
from notifier.store.paper_tokens import tokens_of
from notifier.topics import RESERVED, Catalogue

CLOCK_TROUBLE = timedelta(days=7)  # a clock may have been set back by so much since a paper came
NEVER = datetime.max.replace(tzinfo=UTC)

# How many are kept at hand; memory does not grow with the readers.
SPANS = 1 << 16  # of a query in a paper
WORDS = 1 << 10  # of papers
QUERIES = 1 << 13
ENTRY_BYTES = 500  # about what a query's entry takes beside its matches
MATCH_BYTES = 1 << 27  # of what queries match; past it all is forgotten, and found anew where it is asked again


class Candidates:
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
        first_seen = [paper.first_seen for paper in self.papers if paper.id in self.announced_again]
        self.announced_again_since = min(first_seen, default=NEVER) - CLOCK_TROUBLE
        self._by_id = {paper.id: paper for paper in self.papers}
        self._catalogue = catalogue
        self._index = matching.index(self.papers, tokens_of(connection, self.papers))
        self._matches: dict[str, tuple[matching.Matches, int]] = {}
        self._bytes = 0
        self._parse = lru_cache(QUERIES)(queries.parse)
        self._reasons = lru_cache(QUERIES)(self._reasons_of)
        self._words = lru_cache(WORDS)(self._words_of)
        self._spans = lru_cache(SPANS)(self._spans_of)

    def match(self, subscriptions: Iterable[Subscription]) -> None:
        """Match what these ask for, as far as it is not known yet, all of it at once."""
        asked = {_asked(each) for each in subscriptions if each.topic not in RESERVED}
        if self._bytes > MATCH_BYTES:
            self._matches, self._bytes = {}, 0
        together = matching.QuerySet()
        numbers = {each: together.add(self._parse(each)) for each in sorted(asked - self._matches.keys())}
        if numbers:
            found = self._index.match_all(together)
            self._matches |= {each: (found, number) for each, number in numbers.items()}
            self._bytes += found.size + ENTRY_BYTES * len(numbers)

    def matches(self, subscription: Subscription) -> list[Paper]:
        """All papers of the window that a query is true of, or that bear a topic; `match` has been told of it."""
        if subscription.topic in RESERVED:
            return self.papers
        matches, number = self._matches[_asked(subscription)]
        return [self.papers[position] for position in matches.positions(number)]

    def is_announced_again(self, matched: Iterable[tuple[Subscription, Iterable[Paper]]]) -> bool:
        """Whether one of these papers is, so that its reader may have been told of it."""
        again = self.announced_again
        return bool(again) and any(paper.id in again for _, found in matched for paper in found)

    def marks(self, subscription: Subscription, paper: Paper) -> Spans:
        """Where the words of a query stand in a paper."""
        topic = self._catalogue.topics.get(subscription.topic or "")
        asked = topic.query if topic else subscription.canonical
        return self._spans(asked, paper.id) if asked else Spans()

    def _spans_of(self, asked: str, paper_id: int) -> Spans:
        return self._reasons(asked).spans(self._words(paper_id))

    def _reasons_of(self, asked: str) -> matching.MarkedLeaves:
        return matching.MarkedLeaves(self._parse(asked))

    def _words_of(self, paper_id: int) -> matching.PaperWords:
        return matching.PaperWords(self._by_id[paper_id])


def _asked(subscription: Subscription) -> str:
    return subscription.canonical or f"topic:{subscription.topic}"
