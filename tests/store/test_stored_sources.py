"""What is stored of sources: their state, their claims, their documents and the counts of their days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine

from notifier.models import DayCount, SourceHistory
from notifier.store import sources
from notifier.store.engine import reading, writing
from notifier.store.sources import SourceClaim, SourceDocument, SourceState

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Return the engine of a store with the source `daily`, which this test has claimed."""
    engine: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")
    with writing(engine) as connection:
        assert sources.lock_claim(connection, "daily") is None
        sources.set_claim(connection, "daily", SourceClaim("me", NOON))
    yield engine


def stored_history(engine: Engine, since: date = date.min) -> SourceHistory:
    with reading(engine) as connection:
        return sources.history(connection, "daily", since)


def test_a_source_that_was_never_tried_has_an_empty_history(engine: Engine) -> None:
    assert stored_history(engine) == SourceHistory("daily")


def test_the_state_of_a_source_is_stored_and_its_claim_stays(store: Engine) -> None:
    state = SourceState("daily", NOON, NOON + HOUR, NOON, NOON + DAY, 2, "HTTP 403", NOON, date(2026, 7, 5))
    with writing(store) as connection:
        sources.write_state(connection, state)
    with reading(store) as connection:
        assert (sources.state(connection, "daily"), sources.states(connection)) == (state, {"daily": state})
    with writing(store) as connection:
        assert sources.lock_claim(connection, "daily") == SourceClaim("me", NOON)


def test_only_the_owner_of_a_claim_renews_and_releases_it(store: Engine) -> None:
    with writing(store) as connection:
        assert not sources.renew_claim(connection, "daily", SourceClaim("other", NOON + HOUR))
        sources.release(connection, "daily", "other")
        assert sources.renew_claim(connection, "daily", SourceClaim("me", NOON + HOUR))
        assert sources.lock_claim(connection, "daily") == SourceClaim("me", NOON + HOUR)
        sources.release(connection, "daily", "me")
        assert sources.lock_claim(connection, "daily") is None


def test_a_source_is_unchanged_since_the_latest_change_of_the_documents_of_its_last_fetch(store: Engine) -> None:
    first = SourceDocument("https://example.org/a", "1", NOON, NOON + DAY)
    second = SourceDocument("https://example.org/b", "2", NOON + HOUR, NOON + DAY)
    of_an_earlier_fetch = SourceDocument("https://example.org/c", "3", NOON - DAY, NOON)
    with writing(store) as connection:
        for each in (first, second, of_an_earlier_fetch):
            sources.write_document(connection, "daily", each)
    assert stored_history(store).unchanged_since == NOON + HOUR
    with writing(store) as connection:
        sources.write_document(connection, "daily", replace(second, sha256="4", unchanged_since=NOON + DAY))
    assert stored_history(store).unchanged_since is None


def test_a_document_replaces_the_last_one_of_its_url_however_long_the_url_is(store: Engine) -> None:
    long = "https://example.org/?token=" + "x" * 5000
    with writing(store) as connection:
        for url in ("https://example.org/a", long):
            for papers in (3, 5):
                day = date(2026, 7, 6)
                document = SourceDocument(url, "1", NOON, NOON, "etag", "Mon", day, papers, "no dump")
                sources.write_document(connection, "daily", document)
        known = sources.documents(connection, "daily")
        assert known["https://example.org/a"].papers == known[sources.url_key(long)].papers == 5
        assert sources.papers_of_day(connection, "daily", date(2026, 7, 6)) == 10
        sources.delete_documents(connection, "daily", ["https://example.org/a"])
        assert list(sources.documents(connection, "daily")) == [sources.url_key(long)]


def test_the_counts_of_the_days_are_those_of_the_last_time_each_was_taken(store: Engine) -> None:
    monday, tuesday = date(2026, 7, 6), date(2026, 7, 7)
    half, whole = DayCount(4, 9, is_complete=False), DayCount(9, 9, newest=monday)
    with writing(store) as connection:
        sources.write_day(connection, "daily", monday, half, NOON)
        sources.write_day(connection, "daily", monday, whole, NOON + HOUR)
        sources.write_day(connection, "daily", tuesday, half, NOON + HOUR)
        assert sources.day_count(connection, "daily", monday) == whole
    assert stored_history(store).days == {monday: whole, tuesday: half}
    assert stored_history(store, tuesday).days == {tuesday: half}


def test_what_is_old_is_swept_and_a_source_that_was_removed_from_the_config_after_a_while(store: Engine) -> None:
    with writing(store) as connection:
        sources.write_state(connection, SourceState("daily", last_tried_at=NOON))
        sources.write_document(connection, "daily", SourceDocument("old", "1", NOON, NOON))
        sources.write_document(connection, "daily", SourceDocument("new", "1", NOON, NOON + DAY))
        sources.write_day(connection, "daily", date(2026, 7, 6), DayCount(4), NOON)
        sources.sweep(connection, ["daily"], NOON + HOUR)
        assert list(sources.documents(connection, "daily")) == ["new"]
        sources.sweep(connection, [], NOON - HOUR)
        assert sources.history(connection, "daily").days
        sources.sweep(connection, [], NOON + HOUR)
        assert sources.states(connection) == {}
        assert sources.documents(connection, "daily") == {}
