"""The papers of the last 30 days in memory, to tell somebody at once what a query or a topic would bring them.

A paper belongs to them if its listing day is one of these days, or if it was first stored on one of them. In a new
service that ingests the pages of several months, old papers belong to them too, because they were first stored in the
last days. The first digests of such a service hold these papers as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from sqlalchemy import Connection

from notifier import matching, queries
from notifier.models import RANKED_FORMATS, Paper
from notifier.queries import Query
from notifier.search.hints import similar_words
from notifier.search.ranking import rank
from notifier.store import papers
from notifier.store.paper_tokens import tokens_of
from notifier.text.counting import counted
from notifier.topics import ALL

DAYS = 30
DAYS_A_WEEK = 7
MOST = 5_000  # papers that are held in memory, which takes about 10 kB for each; older ones are left out
RANKED = 1_000  # at most this many matching papers are ranked to find the best; arXiv lists about as many a day
BROAD = 0.1  # a query that matches a larger share of the papers gets a hint
ONE_DAY = timedelta(days=1)


@dataclass(eq=False)
class RecentPapers:
    """The papers of the `days` days up to `until`, newest first, with their index.

    `days` is smaller than DAYS if older papers are not stored or are too many.
    After the papers of these days come papers with an earlier listing day that were first stored recently. The numbers
    per week leave those out.
    """

    papers: Sequence[Paper]
    index: matching.PaperIndex
    until: date
    days: int

    @property
    def since(self) -> date:
        """The first of the days."""
        return self.until - timedelta(days=self.days - 1)

    def listed_in_days(self, candidates: Iterable[Paper]) -> list[Paper]:
        """Return those of these papers that are listed in these days."""
        return [paper for paper in candidates if paper.listed_on >= self.since]

    @cached_property
    def vocabulary(self) -> list[str]:
        """Return every folded word of the papers, sorted."""
        return sorted(self.index.words())

    def matching(self, parsed_queries: Sequence[Query], topics: Collection[str]) -> list[Paper]:
        """Return the papers that one of the queries matches or that have one of the topics, newest first."""
        if ALL in topics:
            return list(self.papers)
        query_set = matching.QuerySet()
        numbers = [query_set.add(query) for query in parsed_queries]
        found: set[int] = set()
        if numbers:
            matches = self.index.match_all(query_set)
            found = {position for number in numbers for position in matches.positions(number)}
        chosen = frozenset(topics)
        return [paper for place, paper in enumerate(self.papers) if place in found or paper.topics & chosen]

    def per_week(self, candidates: Iterable[Paper]) -> float:
        """Return how many of these papers are listed in these days, as a number per week.

        Less than a week counts as a week.
        """
        return self._rate_per_week(len(self.listed_in_days(candidates)))

    def per_week_by_topic(self) -> dict[str, float]:
        """Return how many papers a week each topic has, by slug; topics without papers are left out."""
        counts: dict[str, int] = {}
        for paper in self.listed_in_days(self.papers):
            for slug in paper.topics:
                counts[slug] = counts.get(slug, 0) + 1
        return {slug: self._rate_per_week(count) for slug, count in counts.items()}

    def _rate_per_week(self, count: int) -> float:
        return count * DAYS_A_WEEK / max(self.days, DAYS_A_WEEK)

    def hints(self, text: str, query: Query) -> Iterator[str]:
        """Yield sentences for the author of a query, if it looks like a mistake."""
        count = len(self.matching([query], ()))
        if self.papers and count > max(BROAD * len(self.papers), DAYS_A_WEEK):
            yield f"this matches {count} of {len(self.papers)} papers; a further word would narrow it"
        yield from queries.hints(text)
        for word, alone in matching.query_words(text, query):
            if self.papers and not self.index.match(alone):
                similar = similar_words(word, self.vocabulary)
                yield f"of {counted(len(self.papers), 'paper')}, none has the word “{word}”{similar}"


def read_recent(connection: Connection, today: date) -> RecentPapers:
    """Read the papers of the DAYS days up to the newest listing day, which may be one day after `today` (UTC).

    Then come older papers that were first stored during the DAYS days up to `today`.
    """
    oldest, until = papers.listing_days(connection, today + ONE_DAY) or (today, today)
    since = max(oldest, until - timedelta(days=DAYS - 1))
    listed = papers.papers_by_id(connection, papers.listed_between(connection, since, until, MOST + 1)).values()
    found = sorted((each for each in listed if each.listed_on >= since), key=_newest_first_key)[:MOST]
    if len(listed) > MOST:
        since = found[-1].listed_on
    found += _stored_lately(connection, today, since, MOST - len(found))
    return RecentPapers(found, matching.index(found, tokens_of(connection, found)), until, (until - since).days + 1)


def _stored_lately(connection: Connection, today: date, before: date, limit: int) -> list[Paper]:
    """Return at most `limit` papers that were first stored in the last DAYS days and are listed before this day."""
    instant = datetime.combine(today - timedelta(days=DAYS), time(), UTC)
    seen = papers.papers_by_id(connection, papers.seen_since(connection, instant, MOST)).values()
    return sorted((each for each in seen if each.listed_on < before), key=_newest_first_key)[:limit]


def best_of(connection: Connection, candidates: Sequence[Paper], on: date, limit: int) -> list[Paper]:
    """Return the `limit` best of these papers, which are ordered newest first.

    If there are more than RANKED, those with votes or upvotes or in ranked lists are preferred, and then the newest.
    """
    preferred = sorted(candidates, key=_was_not_chosen)
    return [each.paper for each in rank(connection, preferred[:RANKED], on)[:limit]]


def _was_not_chosen(paper: Paper) -> bool:
    return not paper.votes and paper.upvotes is None and paper.source not in RANKED_FORMATS


def _newest_first_key(paper: Paper) -> tuple[int, int]:
    return -paper.listed_on.toordinal(), paper.id
