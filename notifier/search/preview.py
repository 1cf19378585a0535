"""The preview of a query: which stored papers the query matches, and warnings if it looks like a mistake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine

from notifier import matching, queries
from notifier.models import Paper, Spans
from notifier.queries import Query
from notifier.search.hints import similar_words
from notifier.store import papers, reading
from notifier.store.paper_tokens import tokens_of
from notifier.text.counting import counted

DAYS_A_WEEK = 7
BROAD = 0.1  # a query that matches a larger share of the searched papers gets a warning
BLOCK = 1000  # papers read and matched at a time


@dataclass(frozen=True, slots=True)
class PreviewMatch:
    """A paper that the query matches; `spans` are the matching passages of `title` and `abstract`."""

    key: str
    title: str
    abstract: str
    listed_on: date
    spans: Spans


@dataclass(frozen=True, slots=True)
class Preview:
    """The result of a preview.

    `canonical` is the query's canonical form, and `per_week` the number of matching papers a week. `listing_days` is
    the number of days from the earliest to the latest listing day of the searched papers: if it is less than a week,
    `per_week` is too low. `warnings` are sentences for the author of the query. `matches` are ordered by listing day,
    newest first.
    """

    canonical: str
    per_week: float
    listing_days: int
    warnings: tuple[str, ...]
    matches: tuple[PreviewMatch, ...]


def preview(engine: Engine, text: str, days: int | None, now: datetime) -> Preview:
    """Match a query with all stored papers, or only with those first listed in the last `days` days.

    Raises QueryError if the query language refuses the text.
    """
    query = queries.parse(text)
    search = _Search(query, matching.query_words(text, query), now.date() - timedelta(days=days) if days else date.min)
    with reading(engine) as connection:
        for block in papers.in_blocks(connection, BLOCK):
            search.search_block(block, tokens_of(connection, block))
    search.matched.sort(key=lambda paper: (paper.listed_on, -paper.id), reverse=True)
    return Preview(
        canonical=queries.canonical(query),
        per_week=_per_week(search, days),
        listing_days=search.listing_days,
        warnings=(*queries.hints(text), *_warnings(search)),
        matches=tuple(
            PreviewMatch(paper.key, paper.title, paper.abstract, paper.listed_on, matching.spans(query, paper))
            for paper in search.matched
        ),
    )


class _Search:
    """A search through all papers, block by block.

    It collects the matching papers that were listed after `since`. It also collects the words of the query that no
    stored paper has, not even one that was listed earlier. `words` gives each word as it was typed, with a query for
    this word alone.
    """

    def __init__(self, query: Query, words: Iterable[tuple[str, Query]], since: date) -> None:
        self._queries = matching.QuerySet()
        self._number = self._queries.add(query)
        self._since = since
        self.matched: list[Paper] = []
        self.searched: Counter[date] = Counter()  # papers listed after `since`, counted by first listing day
        self._missing = {self._queries.add(word_query): word for word, word_query in words}
        self.vocabulary: set[str] = set()

    @property
    def missing_words(self) -> list[str]:
        """The words that no paper has, as they were typed."""
        return sorted(set(self._missing.values()))

    @property
    def listing_days(self) -> int:
        """The number of days from the earliest to the latest listing day of the searched papers."""
        return (max(self.searched) - min(self.searched)).days + 1 if self.searched else 0

    def search_block(self, block: Sequence[Paper], tokenised: Sequence[bytes]) -> None:
        """Search these papers; `tokenised` holds the tokens of each."""
        index = matching.index(block, tokenised)
        matches = index.match_all(self._queries)
        self._missing = {number: word for number, word in self._missing.items() if not matches.positions(number)}
        if self._missing:
            self.vocabulary |= index.words()
        self.searched.update(paper.listed_on for paper in block if paper.listed_on > self._since)
        matched = (block[position] for position in matches.positions(self._number))
        self.matched += [paper for paper in matched if paper.listed_on > self._since]


def _per_week(search: _Search, days: int | None) -> float:
    """Return the number of matches a week.

    The mean is over the last `days` days, or else over the time from the first to the last listing day. A time that is
    shorter than a week counts as one week.
    """
    if not search.searched:
        return 0.0
    length = days if days is not None else search.listing_days
    return round(len(search.matched) * DAYS_A_WEEK / max(length, DAYS_A_WEEK), 1)


def _warnings(search: _Search) -> Iterator[str]:
    matched, searched = len(search.matched), search.searched.total()
    if not searched:
        yield "there are no papers to search yet; `notifier ingest PATH` stores some, and --days leaves out older ones"
    if searched and not matched:
        papers = counted(searched, "paper")
        yield f"the query matches none of the {papers} searched; try fewer words, or OR between them"
    if matched > BROAD * searched:
        yield f"the query matches {matched} of {searched} papers, more than a tenth; add a word that narrows it"
    vocabulary = sorted(search.vocabulary)
    for word in search.missing_words if searched else ():
        yield f"no stored paper has the word “{word}”{similar_words(word, vocabulary)}"
