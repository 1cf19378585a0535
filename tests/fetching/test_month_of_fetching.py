"""Over a month with faults, each source brings every paper of every day, and asks no more than is polite."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.remote_services import (
    LOGIN_PAGE,
    Answer,
    InMemory,
    Service,
    arxiv_feed,
    atom_entry,
    atom_page,
    daily_papers,
    oai_repository,
    preprint,
    preprints,
    query_of,
)

from notifier.config import SourceConfig
from notifier.errors import FetchError
from notifier.fetching import FetchState, documents, next_due
from notifier.fetching.presets.arxiv_days import latest_listing_day, listing_day_before
from notifier.sources import parse_dump

START = datetime(2026, 4, 1, 9, tzinfo=UTC)
DAYS = 30
FAULTS = (Answer(status=500), Answer(status=429), Answer(LOGIN_PAGE), Answer(b""))
HOURS_OF_TROUBLE = st.dictionaries(st.integers(24, 26 * 24), st.sampled_from(FAULTS), max_size=60)


def fetched(
    source: SourceConfig, service: Callable[[datetime], Service], trouble: dict[int, Answer]
) -> tuple[dict[date, int], int]:
    """Fetch a source for a month as it becomes due, and return the papers of each day and the most requests of a day.

    In the hours of trouble, each request is answered by a fault.
    """
    now, taken_until = START, START.date() - timedelta(days=1)
    papers: dict[date, int] = {}
    requests: dict[date, int] = defaultdict(int)
    while now < START + timedelta(days=DAYS):
        fault = trouble.get(int((now - START) / timedelta(hours=1)))
        answers = service(now)
        client = InMemory(lambda path, fault=fault, answers=answers: fault or answers(path))  # type: ignore[misc]
        with suppress(FetchError):  # in the hours of trouble
            for document in documents(source, FetchState(now, taken_until, {}), client):
                assert document.day is not None
                papers[document.day] = max(papers_in(document.body), papers.get(document.day, 0))
                taken_until = max(taken_until, document.day) if document.is_complete else taken_until
        requests[now.date()] += len(client.asked)
        now = next_due(source, now)
    return papers, max(requests.values())


@lru_cache(1000)
def papers_in(body: bytes) -> int:
    return len(parse_dump(body).listings)


def number_of(day: date) -> int:
    """Return the number of papers that a service has on a day: none at weekends."""
    return 0 if day.weekday() > 4 else 3 + day.day % 5


def growing(now: datetime) -> Callable[[date], int]:
    """Return the number of papers by day, as it is at `now`: a day begins at 06:00 and is whole at 18:00."""

    def number(day: date) -> int:
        hours = (now - datetime(day.year, day.month, day.day, tzinfo=UTC)) / timedelta(hours=1)
        share = min(max((hours - 6) / 12, 0.0), 1.0)
        return int(number_of(day) * share)

    return number


def arxiv_at(now: datetime) -> Service:
    """Return arXiv as it is at `now`: the feed of the day, and an API that knows what was submitted."""
    latest = latest_listing_day(now)
    eastern = (now - timedelta(hours=4)).date()  # New York has summer time during the whole month
    feed = arxiv_feed(latest, number_of(latest)) if eastern == latest else arxiv_feed(eastern, 0)

    def answer(path: str) -> Answer:
        if path.startswith("/rss/"):
            return Answer(feed)
        if not path.startswith("/api/"):
            return Answer(status=404)
        last = datetime.strptime(query_of(path)["search_query"][-13:-1], "%Y%m%d%H%M")
        day = next(
            each
            for each in (last.date() + timedelta(days=ahead) for ahead in range(1, 5))
            if each.weekday() < 5 and listing_day_before(each) == last.date()
        )
        entries = [atom_entry(day.day * 100 + number) for number in range(number_of(day))]
        return Answer(atom_page(entries, len(entries), 0))

    return answer


CASES: dict[str, tuple[dict[str, object], Callable[[datetime], Service], int]] = {
    "huggingface": ({}, lambda now: daily_papers(growing(now)), 60),
    "arxiv": ({"categories": ["cs.LG"]}, arxiv_at, 40),
    "biorxiv": (
        {},
        lambda now: preprints(lambda day: [preprint(number, day) for number in range(growing(now)(day))], 4),
        100,
    ),
    "oai": ({"url": "https://oai.example.org/oai"}, lambda now: oai_repository(growing(now), 4), 80),
}


@pytest.mark.parametrize("preset", CASES)
@given(trouble=HOURS_OF_TROUBLE)
@settings(max_examples=8, deadline=None)
def test_every_paper_of_the_month_comes_whatever_fails_in_between(preset: str, trouble: dict[int, Answer]) -> None:
    keys, service, most_requests = CASES[preset]
    source = SourceConfig.model_validate({"preset": preset, **keys})
    papers, busiest = fetched(source, service, trouble)
    last = (START + timedelta(days=DAYS - 2)).date()
    days = [START.date() + timedelta(days=number) for number in range((last - START.date()).days + 1)]
    assert {day: papers.get(day, 0) for day in days} == {day: number_of(day) for day in days}
    assert busiest <= most_requests


@pytest.mark.parametrize("preset", CASES)
def test_a_source_that_was_away_for_a_week_catches_up(preset: str) -> None:
    keys, service, _ = CASES[preset]
    source = SourceConfig.model_validate({"preset": preset, **keys})
    away = {hour: Answer(status=503) for hour in range(5 * 24, 12 * 24)}
    papers, _ = fetched(source, service, away)
    days = [START.date() + timedelta(days=number) for number in range(5, 12)]
    assert {day: papers.get(day, 0) for day in days} == {day: number_of(day) for day in days}
