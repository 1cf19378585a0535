"""The notes of a venue at OpenReview come page by page."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.remote_services import LOGIN_PAGE, Answer, InMemory, notes, query_of

from notifier.config import SourceConfig
from notifier.errors import FetchError
from notifier.fetching import FetchState, documents
from notifier.models import ListedOnFrom
from notifier.sources import decide_listing_day, parse_dump

SOURCE = SourceConfig(preset="openreview", venue="Bees.cc/2026/Conference")
NOW = datetime(2026, 4, 30, 14, tzinfo=UTC)
ASKED = FetchState(NOW, None, {})


def test_the_notes_of_a_venue_are_papers_that_are_listed_today() -> None:
    client = InMemory(notes(3))
    (document,) = documents(SOURCE, ASKED, client)
    dump = parse_dump(document.body)
    assert decide_listing_day(None, document.name, dump, NOW) == (NOW.date(), ListedOnFrom.CLOCK)
    assert [listing.title for listing in dump.listings] == [f"Bees and the {number}th Flower" for number in range(3)]
    assert (dump.listings[0].authors, dump.listings[0].keywords) == (("Ann Lee", "Bo Chen"), ("bees",))
    assert dump.listings[0].url == "https://openreview.net/forum?id=note0000"
    assert query_of(client.asked[0]) == {
        "content.venueid": "Bees.cc/2026/Conference",
        "sort": "cdate:asc",
        "limit": "1000",
        "offset": "0",
    }


def test_a_venue_without_papers_is_a_document_without_papers() -> None:
    (document,) = documents(SOURCE, ASKED, InMemory(notes(0)))
    assert parse_dump(document.body).listings == ()


@given(number=st.integers(0, 60), size=st.integers(1, 70), tells_count=st.booleans(), faulty=st.sets(st.integers(2, 9)))
def test_each_note_comes_once_whatever_the_size_of_the_pages(
    number: int, size: int, tells_count: bool, faulty: set[int]
) -> None:
    service, requests = notes(number, size, tells_count=tells_count), [0]

    def with_faults(path: str) -> Answer:
        requests[0] += 1
        is_faulty = tells_count and requests[0] in faulty and requests[0] - 1 not in faulty
        return Answer(b'{"notes": [], "count": %d}' % number) if is_faulty else service(path)

    found = list(documents(SOURCE, ASKED, InMemory(with_faults)))
    urls = [listing.url for document in found for listing in parse_dump(document.body).listings]
    assert urls == [f"https://openreview.net/forum?id=note{each:04}" for each in range(number)]
    assert requests[0] <= number // size + 2 + len(faulty)
    assert len({document.name for document in found}) == len(found)


def test_a_server_that_does_not_heed_the_offset_is_not_asked_for_ever() -> None:
    service = notes(50, 20)
    with pytest.raises(FetchError, match="20 of 50"):
        list(documents(SOURCE, ASKED, InMemory(lambda path: service(path.partition("&offset")[0] + "&offset=0"))))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (LOGIN_PAGE, "Please sign in"),
        (b'{"name": "ForbiddenError", "message": "Forbidden", "status": 403}', "Forbidden"),
        (b'{"errors": [{"type": "notFound", "message": "The venue was not found"}]}', "not found"),
        (b'{"count": 0}', "sent no notes"),
        (b"[]", "sent no notes"),
    ],
)
def test_an_error_in_place_of_notes_is_an_error(body: bytes, said: str) -> None:
    with pytest.raises(FetchError, match=said):
        list(documents(SOURCE, ASKED, InMemory(lambda _: Answer(body))))
