"""The preview of a query: which stored papers the query matches, and warnings if it looks like a mistake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, Engine

from notifier import matching, queries
from notifier.models import Spans
from notifier.queries import Query
from notifier.search.hints import similar_words
from notifier.search.likes import with_similar
from notifier.search.searching import Search, count, find_newest, matches_any
from notifier.store import papers, proposals, reading
from notifier.store.word_index import similar_to
from notifier.text.counting import counted

DAYS_A_WEEK = 7
BROAD = 0.1  # a query that matches a larger share of the searched papers gets a warning
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PreviewMatch:
    """A paper that the query matches; `spans` are the matching places in `title` and `abstract`."""

    key: str
    title: str
    abstract: str
    listed_on: date
    spans: Spans


@dataclass(frozen=True, slots=True)
class Preview:
    """The result of a preview.

    `canonical` is the query's canonical form, `papers` the number of matching papers, and `per_week` their number a
    week. `listing_days` is the number of days from the earliest to the latest listing day of the searched papers: if it
    is less than a week, `per_week` is too low. `warnings` are sentences for the author of the query. `matches` are the
    first of the matching papers, ordered by listing day, newest first.
    """

    canonical: str
    papers: int
    per_week: float
    listing_days: int
    warnings: tuple[str, ...]
    matches: tuple[PreviewMatch, ...]


def preview(engine: Engine, text: str, days: int | None, now: datetime, limit: int | None = None) -> Preview:
    """Match a query with all stored papers, or only with those first listed in the last `days` days.

    The result has the first `limit` matches, or all of them if it is None. Raises QueryError if the query language
    refuses the text, and UsageError if it names a paper that does not exist.
    """
    query = queries.parse(text)
    since = now.date() - timedelta(days=days) + ONE_DAY if days else None
    with reading(engine) as connection:
        papers.check_keys(connection, queries.papers_named(query))
        query = with_similar(connection, query)
        search = Search(query, since)
        bounds = proposals.days_searched(connection, since)
        first, last, number_searched = bounds or (now.date(), now.date(), 0)
        number_matching = count(connection, search)
        found = find_newest(connection, search, number_matching if limit is None else limit)
        missing = tuple(missing_words(connection, text, query)) if number_searched else ()
    listing_days = (last - first).days + 1 if number_searched else 0
    return Preview(
        canonical=queries.canonical(query),
        papers=number_matching,
        per_week=round(number_matching * DAYS_A_WEEK / max(days or listing_days, DAYS_A_WEEK), 1),
        listing_days=listing_days,
        warnings=(*queries.hints(text), *_warnings(number_matching, number_searched), *missing),
        matches=tuple(
            PreviewMatch(paper.key, paper.title, paper.abstract, paper.listed_on, matching.spans(query, paper))
            for _, paper in found.papers
        ),
    )


def _warnings(matches: int, searched_papers: int) -> Iterator[str]:
    if not searched_papers:
        yield "there are no papers to search yet; `notifier ingest PATH` stores some, or raise --days for older ones"
    if searched_papers and not matches:
        papers = counted(searched_papers, "paper")
        yield f"the query matches none of the {papers} searched; try fewer words, or OR between them"
    if matches > BROAD * searched_papers:
        yield f"the query matches {matches} of {searched_papers} papers, more than a tenth; add a word that narrows it"


def missing_words(connection: Connection, text: str, query: Query) -> Iterator[str]:
    """Yield a sentence for each word of the query that no stored paper has; `text` is the query as typed."""
    words = matching.query_words(text, query)
    for word in sorted({word for word, alone in words if not matches_any(connection, alone)}):
        yield f"no stored paper has the word “{word}”{similar_words(word, similar_to(connection, word))}"
