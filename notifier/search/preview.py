"""Preview: which stored papers a query matches, before anybody subscribes to it, and what is odd about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rapidfuzz import fuzz, process
from sqlalchemy import Engine

from notifier import matching, queries
from notifier.models import Paper, Spans
from notifier.queries import Query
from notifier.store import papers, reading
from notifier.store.paper_tokens import tokens_of

DAYS_A_WEEK = 7
BROAD = 0.1  # of all papers
BLOCK = 1000  # papers in hand
NEAR_WORDS = 3
NEARNESS = 65  # of 100: a few letters off


@dataclass(frozen=True, slots=True)
class PreviewMatch:
    """A paper that the query is true of; `spans` are code points of the text given."""

    key: str
    title: str
    abstract: str
    listed_on: date
    spans: Spans


@dataclass(frozen=True, slots=True)
class Preview:
    """A query's canonical form, its matches, newest listing first, how many papers a week it would bring, and whatever
    its author may want to think about again, in sentences."""

    canonical: str
    per_week: float
    warnings: tuple[str, ...]
    matches: tuple[PreviewMatch, ...]


def preview(engine: Engine, text: str, days: int | None, now: datetime) -> Preview:
    """Match a query with all papers, or with those first listed in the last `days` days. Raises QueryError."""
    query = queries.parse(text)
    search = _Search(query, matching.query_words(text, query), now.date() - timedelta(days=days) if days else date.min)
    with reading(engine) as connection:
        for block in papers.in_blocks(connection, BLOCK):
            search.look_at(block, tokens_of(connection, block))
    search.found.sort(key=lambda paper: (paper.listed_on, -paper.id), reverse=True)
    return Preview(
        canonical=queries.canonical(query),
        per_week=_per_week(search, days),
        warnings=tuple(_warnings(search)),
        matches=tuple(
            PreviewMatch(p.key, p.title, p.abstract, p.listed_on, matching.spans(query, p)) for p in search.found
        ),
    )


class _Search:
    """What is found, block by block: the papers listed after `since` that match, and the words that no paper has."""

    def __init__(self, query: Query, words: Iterable[tuple[str, Query]], since: date) -> None:
        self._queries = matching.QuerySet()
        self._number = self._queries.add(query)
        self._since = since
        self.found: list[Paper] = []
        self.listed: Counter[date] = Counter()  # papers by their first listing day, those that count alone
        self._unseen = {self._queries.add(alone): word for word, alone in words}
        self.vocabulary: set[str] = set()

    @property
    def unseen(self) -> list[str]:
        """The words that no paper has, as they were typed."""
        return sorted(set(self._unseen.values()))

    def look_at(self, block: Sequence[Paper], tokenised: Sequence[bytes]) -> None:
        """Search some more papers."""
        index = matching.index(block, tokenised)
        matches = index.match_all(self._queries)
        self._unseen = {number: word for number, word in self._unseen.items() if not matches.positions(number)}
        if self._unseen:
            self.vocabulary |= index.words()
        self.listed.update(paper.listed_on for paper in block if paper.listed_on > self._since)
        matched = (block[position] for position in matches.positions(self._number))
        self.found += [paper for paper in matched if paper.listed_on > self._since]


def _per_week(search: _Search, days: int | None) -> float:
    """Matches a week over `days`, or else from the first to the last listing day, but never over less than a week."""
    if not search.listed:
        return 0.0
    length = days if days is not None else (max(search.listed) - min(search.listed)).days + 1
    return round(len(search.found) * DAYS_A_WEEK / max(length, DAYS_A_WEEK), 1)


def _warnings(search: _Search) -> Iterator[str]:
    found, looked_at = len(search.found), search.listed.total()
    if looked_at and not found:
        yield f"none of the {looked_at} papers looked at matches this"
    if found > BROAD * looked_at:
        yield f"this matches {found} of {looked_at} papers, more than a tenth; AND a word that narrows it"
    vocabulary = sorted(search.vocabulary)
    for word in search.unseen:
        near = process.extract(word, vocabulary, scorer=fuzz.ratio, limit=NEAR_WORDS, score_cutoff=NEARNESS)
        hint = f"; did you mean {' or '.join(each for each, *_ in near)}?" if near else ""
        yield f"no stored paper has the word “{word}”{hint}"
