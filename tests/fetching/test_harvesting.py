"""OAI-PMH repositories are harvested day by day with resumption tokens."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.remote_services import (
    LOGIN_PAGE,
    Answer,
    InMemory,
    oai_error,
    oai_page,
    oai_record,
    oai_repository,
    query_of,
)

from notifier.config import SourceConfig
from notifier.errors import FetchError
from notifier.fetching import FetchState, documents
from notifier.sources import decide_listing_day, parse_dump

SOURCE = SourceConfig(preset="oai", url="https://oai.example.org/oai")
NOW = datetime(2026, 4, 30, 14, tzinfo=UTC)
ASKED = FetchState(NOW, date(2026, 4, 28), {})


def test_each_day_since_the_last_is_harvested() -> None:
    client = InMemory(oai_repository(lambda day: day.day - 27))
    found = list(documents(SOURCE, ASKED, client))
    assert [(document.name, document.is_complete) for document in found] == [
        ("2026-04-29.xml", True),
        ("2026-04-30.xml", False),
    ]
    for document, number in zip(found, (2, 3), strict=True):
        dump = parse_dump(document.body)
        assert len(dump.listings) == number
        assert decide_listing_day(None, document.name, dump, NOW)[0] == document.day
    assert query_of(client.asked[0]) == {
        "verb": "ListRecords",
        "metadataPrefix": "oai_dc",
        "from": "2026-04-29",
        "until": "2026-04-29",
    }


def test_the_set_and_the_form_of_the_metadata_are_those_of_the_config() -> None:
    source = SourceConfig(preset="oai", url="https://x.example.org/oai?repo=1", set="cs:cs:LG", metadata_prefix="arXiv")
    client = InMemory(oai_repository(lambda _: 1))
    list(documents(source, ASKED, client))
    query = query_of(client.asked[0])
    assert (query["set"], query["metadataPrefix"], query["repo"]) == ("cs:cs:LG", "arXiv", "1")


def test_a_day_without_records_is_a_document_without_papers() -> None:
    found = list(documents(SOURCE, ASKED, InMemory(oai_repository(lambda _: 0))))
    assert [parse_dump(document.body).listings for document in found] == [(), ()]


def test_a_first_page_without_records_loses_none_of_the_others() -> None:
    pages = iter(
        (
            "<ListRecords><resumptionToken>1</resumptionToken></ListRecords>",
            f"<ListRecords>{oai_record(1, NOW.date())}<resumptionToken>2</resumptionToken></ListRecords>",
            f"<ListRecords>{oai_record(2, NOW.date())}<resumptionToken/></ListRecords>",
        )
    )
    client = InMemory(lambda _: Answer(oai_page(next(pages))))
    (document,) = documents(SOURCE, FetchState(NOW, date(2026, 4, 29), {}), client)
    assert len(parse_dump(document.body).listings) == 2


@given(records=st.integers(0, 60), size=st.integers(1, 70), expired=st.sets(st.integers(1, 60), max_size=2))
def test_each_record_comes_once_also_if_tokens_expire(records: int, size: int, expired: set[int]) -> None:
    client = InMemory(oai_repository(lambda _: records, size, lambda number: number in expired))
    document = next(documents(SOURCE, ASKED, client))
    urls = [listing.url for listing in parse_dump(document.body).listings]
    assert urls == [f"https://example.org/{number}" for number in range(records)]
    assert len(client.asked) <= 3 * (records // size + 2)


def test_tokens_that_always_expire_are_an_error_in_the_end() -> None:
    client = InMemory(oai_repository(lambda _: 9, 5, lambda _: True))
    with pytest.raises(FetchError, match="expire"):
        list(documents(SOURCE, ASKED, client))
    assert len(client.asked) == 6


def test_a_token_that_comes_again_and_again_is_an_error() -> None:
    page = oai_page("<ListRecords><resumptionToken>same</resumptionToken></ListRecords>")
    with pytest.raises(FetchError, match="again and again"):
        list(documents(SOURCE, ASKED, InMemory(lambda _: Answer(page))))


def test_a_token_is_sent_back_as_it_was() -> None:
    asked: list[str] = []

    def service(path: str) -> Answer:
        asked.append(query_of(path).get("resumptionToken", ""))
        token = (
            "<oai:resumptionToken completeListSize='9'>\n a&amp;b|1=2 é\n</oai:resumptionToken>"
            if len(asked) < 2
            else ""
        )
        return Answer(oai_page(f"<ListRecords>{token}</ListRecords>"))

    list(documents(SOURCE, FetchState(NOW, date(2026, 4, 29), {}), InMemory(service)))
    assert asked == ["", "a&b|1=2 é"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (oai_error("badArgument", "The set does not exist"), "The set does not exist"),
        (oai_error("cannotDisseminateFormat"), "cannotDisseminateFormat"),
        (LOGIN_PAGE, "Please sign in"),
        (b"<rss><channel></channel></rss>", "no OAI-PMH"),
        (oai_page("<ListRecords></ListRecords>")[:-12], "cut off"),
        (b'{"error": "no"}', "not XML"),
        (b"", "empty document"),
    ],
)
def test_an_error_in_place_of_records_is_an_error(body: bytes, said: str) -> None:
    with pytest.raises(FetchError, match=said):
        list(documents(SOURCE, ASKED, InMemory(lambda _: Answer(body))))
