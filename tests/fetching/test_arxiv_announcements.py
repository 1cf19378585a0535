"""arXiv's announcements: the feed of the day, the days that were missed, its weekends, and its faults."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.remote_services import (
    ARXIV_ERROR,
    LOGIN_PAGE,
    Answer,
    InMemory,
    Service,
    arxiv_api,
    arxiv_feed,
    arxiv_listing,
    atom_page,
    query_of,
)

from notifier.config import SourceConfig
from notifier.errors import FetchError
from notifier.fetching import Document, FetchState, documents
from notifier.fetching.presets.arxiv_days import is_listing_day, latest_listing_day, missed_days, submission_window
from notifier.fetching.schedules import EASTERN
from notifier.sources import decide_listing_day, parse_dump

SOURCE = SourceConfig(preset="arxiv", categories=("cs.LG", "cs.CL"))
ONE = SourceConfig(preset="arxiv", categories=("cs.LG",))
MONDAY, FRIDAY = date(2026, 4, 27), date(2026, 4, 24)
MORNING = datetime(2026, 4, 27, 5, tzinfo=UTC)  # Monday, 01:00 in New York
NO_ANSWER = Answer(status=404)


def arxiv(
    feed: Answer, api: Service = lambda _: NO_ANSWER, listing: Service = lambda _: NO_ANSWER
) -> tuple[InMemory, list[str]]:
    """Return arXiv with its three hosts, and the list of the requests to its API."""
    asked_api: list[str] = []

    def answer(path: str) -> Answer:
        if path.startswith("/rss/"):
            return feed
        if path.startswith("/api/"):
            asked_api.append(path)
            return api(path)
        return listing(path)

    return InMemory(answer), asked_api


def asked(taken_until: date | None, now: datetime = MORNING) -> FetchState:
    return FetchState(now, taken_until, {})


def taken(client: InMemory, what: FetchState, source: SourceConfig = SOURCE) -> tuple[list[Document], str]:
    """Return the documents that come, and the error after them or ""."""
    found = []
    try:
        for document in documents(source, what, client):
            found.append(document)
    except FetchError as error:
        return found, str(error)
    return found, ""


def summary(found: list[Document]) -> list[tuple[str, int, bool]]:
    return [(document.name, len(parse_dump(document.body).listings), document.is_complete) for document in found]


def test_the_feed_of_the_day_is_asked_for_with_all_categories() -> None:
    client, asked_api = arxiv(Answer(arxiv_feed(MONDAY, 5)))
    found, error = taken(client, asked(FRIDAY))
    assert (summary(found), error, asked_api) == ([("2026-04-27.xml", 5, True)], "", [])
    assert found[0].url == "https://rss.arxiv.org/rss/cs.LG+cs.CL"
    assert decide_listing_day(None, found[0].name, parse_dump(found[0].body), MORNING)[0] == MONDAY == found[0].day


def test_missed_days_come_from_the_api_before_the_feed() -> None:
    client, asked_api = arxiv(Answer(arxiv_feed(MONDAY, 5)), arxiv_api(7))
    found, error = taken(client, asked(date(2026, 4, 22)))
    assert error == ""
    assert summary(found) == [("2026-04-23.xml", 7, True), ("2026-04-24.xml", 7, True), ("2026-04-27.xml", 5, True)]
    assert [document.stated for document in found] == [7, 7, None]
    assert query_of(asked_api[0]) == {
        "search_query": "(cat:cs.LG OR cat:cs.CL) AND submittedDate:[202604211800 TO 202604221759]",
        "sortBy": "submittedDate",
        "sortOrder": "ascending",
        "start": "0",
        "max_results": "200",
    }
    assert {client.pauses[number] for number, path in enumerate(client.asked) if path.startswith("/api/")} == {3.0}


def test_nothing_is_missed_over_a_weekend() -> None:
    saturday = arxiv_feed(date(2026, 4, 25), 0)
    client, asked_api = arxiv(Answer(saturday), arxiv_api(7))
    found, error = taken(client, asked(FRIDAY, datetime(2026, 4, 25, 16, tzinfo=UTC)))
    assert (summary(found), error, asked_api) == ([("2026-04-25.xml", 0, True)], "", [])
    client, asked_api = arxiv(Answer(arxiv_feed(MONDAY, 5)), arxiv_api(7))
    assert taken(client, asked(date(2026, 4, 25)))[0][0].day == MONDAY
    assert asked_api == []


def test_if_friday_was_missed_it_can_be_had_on_saturday() -> None:
    client, _ = arxiv(Answer(arxiv_feed(date(2026, 4, 25), 0)), arxiv_api(7))
    found, _ = taken(client, asked(date(2026, 4, 23), datetime(2026, 4, 25, 16, tzinfo=UTC)))
    assert summary(found) == [("2026-04-24.xml", 7, True), ("2026-04-25.xml", 0, True)]


def test_if_the_api_fails_the_papers_of_the_day_still_come_and_the_days_are_asked_for_again() -> None:
    client, _ = arxiv(Answer(arxiv_feed(MONDAY, 5)), lambda _: Answer(status=503))
    found, error = taken(client, asked(date(2026, 4, 22)))
    assert summary(found) == [("2026-04-27.xml", 5, False)]
    assert "503" in error


def test_a_feed_that_is_empty_on_a_listing_day_is_waited_for_and_then_replaced_by_the_api() -> None:
    empty = Answer(arxiv_feed(MONDAY, 0))
    assert summary(taken(arxiv(empty, arxiv_api(7))[0], asked(FRIDAY))[0]) == [("2026-04-27.xml", 0, False)]
    afternoon = asked(FRIDAY, datetime(2026, 4, 27, 17, tzinfo=UTC))
    assert summary(taken(arxiv(empty, arxiv_api(7))[0], afternoon)[0]) == [("2026-04-27.xml", 7, True)]


def test_the_number_on_the_listing_page_is_told_and_12_papers_for_334_are_not_all() -> None:
    papers = [f"2604.{number:05}" for number in range(334)]
    few, _ = arxiv(Answer(arxiv_feed(MONDAY, 12)), listing=lambda _: Answer(arxiv_listing(MONDAY, papers)))
    enough, _ = arxiv(Answer(arxiv_feed(MONDAY, 330)), listing=lambda _: Answer(arxiv_listing(MONDAY, papers)))
    for client, is_complete in ((few, False), (enough, True)):
        (document,), error = taken(client, asked(FRIDAY), ONE)
        assert (document.stated, document.is_complete, error) == (334, is_complete, "")


def test_a_paper_in_two_categories_is_counted_once() -> None:
    def listing(path: str) -> Answer:
        first = 0 if "cs.LG" in path else 5
        return Answer(arxiv_listing(MONDAY, [f"2604.{number:05}" for number in range(first, first + 8)]))

    assert taken(arxiv(Answer(arxiv_feed(MONDAY, 13)), listing=listing)[0], asked(FRIDAY))[0][0].stated == 13


def test_a_listing_page_that_shows_a_part_tells_the_least_number() -> None:
    page = Answer(arxiv_listing(MONDAY, ["2604.00001"], total=334))
    assert taken(arxiv(Answer(arxiv_feed(MONDAY, 5)), listing=lambda _: page)[0], asked(FRIDAY))[0][0].stated == 334


@pytest.mark.parametrize(
    "page", [Answer(arxiv_listing(FRIDAY, ["2604.00001"])), Answer(LOGIN_PAGE), Answer(status=403), Answer(b"\xff")]
)
def test_a_listing_page_of_another_day_or_none_tells_nothing_and_breaks_nothing(page: Answer) -> None:
    (document,), error = taken(arxiv(Answer(arxiv_feed(MONDAY, 5)), listing=lambda _: page)[0], asked(FRIDAY))
    assert (document.stated, document.is_complete, error) == (None, True, "")


@pytest.mark.parametrize(
    ("feed", "said"),
    [
        (LOGIN_PAGE, "Please sign in"),
        (b"", "empty document"),
        (b'{"error": "no"}', "not XML"),
        (arxiv_feed(MONDAY, 3)[:-40], "cut off"),
        (ARXIV_ERROR, "the query is too long"),
        (
            b"<rss version='2.0'><channel><title>Feed error for query: cs.XX</title>"
            b"<description>Bad archive</description><pubDate>Mon, 27 Apr 2026 00:00:00 -0400</pubDate></channel></rss>",
            "Bad archive",
        ),
        (b"<rss version='2.0'><channel><title>cs.LG</title></channel></rss>", "without a date"),
    ],
)
def test_an_error_in_place_of_the_feed_is_an_error(feed: bytes, said: str) -> None:
    found, error = taken(arxiv(Answer(feed))[0], asked(FRIDAY))
    assert found == []
    assert said in error


def test_an_error_entry_of_the_api_is_an_error() -> None:
    client, _ = arxiv(Answer(arxiv_feed(MONDAY, 5)), lambda _: Answer(ARXIV_ERROR))
    found, error = taken(client, asked(date(2026, 4, 22)))
    assert [document.day for document in found] == [MONDAY]
    assert "the query is too long" in error


@given(papers=st.integers(1, 900), faulty=st.sets(st.integers(2, 12), max_size=6))
@settings(max_examples=40)
def test_each_paper_comes_once_also_if_pages_are_empty_in_between(papers: int, faulty: set[int]) -> None:
    runs_of_faults = any({number, number + 1, number + 2, number + 3} <= faulty for number in faulty)
    empty = Answer(atom_page([], papers, 0))
    api = arxiv_api(papers, lambda request: empty if request in faulty else None)
    client, asked_api = arxiv(Answer(arxiv_feed(MONDAY, 5)), api)
    found, error = taken(client, asked(date(2026, 4, 23)), ONE)
    assert len(asked_api) <= papers // 200 + 1 + len(faulty) + 1
    if error:
        assert runs_of_faults
        return
    listings = parse_dump(found[0].body).listings
    assert len(listings) == len({listing.arxiv_id for listing in listings}) == papers == found[0].stated


def test_a_page_that_stays_empty_is_an_error_and_never_the_end() -> None:
    api = arxiv_api(500, lambda request: Answer(atom_page([], 500, 200)) if request > 1 else None)
    found, error = taken(arxiv(Answer(arxiv_feed(MONDAY, 5)), api)[0], asked(date(2026, 4, 23)), ONE)
    assert summary(found) == [("2026-04-27.xml", 5, False)]
    assert "200 of 500" in error


def test_a_whole_archive_is_asked_for_with_all_its_categories() -> None:
    source = SourceConfig(preset="arxiv", categories=("cs", "hep-th", "astro-ph"))
    client, asked_api = arxiv(Answer(arxiv_feed(MONDAY, 5)), arxiv_api(7))
    taken(client, asked(date(2026, 4, 23)), source)
    assert query_of(asked_api[0])["search_query"].startswith("(cat:cs.* OR cat:hep-th OR cat:astro-ph*) AND")


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2026-04-27", "2026-04-23T18:00", "2026-04-24T17:59"),  # Monday: submitted from Thursday to Friday
        ("2026-04-28", "2026-04-24T18:00", "2026-04-27T17:59"),  # Tuesday: over the weekend
        ("2026-04-29", "2026-04-27T18:00", "2026-04-28T17:59"),
        ("2026-04-24", "2026-04-22T18:00", "2026-04-23T17:59"),
        ("2026-01-06", "2026-01-02T19:00", "2026-01-05T18:59"),  # in winter
    ],
)
def test_an_announcement_holds_what_arxiv_says_it_holds(day: str, first: str, last: str) -> None:
    assert [f"{each:%Y-%m-%dT%H:%M}" for each in submission_window(date.fromisoformat(day))] == [first, last]


INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


@given(st.dates(date(2020, 1, 1), date(2035, 1, 1)).filter(is_listing_day))
def test_announcements_follow_each_other_without_a_gap_and_without_an_overlap(day: date) -> None:
    following = day + timedelta(days=1 if day.weekday() < 4 else 3)
    assert submission_window(day)[1] + timedelta(minutes=1) == submission_window(following)[0]


@given(now=INSTANTS, age=st.integers(0, 60))
def test_missed_days_are_listing_days_after_the_last_taken_and_before_now(now: datetime, age: int) -> None:
    latest = latest_listing_day(now)
    taken_until = latest - timedelta(days=age)
    days = missed_days(taken_until, None, now)
    assert days == sorted(set(days))
    assert len(days) <= 22
    assert all(is_listing_day(day) and taken_until < day <= latest <= now.astimezone(EASTERN).date() for day in days)
