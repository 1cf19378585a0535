"""Read the papers that may go into the digests of the subscribers who are due, and match the queries with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import Connection

from notifier import matching, queries
from notifier.digests.size_limit import line_bytes
from notifier.models import MarkedWords, Paper, Subscription
from notifier.pipeline.tagging import with_topics
from notifier.search import all_with_similar, rank
from notifier.store import changed_votes, dumps, papers, pins, tags
from notifier.store.paper_tokens import tokens_of
from notifier.text.marked_words import words_at
from notifier.topics import RESERVED, Catalogue

MatchedPapers = list[tuple[Subscription, list[Paper]]]  # the papers that each subscription matches, best first

NEVER = datetime.max.replace(tzinfo=UTC)

# The sizes of the caches, which bound the memory whatever the number of subscribers.
CACHED_WORDS = 1 << 16  # one entry for each pair of a query and a paper
CACHED_PAPER_WORDS = 1 << 10
CACHED_QUERIES = 1 << 13
QUERY_BYTES = 500  # about the memory of a cached query, without its matches
MATCHES_BYTES = 1 << 27  # when the cached matches take more, they are dropped, and computed again when needed


class Candidates:
    """The papers after `cursor` that may go into digests, best first, and the matches of each distinct query.

    `head` is the last sequence number up to which all papers are tagged; papers after it wait for the next planning.
    `dump` is the id of the newest dump, or None if papers of it may be after `head`. `announced_again` holds the ids of
    the papers that were announced before. Digests planned since `announced_again_since` may contain them already.
    `pins` are the pins of the papers that are pinned, by id.
    """

    def __init__(
        self, connection: Connection, cursor: int, catalogue: Catalogue, now: datetime, *, in_memory: bool = False
    ) -> None:
        """Read the candidates, ranked as of `now`.

        With `in_memory`, nothing is stored, but papers are tagged and announced in memory as planning would do it.
        """
        self.cursor = cursor
        voted = changed_votes.to_announce(connection, catalogue.votes_named, now) if in_memory else []
        untagged = tags.first_untagged(connection, catalogue.fingerprint, cursor)
        must_match = in_memory and (untagged is not None or bool(voted))
        if must_match:
            untagged = None
        self.head = papers.newest_sequence(connection) if untagged is None else untagged - 1
        self.dump = dumps.newest_id(connection) if untagged is None else None
        found = papers.papers_after(connection, cursor, self.head)
        if voted:
            again = papers.shown_papers_by_id(connection, voted)
            found = [paper for paper in found if paper.id not in again]
            found += [replace(paper, sequence=self.head + n) for n, paper in enumerate(again.values(), start=1)]
            self.head += len(again)
        if must_match:
            found = with_topics(connection, found, catalogue)
        self.papers = [ranked.paper for ranked in rank(connection, found, now.date())]
        self.announced_again = papers.announced_again(connection, cursor) | set(voted)
        first_seen = [paper.first_seen for paper in self.papers if paper.id in self.announced_again]
        self.announced_again_since = min(first_seen, default=NEVER) - papers.CLOCK_SET_BACK
        self.pins = pins.begun(connection, [paper.id for paper in found])
        self._by_id = {paper.id: paper for paper in self.papers}
        self._places = {paper.id: place for place, paper in enumerate(self.papers)}
        self._line_bytes: dict[int, int] | None = None
        self._catalogue = catalogue
        self._index = matching.index(self.papers, tokens_of(connection, self.papers))
        self._matches: dict[str, tuple[matching.Matches, int]] = {}
        self._matches_bytes = 0
        self._parse = lru_cache(CACHED_QUERIES)(queries.parse)
        self._marked_leaves = lru_cache(CACHED_QUERIES)(self._marked_leaves_of)
        self._paper_words = lru_cache(CACHED_PAPER_WORDS)(self._paper_words_of)
        self._words = lru_cache(CACHED_WORDS)(self._words_of)

    def best(self, ids: Iterable[int]) -> Paper | None:
        """Return the best of the candidates with these ids; None if none of them is a candidate."""
        places = [self._places[each] for each in ids if each in self._places]
        return self.papers[min(places)] if places else None

    def match_all(self, connection: Connection, subscriptions: Iterable[Subscription]) -> None:
        """Match the queries of all these subscriptions at once, except those that have been matched before."""
        asked = {_query_of(each) for each in subscriptions if each.topic not in RESERVED}
        if self._matches_bytes > MATCHES_BYTES:
            self._matches, self._matches_bytes = {}, 0
        new, query_set = sorted(asked - self._matches.keys()), matching.QuerySet()
        parsed = all_with_similar(connection, list(map(self._parse, new)), self.papers)
        numbers = {text: query_set.add(query) for text, query in zip(new, parsed, strict=True)}
        if numbers:
            found = self._index.match_all(query_set)
            self._matches |= {text: (found, number) for text, number in numbers.items()}
            self._matches_bytes += found.size + QUERY_BYTES * len(numbers)

    def line_bytes(self, search: str) -> Mapping[int, int]:
        """Return, by paper id, the bytes that each candidate takes as a line of a mail.

        `search` is the URL of a search. A paper without a link of its own is linked to a search for its title.
        """
        if self._line_bytes is None:
            self._line_bytes = {paper.id: line_bytes(paper, search) for paper in self.papers}
        return self._line_bytes

    def papers_for(self, subscription: Subscription) -> list[Paper]:
        """Return the papers that a subscription matches, best first.

        `match_all` must have been called with the subscription. A subscription to a reserved topic matches all papers.
        """
        if subscription.topic in RESERVED:
            return self.papers
        matches, number = self._matches[_query_of(subscription)]
        return [self.papers[position] for position in matches.positions(number)]

    def has_announced_again(self, matched: Iterable[tuple[Subscription, Iterable[Paper]]]) -> bool:
        """Return whether any of these papers was announced before."""
        again = self.announced_again
        return bool(again) and any(paper.id in again for _, found in matched for paper in found)

    def words(self, subscription: Subscription, paper: Paper) -> MarkedWords:
        """Return the words of a paper that the subscription's query, or the leading terms of its topic, match."""
        topic = subscription.topic if subscription.topic in self._catalogue.topics else None
        query = subscription.canonical
        return self._words(query, topic, paper.id) if topic or query else MarkedWords()

    def _words_of(self, query: str | None, topic: str | None, paper_id: int) -> MarkedWords:
        spans, paper = self._marked_leaves(query, topic).spans(self._paper_words(paper_id)), self._by_id[paper_id]
        return MarkedWords(words_at(paper.title, spans.title), words_at(paper.abstract, spans.abstract))

    def _marked_leaves_of(self, query: str | None, topic: str | None) -> matching.MarkedLeaves:
        if topic:
            catalogue = self._catalogue
            return matching.MarkedLeaves(catalogue.parsed_queries[topic], catalogue.topics[topic].leading_terms)
        return matching.MarkedLeaves(self._parse(query or ""), None)

    def _paper_words_of(self, paper_id: int) -> matching.PaperWords:
        return matching.PaperWords(self._by_id[paper_id])


def _query_of(subscription: Subscription) -> str:
    """Return the text of the query that finds the subscription's papers."""
    return subscription.canonical or f"topic:{subscription.topic}"
