"""The daily papers are asked for day by day: missed days are caught up, and the last days are taken again."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.remote_services import LOGIN_PAGE, Answer, InMemory, Service, daily_entry, daily_papers, query_of

from notifier.config import SourceConfig
from notifier.errors import FetchError
from notifier.fetching import Document, FetchState, Validators, documents
from notifier.fetching.days import FIRST_DAYS, MAX_DAYS
from notifier.sources import decide_listing_day, parse_dump

SOURCE = SourceConfig(preset="huggingface")
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
TODAY = NOW.date()


def asked(taken_until: date | None, now: datetime = NOW, **validators: Validators) -> FetchState:
    return FetchState(now, taken_until, validators)


def days_of(service: Service, taken_until: date | None) -> list[str]:
    return [document.name for document in documents(SOURCE, asked(taken_until), InMemory(service))]


def names(first: date, last: date) -> list[str]:
    return [f"{first + timedelta(days=number)}.json" for number in range((last - first).days + 1)]


def test_each_day_is_a_document_with_its_listing_day_and_its_papers() -> None:
    found = list(documents(SOURCE, asked(date(2026, 11, 26)), InMemory(daily_papers(lambda day: day.day))))
    assert [document.day for document in found] == [date(2026, 11, day) for day in (27, 28, 29, 30)]
    for document in found:
        assert document.day is not None
        dump = parse_dump(document.body)
        assert len(dump.listings) == document.day.day
        assert {listing.listed_on for listing in dump.listings} == {document.day}
        assert decide_listing_day(None, document.name, dump, NOW)[0] == document.day


def test_a_new_source_begins_with_the_last_week() -> None:
    assert days_of(daily_papers(lambda _: 2), None) == names(TODAY - timedelta(days=FIRST_DAYS - 1), TODAY)


def test_missed_days_are_asked_for_but_none_older_than_a_month() -> None:
    service = daily_papers(lambda _: 2)
    assert days_of(service, date(2026, 11, 19)) == names(date(2026, 11, 20), TODAY)
    assert days_of(service, date(2025, 1, 1)) == names(TODAY - timedelta(days=MAX_DAYS - 1), TODAY)


def test_the_last_three_days_are_always_taken_again_for_their_upvotes() -> None:
    assert days_of(daily_papers(lambda _: 2), date(2026, 11, 29)) == names(date(2026, 11, 27), TODAY)
    assert days_of(daily_papers(lambda _: 2), date(2031, 1, 1)) == names(date(2026, 11, 27), TODAY)


def test_a_day_is_complete_only_after_it_has_ended() -> None:
    found = list(documents(SOURCE, asked(date(2026, 11, 28)), InMemory(daily_papers(lambda _: 2))))
    assert {document.name: document.is_complete for document in found} == {
        "2026-11-27.json": True,
        "2026-11-28.json": True,
        "2026-11-29.json": True,
        "2026-11-30.json": False,
    }


def test_a_weekend_without_papers_is_a_document_without_papers() -> None:
    found = list(
        documents(SOURCE, asked(date(2026, 11, 29)), InMemory(daily_papers(lambda day: int(day.weekday() < 5))))
    )
    assert [len(parse_dump(document.body).listings) for document in found] == [1, 0, 0, 1]


def test_an_unchanged_day_is_not_sent_again() -> None:
    client = InMemory(lambda path: Answer(b"[]", etag=f'"{query_of(path)["date"]}"'))
    first = list(documents(SOURCE, asked(None), client))
    known = {document.url: document.validators for document in first}
    again = list(documents(SOURCE, FetchState(NOW, TODAY, known), client))
    assert [(document.is_not_modified, document.body) for document in again] == [(True, b"")] * 4


def test_pauses_lie_between_the_requests() -> None:
    client = InMemory(daily_papers(lambda _: 2))
    list(documents(SOURCE, asked(None), client))
    assert min(client.pauses) >= 1
    patient = SourceConfig(preset="huggingface", pause_seconds=7)
    list(documents(patient, asked(None), client := InMemory(daily_papers(lambda _: 2))))
    assert set(client.pauses) == {7}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(b'{"error":"Internal Error - We\'re working hard to fix this"}'), "Internal Error"),
        (Answer(b'{"error": {"message": "Invalid date"}}'), "Invalid date"),
        (Answer(LOGIN_PAGE), "Please sign in"),
        (Answer(b""), "empty document"),
        (Answer(b'[{"paper": {"id": "2611.00001", "title": "Bee'), "not a complete JSON"),
        (Answer(b"1"), "in place of papers"),
        (Answer(b"null"), "in place of papers"),
        (Answer(b"rate limited"), "not a complete JSON"),
        (Answer(b"[" * 100_000), "not a complete JSON"),
    ],
)
def test_an_error_page_with_status_200_is_an_error_and_no_dump(answer: Answer, said: str) -> None:
    with pytest.raises(FetchError, match=said):
        list(documents(SOURCE, asked(TODAY), InMemory(lambda _: answer)))


def test_an_answer_that_says_that_there_are_no_papers_is_none() -> None:
    nothing = b'{"status": "no_data", "date": "2026-11-28", "message": "No papers found for this date"}'
    found = list(documents(SOURCE, asked(TODAY), InMemory(lambda _: Answer(nothing))))
    assert [parse_dump(document.body).listings for document in found] == [()] * 4


def test_a_day_that_fails_stops_no_other_day_and_is_asked_for_again() -> None:
    papers = daily_papers(lambda _: 2)

    def service(path: str) -> Answer:
        return Answer(status=500) if "2026-11-28" in path else papers(path)

    found: list[Document] = []
    with pytest.raises(FetchError, match="500"):
        found.extend(documents(SOURCE, asked(date(2026, 11, 26)), InMemory(service)))
    found = take_all(service, date(2026, 11, 26))
    assert [(document.name, document.is_complete) for document in found] == [
        ("2026-11-27.json", True),
        ("2026-11-29.json", False),
        ("2026-11-30.json", False),
    ]


def test_a_few_old_days_that_fail_for_ever_do_not_keep_the_others_away() -> None:
    papers = daily_papers(lambda _: 2)
    client = InMemory(lambda path: Answer(status=500) if query_of(path)["date"] < "2026-11-25" else papers(path))
    found = []
    with pytest.raises(FetchError, match="500"):
        for document in documents(SOURCE, asked(date(2026, 11, 20)), client):
            found.append(document)
    assert [document.name for document in found] == names(date(2026, 11, 25), TODAY)[::-1]
    assert not any(document.is_complete for document in found)


OTHER_DAY = date(2026, 9, 1)


def entries_of(day: date | None, first: int = 0, count: int = 3) -> list[dict[str, Any]]:
    """Return so many entries of a day, numbered from `first`; with None, they carry no day."""
    entries = [daily_entry(number, day or TODAY) for number in range(first, first + count)]
    for entry in entries if day is None else []:
        del entry["paper"]["submittedOnDailyAt"]
    return entries


def numbers_in(document: Document) -> list[int]:
    value = json.loads(document.body)
    entries = value if isinstance(value, list) else value["data"]
    return [int(entry["paper"]["id"][-5:]) for entry in entries]


@pytest.mark.parametrize(
    "answer",
    [
        entries_of(OTHER_DAY),
        [*entries_of(OTHER_DAY), *entries_of(None, 3)],
        entries_of(TODAY + timedelta(days=1)),
        {"status": "success", "data": entries_of(OTHER_DAY)},
        [*entries_of(OTHER_DAY), *entries_of(OTHER_DAY + timedelta(days=1), 3)],
    ],
    ids=["older", "some-without-a-day", "later", "in-an-object", "two-days"],
)
def test_papers_of_another_day_are_refused_in_words(answer: object) -> None:
    client = InMemory(lambda _: Answer(json.dumps(answer).encode()))
    with pytest.raises(FetchError, match=r"sent papers of 2026-..-.. in place of those of 2026-11-27"):
        list(documents(SOURCE, asked(TODAY), client))


def test_a_server_that_always_sends_the_papers_of_today_is_believed_for_today_only() -> None:
    found = take_all(lambda _: Answer(json.dumps(entries_of(TODAY)).encode()), TODAY - timedelta(days=12))
    assert [(document.day, numbers_in(document)) for document in found] == [(TODAY, [0, 1, 2])]


@pytest.mark.parametrize(
    ("answer", "numbers"),
    [
        ([*entries_of(OTHER_DAY), *entries_of(TODAY, 3), *entries_of(None, 6)], [3, 4, 5, 6, 7, 8]),
        ({"data": [*entries_of(TODAY), *entries_of(OTHER_DAY, 3)]}, [0, 1, 2]),
        (entries_of(None), [0, 1, 2]),
        ([*entries_of(TODAY, 0, 60), *entries_of(OTHER_DAY, 60, 40)], list(range(60))),
    ],
    ids=["mixed", "in-an-object", "without-days", "many"],
)
def test_papers_of_other_days_among_those_of_the_day_are_left_out(answer: object, numbers: list[int]) -> None:
    body = json.dumps(answer).encode()
    client = InMemory(lambda path: Answer(body if str(TODAY) in path else b"[]"))
    *_, document = documents(SOURCE, asked(TODAY), client)
    assert numbers_in(document) == numbers


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.sampled_from(["2026-11-30", "2026-09-01T00:00:00Z", "9999-12-31"]),
    lambda values: (
        st.lists(values, max_size=4)
        | st.dictionaries(st.sampled_from(["paper", "submittedOnDailyAt", "data", "id"]), values)
    ),
)


def test_half_of_a_surrogate_pair_is_no_unexpected_error() -> None:
    entries = [*entries_of(TODAY, 0, 60), *entries_of(OTHER_DAY, 60, 40), *entries_of(TODAY, 100, 50)]
    entries[0]["title"] = "Bees \ud800"
    pages = [entries[:100], entries[100:], []]
    client = InMemory(
        lambda path: Answer(
            json.dumps(pages[int(query_of(path).get("p", 0))]).encode() if str(TODAY) in path else b"[]"
        )
    )
    *_, document = documents(SOURCE, asked(TODAY), client)
    assert len(numbers_in(document)) == 110


@given(value=JSON)
def test_no_answer_is_an_unexpected_error(value: object) -> None:
    client = InMemory(lambda _: Answer(json.dumps(value).encode()))
    with suppress(FetchError):
        for document in documents(SOURCE, asked(TODAY), client):
            assert json.loads(document.body) is not None


@pytest.mark.parametrize(
    "written", ["2026-11-30", "2026-11-30T23:59:59.999Z", "2026-12-01T01:00:00+02:00", "soon", "", None, 7, ["2026"]]
)
def test_days_are_read_in_utc_and_unreadable_ones_are_none(written: object) -> None:
    entries = entries_of(TODAY)
    for entry in entries:
        entry["paper"]["submittedOnDailyAt"] = written
    client = InMemory(lambda path: Answer(json.dumps(entries).encode() if str(TODAY) in path else b"[]"))
    *_, document = documents(SOURCE, asked(TODAY), client)
    assert numbers_in(document) == [0, 1, 2]


def take_all(service: Service, taken_until: date | None) -> list[Document]:
    """Return the documents that come before the error."""
    found = []
    with pytest.raises(FetchError):
        for document in documents(SOURCE, asked(taken_until), InMemory(service)):
            found.append(document)
    return found


@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_server_that_refuses_everything_is_left_alone_at_once(status: int) -> None:
    client = InMemory(lambda _: Answer(status=status))
    with pytest.raises(FetchError, match=str(status)):
        list(documents(SOURCE, asked(None), client))
    assert len(client.asked) == 1


@given(papers=st.integers(0, 420), largest_page=st.integers(50, 120))
def test_each_paper_of_a_day_comes_once_whatever_its_number(papers: int, largest_page: int) -> None:
    client = InMemory(daily_papers(lambda day: papers if day == TODAY else 0, largest_page))
    *_, document = documents(SOURCE, asked(TODAY), client)
    identifiers = [entry["paper"]["id"] for entry in json.loads(document.body)]
    assert len(identifiers) == len(set(identifiers)) == papers
    assert len(client.asked) <= 4 + papers // 50 + 1


def test_a_server_that_does_not_know_pages_is_not_asked_for_ever() -> None:
    papers = daily_papers(lambda _: 60)
    client = InMemory(lambda path: papers(path.partition("&p=")[0]))
    *_, document = documents(SOURCE, asked(TODAY), client)
    assert len(json.loads(document.body)) == 60
    assert len(client.asked) == 8


def test_a_mirror_replaces_the_address_of_the_service() -> None:
    for url in ("https://mirror.example.org/hf", "https://mirror.example.org/hf/api/daily_papers"):
        client = InMemory(daily_papers(lambda _: 1))
        source = SourceConfig(preset="huggingface", url=url)
        first = next(documents(source, asked(TODAY), client))
        assert first.url.startswith("https://mirror.example.org/hf/api/daily_papers?date=2026-11-27&")
