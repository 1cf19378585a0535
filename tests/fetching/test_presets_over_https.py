"""Each preset is asked over HTTPS by the real client, and what comes is read as a dump with its listing day."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from support import https_service as https
from support.remote_services import (
    Answer,
    Service,
    arxiv_api,
    arxiv_feed,
    arxiv_listing,
    daily_papers,
    notes,
    oai_repository,
    preprint,
    preprints,
    query_of,
)

from notifier.config import FetchingConfig, SourceConfig
from notifier.errors import FetchError
from notifier.fetching import Client, Document, FetchState, documents
from notifier.sources import decide_listing_day, parse_dump

MONDAY = date(2026, 4, 27)
NOW = datetime(2026, 4, 27, 14, tzinfo=UTC)
THURSDAY = date(2026, 4, 23)
LINES = b'{"title": "How Bees Find Flowers"}\n{"title": "How Wasps Find Flowers"}'


@contextmanager
def served(service: Service) -> Iterator[tuple[https.HttpsService, Client]]:
    """Serve a service over HTTPS, and yield the server and a client that trusts it and makes no pauses."""

    def script(asked: https.Asked) -> https.Answer:
        answer = service(asked.path + (f"?{asked.query}" if asked.query else ""))
        if answer.etag and asked.headers.get("if-none-match") == answer.etag:
            return https.Answer(status=304, headers={"ETag": answer.etag})
        return https.Answer(answer.body, answer.status, {"ETag": answer.etag} if answer.etag else {})

    settings = FetchingConfig(ca_file=https.AUTHORITY, allow_private=("localhost",))
    with https.https_service({"*": script}) as server, Client(settings, sleep=lambda _: None) as client:
        yield server, client


def arxiv(path: str) -> Answer:
    """Answer as the three hosts of arXiv do."""
    if path.startswith("/rss/"):
        return Answer(arxiv_feed(MONDAY, 4))
    if path.startswith("/api/"):
        return arxiv_api(3)(path)
    return Answer(arxiv_listing(MONDAY, [f"2604.{number:05}" for number in range(4)]))


CASES: dict[str, tuple[dict[str, object], Service, list[tuple[str, int]]]] = {
    "huggingface": (
        {},
        daily_papers(lambda day: day.day - 20),
        [("2026-04-24", 4), ("2026-04-25", 5), ("2026-04-26", 6), ("2026-04-27", 7)],
    ),
    "arxiv": ({"categories": ["cs.LG"]}, arxiv, [("2026-04-24", 3), ("2026-04-27", 4)]),
    "biorxiv": (
        {},
        preprints(lambda day: [preprint(number, day) for number in range(day.day)], 10),
        [("2026-04-24", 24), ("2026-04-25", 25), ("2026-04-26", 26), ("2026-04-27", 27)],
    ),
    "medrxiv": (
        {"categories": ["cell biology"]},
        preprints(lambda day: [preprint(1, day), preprint(2, day, category="neuroscience")]),
        [("2026-04-24", 1), ("2026-04-25", 1), ("2026-04-26", 1), ("2026-04-27", 1)],
    ),
    "openreview": (
        {"venue": "Bees.cc/2026/Conference"},
        notes(25, 10),
        [("2026-04-27", 10), ("2026-04-27", 10), ("2026-04-27", 5)],
    ),
    "oai": (
        {"set": "bees"},
        oai_repository(lambda day: day.day, 10),
        [("2026-04-24", 24), ("2026-04-25", 25), ("2026-04-26", 26), ("2026-04-27", 27)],
    ),
    "feed": ({}, lambda _: Answer(arxiv_feed(MONDAY, 4)), [("2026-04-27", 4)]),
    "jsonl": ({}, lambda _: Answer(LINES), [("2026-04-27", 2)]),
}


def read(document: Document) -> tuple[str, int]:
    """Return the listing day and the number of papers of a document that is read as a dump."""
    dump = parse_dump(document.body)
    assert dump.skipped == ()
    return str(decide_listing_day(None, document.name, dump, NOW)[0]), len(dump.listings)


@pytest.mark.parametrize("preset", CASES)
def test_what_a_preset_fetches_is_a_dump_with_its_listing_day(preset: str) -> None:
    keys, service, expected = CASES[preset]
    with served(service) as (server, client):
        source = SourceConfig.model_validate({"preset": preset, "url": server.url("/x"), "pause_seconds": 0, **keys})
        source = source.model_copy(update={"url": server.url("" if preset not in ("feed", "oai", "jsonl") else "/x")})
        found = list(documents(source, FetchState(NOW, THURSDAY, {}), client))
    assert [read(document) for document in found] == expected
    days = [str(document.day) for document in found if document.day is not None]
    assert days == ([] if preset in ("openreview", "feed", "jsonl") else [day for day, _ in expected])


def test_a_server_that_is_down_is_a_fetch_error_with_its_status() -> None:
    with served(lambda _: Answer(status=403)) as (server, client):
        source = SourceConfig(preset="huggingface", url=server.url(""))
        with pytest.raises(FetchError, match="403") as caught:
            list(documents(source, FetchState(NOW, THURSDAY, {}), client))
    assert caught.value.status == 403


def real_data(folder: str) -> Path:
    """Return a folder of real dumps; the test is skipped if there are none."""
    root = os.environ.get("NOTIFIER_REAL_DATA")
    if not root:
        pytest.skip("NOTIFIER_REAL_DATA does not name the folder of real dumps")
    return Path(root, folder)


def test_real_daily_papers_of_a_month_come_with_their_days() -> None:
    folder = real_data("hf_daily")

    def service(path: str) -> Answer:
        file = folder / f"{query_of(path)['date']}.json"
        return Answer(file.read_bytes() if file.exists() else b"[]", etag=f'"{file.name}"')

    now = datetime(2025, 12, 2, 12, tzinfo=UTC)
    with served(service) as (server, client):
        source = SourceConfig(preset="huggingface", url=server.url(""), pause_seconds=0)
        found = list(documents(source, FetchState(now, date(2025, 11, 3), {}), client))
        known = {document.url: document.validators for document in found}
        again = list(documents(source, FetchState(now, date(2025, 12, 1), known), client))
    assert len(found) == 29
    for document in found:
        dump = parse_dump(document.body)
        assert bool(dump.listings) == (folder / document.name).exists()
        assert {listing.listed_on for listing in dump.listings} <= {document.day}
    assert [document.is_not_modified for document in again] == [True] * 4


@pytest.mark.parametrize("name", ["2025-01-11__2025-01-11T1707Z.json", "2025-01-11__2025-01-12T0846Z.json"])
def test_real_odd_answers_are_an_error_or_a_day_without_papers(name: str) -> None:
    body = (real_data("hf_same_day") / name).read_bytes()
    with served(lambda _: Answer(body)) as (server, client):
        source = SourceConfig(preset="huggingface", url=server.url(""), pause_seconds=0)
        asked = FetchState(datetime(2025, 1, 12, 12, tzinfo=UTC), date(2025, 1, 11), {})
        if body.strip() == b"1":
            with pytest.raises(FetchError, match="in place of papers"):
                list(documents(source, asked, client))
        else:
            assert [parse_dump(document.body).listings for document in documents(source, asked, client)] == [()] * 4


@pytest.mark.parametrize(
    ("name", "day", "now"),
    [
        ("rss_arxiv_cs_lg_2026-04-27.xml", "2026-04-27", "2026-04-27T06:00:00Z"),
        ("rss_arxiv_cs_ai_2026-04-27.xml", "2026-04-27", "2026-04-28T03:00:00Z"),
        ("rss_cs.CL_weekend_empty_2026-08-01.xml", "2026-08-01", "2026-08-01T12:00:00Z"),
    ],
)
def test_a_real_feed_of_arxiv_comes_with_its_day(name: str, day: str, now: str) -> None:
    body = (real_data("arxiv_rss") / name).read_bytes()
    with served(lambda path: Answer(body) if path.startswith("/rss/") else Answer(status=404)) as (server, client):
        source = SourceConfig(preset="arxiv", url=server.url(""), categories=("cs.LG",), pause_seconds=0)
        taken_until = date(2026, 4, 24) if "04-27" in day else date(2026, 7, 31)
        (document,) = documents(source, FetchState(datetime.fromisoformat(now), taken_until, {}), client)
    assert (str(document.day), document.name, document.is_complete) == (day, f"{day}.xml", True)
    assert len(parse_dump(document.body).listings) == (0 if "weekend" in name else 3)


def test_real_pages_of_arxivs_api_are_joined_and_their_errors_are_errors() -> None:
    folder = real_data("arxiv_api")
    pages = {start: next(folder.glob(f"q_testing_s{start}_m10_*")).read_bytes() for start in (0, 10, 20, 30)}

    def service(path: str) -> Answer:
        if path.startswith("/rss/"):
            return Answer(arxiv_feed(MONDAY, 4))
        page = pages[int(query_of(path).get("start", 0))] if path.startswith("/api/") else b""
        return Answer(page.replace(b">214881<", b">40<"))

    with served(service) as (server, client):
        source = SourceConfig(preset="arxiv", url=server.url(""), categories=("cs.LG",), pause_seconds=0)
        missed, _ = documents(source, FetchState(NOW, THURSDAY, {}), client)
        listings = parse_dump(missed.body).listings
        assert len({listing.arxiv_id for listing in listings}) == len(listings) == missed.stated
        pages[0] = next(folder.glob("id_abc_*")).read_bytes()
        with pytest.raises(FetchError, match="incorrect id format for abc"):
            list(documents(source, FetchState(NOW, THURSDAY, {}), client))


def test_a_real_page_of_arxivs_records_is_harvested_with_its_token() -> None:
    page = (real_data("arxiv_oai") / "1.xml").read_bytes()
    token = page[page.index(b"<resumptionToken") : page.index(b"</ListRecords>")]

    def service(path: str) -> Answer:
        if query_of(path).get("resumptionToken") != "1122234|1001":
            return Answer(page)
        return Answer(page.replace(token, b"<resumptionToken/>").replace(b"oai:arXiv.org:0704", b"oai:arXiv.org:0804"))

    with served(service) as (server, client):
        source = SourceConfig(preset="oai", url=server.url("/oai2"), metadata_prefix="arXiv", pause_seconds=0)
        document = next(documents(source, FetchState(NOW, date(2026, 4, 26), {}), client))
    listings = parse_dump(document.body).listings
    assert 1000 < len(listings) <= 2000
