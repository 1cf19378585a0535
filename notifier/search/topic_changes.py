"""The preview of a topic: which stored papers would get it, and which would lose it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from notifier import matching
from notifier.models import Paper, Spans
from notifier.queries import Query
from notifier.search.searching import matching_keys
from notifier.store import papers, proposals, tags

WEEKS = 4  # the volume of a topic is the average of the last weeks, as in the list of topics
EXAMPLES = 5
EXAMINED = 5_000  # the newest papers that are examined for a query that the index of words cannot decide
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ExamplePaper:
    """A paper that gets or loses a topic, with the places that the query marks."""

    paper: Paper
    spans: Spans


@dataclass(frozen=True, slots=True)
class TopicChange:
    """What a query of a topic changes. `papers` have the topic afterwards, of the `searched` papers that are stored.

    `per_week` is their average number in the last weeks. `gained` and `lost` count the papers that get and lose the
    topic; the examples are the newest of them. If only the newest papers were examined, all numbers are about papers
    that were listed on the day `since` or later.
    """

    papers: int
    searched: int
    per_week: float
    gained: int
    lost: int
    gained_examples: tuple[ExamplePaper, ...]
    lost_examples: tuple[ExamplePaper, ...]
    since: date | None


def topic_change(connection: Connection, slug: str, query: Query, before: Query | None, now: datetime) -> TopicChange:
    """Return what changes if `query` becomes the query of a topic, whose query is `before`; None if it has none.

    Papers to which curators have given the topic keep it, and those from which they have taken it do not get it.
    """
    bounds = proposals.days_searched(connection, None)
    first, last, searched = bounds or (now.date(), now.date(), 0)
    fixed = {number: topics[slug] for number, topics in tags.corrections(connection).items() if slug in topics}
    found, examined = matching_keys(connection, query, EXAMINED)
    found_before, examined_before = matching_keys(connection, before, EXAMINED) if before else ({}, 0)
    lowest = max(examined, examined_before)
    new, old = (_comparable(each, fixed, lowest) for each in (found, found_before))
    gained, lost = new.keys() - old.keys(), old.keys() - new.keys()
    since = max(first, last - timedelta(weeks=WEEKS) + ONE_DAY)
    weeks = max(((last - since).days + 1) / 7, 1)
    return TopicChange(
        papers=len(new) + sum(fixed.values()),
        searched=searched,
        per_week=sum(proposals.listing_day(key) >= since for key in new.values()) / weeks,
        gained=len(gained),
        lost=len(lost),
        gained_examples=_examples(connection, gained, new, query),
        lost_examples=_examples(connection, lost, old, before) if before else (),
        since=proposals.listing_day(lowest) if lowest else None,
    )


def _comparable(keys: Mapping[int, int], fixed: Mapping[int, bool], lowest: int) -> dict[int, int]:
    """Return the search keys of the papers that were examined for both queries and that no curator has decided on."""
    return {number: key for number, key in keys.items() if key >= lowest and number not in fixed}


def _examples(
    connection: Connection, ids: Iterable[int], keys: Mapping[int, int], query: Query
) -> tuple[ExamplePaper, ...]:
    """Return the newest of these papers."""
    newest = sorted(ids, key=keys.__getitem__, reverse=True)[:EXAMPLES]
    found = papers.papers_by_id(connection, newest)
    return tuple(ExamplePaper(found[each], matching.spans(query, found[each])) for each in newest if each in found)
