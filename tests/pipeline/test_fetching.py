"""Fetching: papers come by themselves, each is announced once, and a failure is told and stops no other source."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.fetched_sources import (
    DailyService,
    config_with,
    each_day,
    fetch_at,
    history_of,
    json_lines,
    kept_in,
    news_of,
    titles_on,
)
from support.https_service import Answer, HttpsService, https_service
from support.service import MONDAY, add_subscriber, page_text
from support.stores import new_store

from notifier.arrivals import source_health
from notifier.config import Config
from notifier.errors import UsageError
from notifier.pipeline import describe_unannounced, fetch
from notifier.pipeline.ingesting import ingest
from notifier.pipeline.removing import remove_old
from notifier.store import dumps
from notifier.store.engine import reading
from notifier.subscribers.subscribing import SignUp

ANN = "ann@example.org"
A_DAY, AN_HOUR = timedelta(days=1), timedelta(hours=1)
EVENING = MONDAY.replace(hour=20)  # a Monday
TODAY = MONDAY.date()
ERROR_PAGE = Answer(b"<html><body><h1>503</h1>We will be back soon.</body></html>")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Engine:
    """Return the engine of a new store, in each kind of database."""
    found: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")
    return found


@pytest.fixture
def service() -> Iterator[HttpsService]:
    """Return a server without any paths."""
    with https_service() as running:
        yield running


@pytest.fixture
def daily(service: HttpsService) -> DailyService:
    """Return the daily papers of the server: two on each day of a month."""
    papers = DailyService({day: titles_on(day) for day in each_day(TODAY - 9 * A_DAY, 60)})
    service.scripts["/api/daily_papers"] = papers
    return papers


@pytest.fixture
def config(service: HttpsService, tmp_path: Path) -> Config:
    """Return a config with the daily papers of the server."""
    return config_with(tmp_path, {"daily": {"preset": "huggingface", "url": service.url(""), "pause_seconds": 0}})


def lines_source(service: HttpsService, folder: Path, answer: Answer, **more: object) -> Config:
    """Let the server answer with a dump of JSON lines, and return a config that fetches it."""
    service.scripts["/papers.jsonl"] = answer
    return config_with(folder, {"lines": {"url": service.url("/papers.jsonl"), "pause_seconds": 0, **more}})


def subscribe_ann(engine: Engine, now: datetime = MONDAY) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True), now)


def morning(days: int) -> datetime:
    """Return 08:00 on the day that is so many days after Monday."""
    return MONDAY.replace(hour=8) + days * A_DAY


@pytest.mark.slow
def test_the_first_fetch_announces_nothing_and_the_papers_of_the_next_day_reach_a_subscriber_once(
    store: Engine, daily: DailyService, config: Config
) -> None:
    daily.days = {day: titles for day, titles in daily.days.items() if day <= TODAY}
    subscribe_ann(store)
    first = fetch_at(store, config, EVENING)
    assert first
    assert (first.status, first.is_first, first.problem) == ("fetched", True, None)
    assert first.new >= 2
    assert news_of(store, config, morning(1), ANN) == []
    tuesday = TODAY + A_DAY
    daily.days[tuesday] = titles_on(tuesday)
    second = fetch_at(store, config, EVENING + A_DAY)
    assert second
    assert (second.status, second.is_first, second.new) == ("fetched", False, 2)
    assert news_of(store, config, morning(2), ANN) == titles_on(tuesday)
    fetch_at(store, config, EVENING + 2 * A_DAY)
    assert news_of(store, config, morning(3), ANN) == []


@pytest.mark.slow
def test_three_missed_days_are_caught_up_and_announced(store: Engine, daily: DailyService, config: Config) -> None:
    daily.days = {day: titles for day, titles in daily.days.items() if day <= TODAY + 4 * A_DAY}
    subscribe_ann(store)
    fetch_at(store, config, EVENING.replace(hour=7))
    news_of(store, config, morning(0), ANN)
    fetch_at(store, config, EVENING + 4 * A_DAY)
    expected = sorted(title for day in each_day(TODAY + A_DAY, 4) for title in titles_on(day))
    assert news_of(store, config, morning(5), ANN) == expected


@pytest.mark.slow
def test_after_weeks_without_fetching_only_the_last_seven_days_are_announced(
    engine: Engine, daily: DailyService, config: Config
) -> None:
    now = EVENING + 20 * A_DAY
    daily.days = {day: titles for day, titles in daily.days.items() if day <= now.date()}
    subscribe_ann(engine)
    fetch_at(engine, config, MONDAY)
    report = fetch_at(engine, config, now)
    assert report
    assert report.unannounced == sum(len(titles_on(day)) for day in each_day(TODAY + A_DAY, 13))
    assert describe_unannounced(report) == "26 new papers are dated more than 6 days ago, and will not be announced"
    expected = sorted(title for day in each_day(now.date() - 6 * A_DAY, 7) for title in titles_on(day))
    assert news_of(engine, config, now + A_DAY, ANN) == expected


@pytest.mark.slow
def test_a_half_arrived_day_is_taken_again_and_its_new_papers_are_announced(
    engine: Engine, daily: DailyService, config: Config
) -> None:
    subscribe_ann(engine)
    fetch_at(engine, config, MONDAY)
    tuesday = TODAY + A_DAY
    whole = titles_on(tuesday, 8)
    daily.days = {tuesday: whole[:3]}
    fetch_at(engine, config, MONDAY + A_DAY)
    assert history_of(engine, "daily").days[tuesday].papers == 3
    assert news_of(engine, config, morning(1), ANN) == whole[:3]
    daily.days = {tuesday: whole}
    fetch_at(engine, config, MONDAY + A_DAY + 6 * AN_HOUR)
    assert history_of(engine, "daily").days[tuesday].papers == 8
    assert news_of(engine, config, morning(2), ANN) == whole[3:]
    fetch_at(engine, config, MONDAY + 3 * A_DAY)
    assert history_of(engine, "daily").days[tuesday].is_complete


def test_an_empty_day_is_no_problem_and_is_counted(engine: Engine, daily: DailyService, config: Config) -> None:
    daily.days = {}
    report = fetch_at(engine, config, EVENING)
    assert report
    assert (report.problem, report.papers) == (None, 0)
    assert history_of(engine, "daily").days[TODAY].papers == 0


@pytest.mark.slow
def test_a_document_that_was_not_modified_is_not_sent_again(
    store: Engine, service: HttpsService, daily: DailyService, config: Config
) -> None:
    daily.has_etags = True
    daily.days = {day: titles for day, titles in daily.days.items() if day <= TODAY}
    fetch_at(store, config, EVENING)
    kept = kept_in(config.base, "daily")
    report = fetch_at(store, config, EVENING + AN_HOUR, "daily")
    assert report
    assert (report.status, report.documents, report.problem) == ("unchanged", 0, None)
    assert report.unchanged
    assert service.requests[-1].headers["if-none-match"]
    assert kept_in(config.base, "daily") == kept


def test_the_same_bytes_are_counted_as_the_same_document_since_they_came_first(
    store: Engine, service: HttpsService, tmp_path: Path
) -> None:
    config = lines_source(service, tmp_path, Answer(json_lines("How Bees Fly at Night")), every="6h")
    for hours in (0, 6, 12):
        report = fetch_at(store, config, EVENING + hours * AN_HOUR)
    assert report
    assert (report.status, report.documents, report.unchanged) == ("unchanged", 0, 1)
    assert history_of(store, "lines").unchanged_since == EVENING
    assert len(kept_in(tmp_path, "lines")) == 1
    service.scripts["/papers.jsonl"] = Answer(json_lines("How Ants Walk at Night"))
    fetch_at(store, config, EVENING + 18 * AN_HOUR)
    assert history_of(store, "lines").unchanged_since is None


def test_a_source_is_fetched_when_it_is_due_and_at_once_if_it_is_named(
    engine: Engine, service: HttpsService, tmp_path: Path
) -> None:
    config = lines_source(service, tmp_path, Answer(json_lines("How Bees Fly at Night")), at="21:30")
    assert fetch_at(engine, config, EVENING)
    assert fetch_at(engine, config, EVENING + AN_HOUR) is None
    assert fetch_at(engine, config, EVENING + AN_HOUR, "lines")
    assert fetch_at(engine, config, EVENING + 2 * AN_HOUR)
    more_often = lines_source(service, tmp_path, Answer(json_lines("How Bees Fly at Night")), every="30m")
    assert fetch_at(engine, more_often, EVENING + 3 * AN_HOUR), "the config was changed to ask more often"


def test_a_clock_that_was_set_back_does_not_silence_a_source(
    engine: Engine, service: HttpsService, tmp_path: Path
) -> None:
    config = lines_source(service, tmp_path, Answer(json_lines("How Bees Fly at Night")))
    fetch_at(engine, config, EVENING + 400 * A_DAY)
    assert fetch_at(engine, config, EVENING)


def test_an_unknown_source_is_answered_with_the_known_ones(engine: Engine, config: Config) -> None:
    with pytest.raises(UsageError, match=r"no source 'dayly'; the config has daily"):
        fetch(engine, config, lambda: EVENING, ["dayly"])
    with pytest.raises(UsageError, match=r"no source 'daily'; the config has no sources"):
        fetch(engine, Config(), lambda: EVENING, ["daily"])


@pytest.mark.slow
def test_an_error_page_is_no_dump_and_is_the_problem_of_its_source_until_papers_come(
    store: Engine, daily: DailyService, config: Config
) -> None:
    fetch_at(store, config, EVENING)
    daily.answer = ERROR_PAGE
    report = fetch_at(store, config, EVENING + A_DAY)
    assert report
    assert (report.status, report.is_new_problem) == ("failed", True)
    again = fetch_at(store, config, EVENING + 2 * A_DAY)
    assert again
    assert (again.status, again.is_new_problem) == ("failed", False)
    history = history_of(store, "daily")
    assert (history.failures, history.problem_since, history.last_succeeded_at) == (2, EVENING + A_DAY, EVENING)
    with reading(store) as connection:
        assert dumps.quarantined_files(connection) == []
    daily.answer = None
    report = fetch_at(store, config, EVENING + 3 * A_DAY)
    assert report
    assert report.new
    assert history_of(store, "daily").problem == ""


def test_a_document_that_is_no_dump_is_kept_once_and_named(
    engine: Engine, service: HttpsService, tmp_path: Path
) -> None:
    config = lines_source(service, tmp_path, ERROR_PAGE)
    for hours in (0, 1, 3):
        report = fetch_at(engine, config, EVENING + hours * AN_HOUR)
    (name,) = kept_in(tmp_path, "lines")
    assert report
    assert report.problem
    assert str(tmp_path / "var" / "fetched" / "lines" / name) in report.problem
    assert "web page" in report.problem


def test_text_that_is_no_list_of_papers_is_kept_too(engine: Engine, service: HttpsService, tmp_path: Path) -> None:
    report = fetch_at(engine, lines_source(service, tmp_path, Answer(b"Go away.")), EVENING)
    (name,) = kept_in(tmp_path, "lines")
    assert report
    assert report.problem
    assert name in report.problem
    assert "not a dump" in report.problem


@pytest.mark.slow
def test_what_came_before_a_failure_is_ingested(store: Engine, service: HttpsService, tmp_path: Path) -> None:
    daily = DailyService({day: titles_on(day) for day in each_day(TODAY, 30)})
    service.scripts["/api/daily_papers"] = lambda asked: (
        Answer(b"gone", 404) if str(TODAY + 3 * A_DAY) in asked.query else daily(asked)
    )
    config = config_with(tmp_path, {"daily": {"preset": "huggingface", "url": service.url(""), "pause_seconds": 0}})
    subscribe_ann(store)
    fetch_at(store, config, MONDAY)
    news_of(store, config, morning(0), ANN)
    report = fetch_at(store, config, EVENING + 3 * A_DAY)
    assert report
    assert report.status == "failed"
    got = news_of(store, config, morning(4), ANN)
    assert got == sorted([*titles_on(TODAY + A_DAY), *titles_on(TODAY + 2 * A_DAY)])
    service.scripts["/api/daily_papers"] = daily
    fetch_at(store, config, EVENING + 4 * A_DAY)
    assert news_of(store, config, morning(5), ANN) == sorted(
        [*titles_on(TODAY + 3 * A_DAY), *titles_on(TODAY + 4 * A_DAY)]
    )


def test_a_server_that_asks_for_a_rest_gets_it(store: Engine, service: HttpsService, tmp_path: Path) -> None:
    config = lines_source(service, tmp_path, Answer(b"slow down", 429, {"Retry-After": "7200"}))
    now = datetime.now(UTC)
    report = fetch_at(store, config, now)
    assert report
    assert report.problem
    assert "429" in report.problem
    assert report.next_due
    assert timedelta(seconds=7190) < report.next_due - now < timedelta(seconds=7300)
    assert fetch_at(store, config, now + AN_HOUR) is None


def test_a_server_that_fails_for_days_is_asked_less_and_less_often(
    engine: Engine, service: HttpsService, tmp_path: Path
) -> None:
    config = lines_source(service, tmp_path, Answer(b"broken", 404), every="6h")
    now, waits = EVENING, []
    for _ in range(12):
        report = fetch_at(engine, config, now)
        assert report
        assert report.next_due
        waits.append((report.next_due - now) / timedelta(minutes=1))
        now = report.next_due
    assert 5 <= waits[0] <= 6.25
    assert all(later >= earlier for earlier, later in pairwise(waits[:7]))
    assert max(waits) <= 6 * 60 * 1.25
    assert history_of(engine, "lines").problem_since == EVENING
    assert history_of(engine, "lines").failures == 12


def test_one_source_that_fails_stops_no_other(engine: Engine, service: HttpsService, tmp_path: Path) -> None:
    service.scripts["/good.jsonl"] = Answer(json_lines("How Bees Fly at Night"))
    tables = {"bad": {"url": service.url("/none")}, "good": {"url": service.url("/good.jsonl")}}
    reports = fetch(engine, config_with(tmp_path, tables), lambda: EVENING)
    assert [(each.name, each.status) for each in reports] == [("bad", "failed"), ("good", "fetched")]


@pytest.mark.slow
def test_kept_documents_can_be_ingested_again_with_the_right_day_and_are_swept(
    engine: Engine, daily: DailyService, config: Config, tmp_path: Path
) -> None:
    daily.days = {day: titles for day, titles in daily.days.items() if day <= TODAY}
    fetch_at(engine, config, EVENING)
    name = f"{TODAY}.json.gz"
    assert name in kept_in(tmp_path, "daily")
    kept = tmp_path / "var" / "fetched" / "daily" / name
    assert kept.stat().st_mode & 0o777 == 0o600
    assert ingest(engine, kept, None, EVENING).status == "known"
    other = new_store(tmp_path / "other.db")
    report = ingest(other, kept, None, EVENING + 90 * A_DAY)
    other.dispose()
    assert (report.status, report.listed_on, report.new) == ("ingested", TODAY, 2)
    daily.days[TODAY] = [*titles_on(TODAY), "A Third Paper on Bees"]
    fetch_at(engine, config, EVENING + AN_HOUR, "daily")
    assert f"{TODAY}.2.json.gz" in kept_in(tmp_path, "daily")
    remove_old(engine, config, EVENING + 29 * A_DAY)
    assert name in kept_in(tmp_path, "daily")
    remove_old(engine, config, EVENING + 31 * A_DAY)
    assert name not in kept_in(tmp_path, "daily")


def test_a_document_without_a_day_is_kept_under_the_day_on_which_it_came(
    engine: Engine, service: HttpsService, tmp_path: Path
) -> None:
    config = lines_source(service, tmp_path, Answer(json_lines("How Bees Fly at Night")))
    fetch_at(engine, config, EVENING)
    (name,) = kept_in(tmp_path, "lines")
    assert name.startswith(f"{TODAY}-")
    other = new_store(tmp_path / "other.db")
    report = ingest(other, tmp_path / "var" / "fetched" / "lines" / name, None, EVENING + 90 * A_DAY)
    other.dispose()
    assert report.listed_on == TODAY


def test_a_document_that_is_cut_off_is_taken_and_fetched_again(
    engine: Engine, service: HttpsService, tmp_path: Path
) -> None:
    whole = json_lines("How Bees Fly at Night", "How Ants Walk at Night")
    config = lines_source(service, tmp_path, Answer(whole[:-20]), every="6h")
    report = fetch_at(engine, config, EVENING)
    assert report
    assert report.problem
    assert "cut off" in report.problem
    assert report.new == 1
    service.scripts["/papers.jsonl"] = Answer(whole)
    report = fetch_at(engine, config, EVENING + AN_HOUR)
    assert report
    assert (report.problem, report.new, history_of(engine, "lines").days[TODAY].papers) == (None, 1, 2)


def test_a_source_that_was_removed_from_the_config_is_forgotten_after_months(
    engine: Engine, service: HttpsService, tmp_path: Path
) -> None:
    config = lines_source(service, tmp_path, Answer(json_lines("How Bees Fly at Night")))
    fetch_at(engine, config, EVENING)
    other = config_with(tmp_path, {"other": {"url": service.url("/papers.jsonl")}})
    for days in (30, 60, 89):
        remove_old(engine, other, EVENING + days * A_DAY)
    assert history_of(engine, "lines").last_succeeded_at == EVENING
    remove_old(engine, other, EVENING + 91 * A_DAY)
    assert history_of(engine, "lines").last_succeeded_at is None
    assert kept_in(tmp_path, "lines") == []


def test_pages_and_lists_by_url_are_taken_in_any_format(engine: Engine, service: HttpsService, tmp_path: Path) -> None:
    service.scripts["/page.txt"] = Answer(page_text(["How Bees Fly at Night", "How Ants Walk at Night"]).encode())
    report = fetch_at(engine, config_with(tmp_path, {"page": {"url": service.url("/page.txt")}}), EVENING)
    assert report
    assert report.new == 2


@pytest.mark.parametrize(
    "change",
    [{"url": "/papers.jsonl"}, {"preset": "jsonl"}, {"pause_seconds": 1}, {"every": "1d"}],
    ids=["url", "preset", "pause", "schedule"],
)
def test_a_source_that_was_corrected_in_the_config_is_due_at_once(
    store: Engine, service: HttpsService, tmp_path: Path, change: dict[str, object]
) -> None:
    service.scripts["/paper.jsonl"] = Answer(b"gone", 404)
    service.scripts["/papers.jsonl"] = Answer(json_lines("How Bees Fly at Night"))
    wrong: dict[str, object] = {"url": service.url("/paper.jsonl"), "pause_seconds": 0}
    for hours in (0, 2, 8):
        fetch_at(store, config_with(tmp_path, {"lines": wrong}), EVENING + hours * AN_HOUR)
    right = wrong | {key: service.url(str(value)) if key == "url" else value for key, value in change.items()}
    config, now = config_with(tmp_path, {"lines": right}), EVENING + 8 * AN_HOUR + timedelta(minutes=1)
    (health,) = source_health(store, config, now)
    assert (health.health, health.sentence) == (
        "new",
        "changed in the config and not fetched since then; the next run fetches it",
    )
    report = fetch_at(store, config, now)
    assert report
    assert (report.status, report.is_new_problem) == (("fetched", False) if "url" in change else ("failed", True))
    history = history_of(store, "lines")
    assert (history.failures, history.problem_since) == ((0, None) if "url" in change else (1, now))
    assert not source_health(store, config, now)[0].health.is_trouble
    assert fetch_at(store, config, now + timedelta(minutes=1)) is None


@pytest.mark.slow
def test_the_days_on_which_a_source_was_broken_or_not_fetched_are_no_days_without_papers(
    store: Engine, service: HttpsService, tmp_path: Path
) -> None:
    config = lines_source(service, tmp_path, Answer(b""), at="06:00")
    broken, absent = {7, 8, 9, 10, 11}, {21, 22, 23, 24, 25}
    for number in range(33):
        titles = [f"How Bees Fly on Day {number}, Part {part}" for part in range(20)]
        answer = Answer(status=403) if number in broken else Answer(json_lines(*titles))
        service.scripts["/papers.jsonl"] = answer
        if number % 7 < 5 and number not in absent:
            fetch_at(store, config, MONDAY + number * A_DAY)
    days = history_of(store, "lines").days
    assert {(day - TODAY).days for day, count in days.items() if count.is_unknown} >= broken | absent
    usual = [source_health(store, config, MONDAY + number * A_DAY)[0].usual for number in range(33, 40)]
    assert usual == [0, 0, 20, 20, 20, 20, 20]
