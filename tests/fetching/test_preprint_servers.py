"""bioRxiv and medRxiv are asked day by day, page by page, and their records are read as listings."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.remote_services import LOGIN_PAGE, Answer, InMemory, Service, preprint, preprints

from notifier.config import SourceConfig
from notifier.errors import FetchError
from notifier.fetching import Document, FetchState, documents
from notifier.models import Announce
from notifier.sources import decide_listing_day, parse_dump

SOURCE = SourceConfig(preset="biorxiv")
NOW = datetime(2026, 4, 30, 14, tzinfo=UTC)
TODAY, YESTERDAY = date(2026, 4, 30), date(2026, 4, 29)
ASKED = FetchState(NOW, YESTERDAY, {})


def last(service: Service, source: SourceConfig = SOURCE) -> Document:
    """Return the document of today."""
    *_, document = documents(source, ASKED, InMemory(service))
    return document


def test_a_day_is_a_document_whose_records_are_papers() -> None:
    document = last(preprints(lambda day: [preprint(1, day), preprint(2, day, version=2, category="neuroscience")]))
    dump = parse_dump(document.body)
    assert (document.day, document.stated, document.is_complete) == (TODAY, 2, False)
    assert decide_listing_day(None, document.name, dump, NOW)[0] == TODAY
    first, second = dump.listings
    assert (first.title, first.abstract) == ("Bees and the 1th Flower", "We follow bee 1.")
    assert (first.authors, first.categories) == (("A. B. Lee", "B. Chen"), ("cell biology",))
    assert (first.doi, first.published) == ("10.1101/2026.04.01.000001", TODAY)
    assert (first.url, first.announce) == ("https://www.biorxiv.org/content/10.1101/2026.04.01.000001v1", None)
    assert (second.version, second.announce) == (2, Announce.REPLACE)


def test_a_preprint_of_one_author_has_one_author() -> None:
    record = {**preprint(1, TODAY), "authors": "Lee, A. B.", "published": "10.1038/s41586-026-1", "server": "medRxiv"}
    (listing,) = parse_dump(json.dumps({"collection": [record]}).encode()).listings
    assert listing.authors == ("A. B. Lee",)
    assert listing.published == TODAY
    assert listing.doi == "10.1101/2026.04.01.000001"
    assert listing.url == "https://www.medrxiv.org/content/10.1101/2026.04.01.000001v1"


def test_yesterday_is_complete_and_today_is_not() -> None:
    found = list(documents(SOURCE, ASKED, InMemory(preprints(lambda day: [preprint(1, day)]))))
    assert [(document.day, document.is_complete) for document in found] == [(YESTERDAY, True), (TODAY, False)]


def test_the_categories_are_chosen_whatever_their_case_and_punctuation() -> None:
    service = preprints(lambda day: [preprint(1, day), preprint(2, day, category="neuroscience")])
    for written in ("Cell Biology", "cell_biology", "cell-biology"):
        document = last(service, SourceConfig(preset="biorxiv", categories=(written,)))
        assert [listing.title for listing in parse_dump(document.body).listings] == ["Bees and the 1th Flower"]
        assert document.stated is None


def test_medrxiv_is_asked_for_its_own_preprints() -> None:
    client = InMemory(preprints(lambda day: [preprint(1, day)]))
    list(documents(SourceConfig(preset="medrxiv"), ASKED, client))
    assert client.asked == [
        "/details/medrxiv/2026-04-29/2026-04-29/0/json",
        "/details/medrxiv/2026-04-30/2026-04-30/0/json",
    ]


def test_a_day_without_posts_has_no_papers() -> None:
    document = last(preprints(lambda _: []))
    assert parse_dump(document.body).listings == ()


def test_fewer_records_than_the_service_counts_are_asked_for_again_until_nothing_more_can_come() -> None:
    service = preprints(lambda day: [preprint(number, day) for number in range(5)], surplus=3)
    found = list(documents(SOURCE, FetchState(NOW, date(2026, 4, 24), {}), InMemory(service)))
    assert [(document.day.day if document.day else 0, document.is_complete) for document in found] == [
        (25, True),
        (26, True),
        (27, False),
        (28, False),
        (29, False),
        (30, False),
    ]
    assert {document.stated for document in found} == {8}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (LOGIN_PAGE, "Please sign in"),
        (b'{"messages": [{"status": "Error: invalid interval"}]}', "invalid interval"),
        (b'{"messages": [{"status": "server is busy"}], "collection": []}', "busy"),
        (b'{"error": "too many requests"}', "too many requests"),
        (b'{"messages": []}', "no records"),
        (b"Warning: mysqli_connect(): Too many connections", "not a complete JSON"),
    ],
)
def test_an_error_in_place_of_records_is_an_error(body: bytes, said: str) -> None:
    with pytest.raises(FetchError, match=said):
        list(documents(SOURCE, ASKED, InMemory(lambda _: Answer(body))))


@given(
    versions=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 3)), unique=True, max_size=150),
    size=st.integers(1, 100),
    faulty=st.sets(st.integers(1, 40), max_size=8),
)
@settings(max_examples=60)
def test_each_version_comes_once_whatever_the_size_of_the_pages(
    versions: list[tuple[int, int]], size: int, faulty: set[int]
) -> None:
    service = preprints(lambda day: [preprint(number, day, version) for number, version in versions], size)
    requests = [0]

    def with_faults(path: str) -> Answer:
        requests[0] += 1
        is_faulty = requests[0] in faulty and requests[0] - 1 not in faulty and f"/{TODAY}/0/" not in path
        return Answer(b'{"messages": [{"status": "ok"}], "collection": []}') if is_faulty else service(path)

    client = InMemory(with_faults)
    records = json.loads(list(documents(SOURCE, FetchState(NOW, TODAY, {}), client))[-1].body)["collection"]
    assert sorted((record["doi"][-6:], record["version"]) for record in records) == sorted(
        (f"{number:06}", str(version)) for number, version in versions
    )
    assert len(client.asked) <= 2 * (len(versions) // size + 4) + len(faulty)
