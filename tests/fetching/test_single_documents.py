"""Feeds, JSON lines and other dumps are one document at one URL."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime

import pytest
from support.remote_services import ARXIV_ERROR, LOGIN_PAGE, Answer, InMemory, arxiv_feed, daily_papers

from notifier.config import SourceConfig
from notifier.errors import FetchError
from notifier.fetching import Document, FetchState, documents
from notifier.sources import parse_dump

NOW = datetime(2026, 4, 30, 14, tzinfo=UTC)
ASKED = FetchState(NOW, None, {})
RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Bees</title><link>https://example.org</link>
<description>Bees</description><item><title>How Bees Find Flowers</title><link>https://example.org/1</link>
<description>We follow bees to the flowers.</description></item></channel></rss>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:x</id><title>Bees</title>
<updated>2026-04-29T00:00:00Z</updated><entry><id>urn:1</id><title>How Bees Find Flowers</title>
<link href="https://example.org/1"/><summary>We follow bees.</summary></entry></feed>"""
JSON_FEED = b"""{"version": "https://jsonfeed.org/version/1.1", "title": "Bees", "items": [{"id": "1",
"url": "https://example.org/1", "title": "How Bees Find Flowers", "content_text": "We follow bees."}]}"""
LINES = b"""{"title": "How Bees Find Flowers", "abstract": "We follow bees."}
{"title": "How Wasps Find Flowers", "abstract": "We follow wasps."}"""
FEED = SourceConfig(preset="feed", url="https://example.org/papers")
JSONL = SourceConfig(preset="jsonl", url="https://example.org/papers.jsonl")
ANY = SourceConfig(url="https://example.org/dump")


def taken(source: SourceConfig, body: bytes) -> Document:
    (document,) = documents(source, ASKED, InMemory(lambda _: Answer(body)))
    return document


@pytest.mark.parametrize(
    ("source", "body", "papers", "name"),
    [
        (FEED, RSS, 1, "papers.xml"),
        (FEED, b"\xef\xbb\xbf\n" + RSS, 1, "papers.xml"),
        (FEED, ATOM, 1, "papers.xml"),
        (FEED, JSON_FEED, 1, "papers.json"),
        (FEED, gzip.compress(RSS), 1, "papers.gz"),
        (FEED, RSS.decode().encode("utf-16"), 1, "papers.txt"),
        (JSONL, LINES, 2, "papers.jsonl"),
        (JSONL, LINES.split(b"\n")[0], 1, "papers.jsonl"),
        (JSONL, gzip.compress(LINES), 2, "papers.jsonl"),
        (ANY, LINES, 2, "dump.json"),
        (ANY, RSS, 1, "dump.xml"),
        (ANY, arxiv_feed(date(2026, 4, 29), 4), 4, "dump.xml"),
        (ANY, daily_papers(lambda _: 3)("/?date=2026-04-29").body, 3, "dump.json"),
    ],
)
def test_the_document_is_a_dump(source: SourceConfig, body: bytes, papers: int, name: str) -> None:
    document = taken(source, body)
    assert (document.name, document.day) == (name, None)
    assert len(parse_dump(document.body).listings) == papers


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.org/", "dump.json"),
        ("https://example.org/a/2026-04-29.jsonl.gz?key=1", "2026-04-29.jsonl.gz"),
        ("https://example.org/%2e%2e%2fetc%2fpasswd", "passwd.json"),
        ("https://example.org/a%20b%00c.json", "a-b-c.json"),
        ("https://example.org/.hidden", "hidden.json"),
        ("https://example.org/" + "x" * 500 + ".json", "x" * 75 + ".json"),
    ],
)
def test_the_name_of_the_document_is_a_harmless_file_name(url: str, name: str) -> None:
    assert taken(SourceConfig(url=url), LINES).name == name


@pytest.mark.parametrize("source", [FEED, JSONL, ANY])
def test_an_unchanged_document_is_not_sent_again(source: SourceConfig) -> None:
    client = InMemory(lambda _: Answer(ATOM if source is FEED else LINES, etag='"1"'))
    (first,) = documents(source, ASKED, client)
    (again,) = documents(source, FetchState(NOW, None, {first.url: first.validators}), client)
    assert (again.is_not_modified, again.body, again.validators) == (True, b"", first.validators)


@pytest.mark.parametrize(
    ("source", "body", "said"),
    [
        (FEED, LOGIN_PAGE, "Please sign in"),
        (FEED, b"<html><body>Moved</body></html>", "web page"),
        (FEED, b"<!-- proxy --><html><head><title>502 Bad Gateway</title></head></html>", "502 Bad Gateway"),
        (
            FEED,
            b"<?xml version='1.0'?><!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0'><html><title>Hm</title></html>",
            "Hm",
        ),
        (ANY, b"<h1>502 Bad Gateway</h1>", "web page"),
        (JSONL, b'{"errors": [{"code": 401, "message": "Invalid key"}]}', "Invalid key"),
        (JSONL, b'{"error": true, "papers": []}', "True"),
        (FEED, b"not found", "not XML"),
        (FEED, b"<!-- never closed", "not XML"),
        (FEED, b"<error>quota</error>", "no feed but <error>"),
        (FEED, b'{"error": "quota exceeded"}', "quota exceeded"),
        (FEED, b'{"items": 3}', "no feed"),
        (FEED, RSS[:-20], "cut off"),
        (FEED, ARXIV_ERROR, "the query is too long"),
        (FEED, b"<rss><channel><title>Error 500</title></channel></rss>", "Error 500"),
        (JSONL, LOGIN_PAGE, "Please sign in"),
        (JSONL, b'{"error": "invalid token"}', "invalid token"),
        (JSONL, b'{"message": "API rate limit exceeded"}', "rate limit"),
        (JSONL, b"Service Unavailable", "no JSON"),
        (JSONL, b" \n", "empty document"),
        (ANY, LOGIN_PAGE, "Please sign in"),
        (ANY, b'{"detail": "Not authenticated"}', "Not authenticated"),
        (ANY, ARXIV_ERROR, "the query is too long"),
        (ANY, b"", "empty document"),
    ],
)
def test_an_error_page_with_status_200_is_an_error_and_no_dump(source: SourceConfig, body: bytes, said: str) -> None:
    with pytest.raises(FetchError, match=said):
        taken(source, body)


def test_a_feed_about_errors_and_an_entry_named_error_among_others_are_no_errors() -> None:
    many = ATOM.replace(b"How Bees Find Flowers", b"Error").replace(b"</feed>", ATOM[ATOM.index(b"<entry") :])
    assert taken(FEED, many).body == many
    titled = RSS.replace(b"<title>Bees</title>", b"<title>Error Correction Letters</title>")
    assert taken(FEED, titled).body == titled


def test_what_a_message_quotes_of_an_error_page_cannot_control_a_terminal() -> None:
    page = b"<html><title>\x1b[2JSign\n in\xe2\x80\xae " + b"x" * 5000 + b"</title></html>"
    with pytest.raises(FetchError) as caught:
        taken(ANY, page)
    assert str(caught.value).isprintable()
    assert "Sign in" in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "body",
    [
        b'{"status": "ok", "message": {"items": [{"title": ["How Bees Find Flowers"]}]}}',
        b'{"message": "success", "data": {"papers": [{"title": "How Bees Find Flowers"}]}}',
        b'{"errors": [], "papers": [{"title": "How Bees Find Flowers"}]}',
        b'{"title": "How Bees Find Flowers", "error": "0.5%"}',
    ],
)
def test_an_answer_with_papers_may_have_a_message_too(body: bytes) -> None:
    assert len(parse_dump(taken(ANY, body).body).listings) == 1


def test_what_stands_before_the_root_of_a_feed_does_not_hide_it() -> None:
    before = b"<?xml version='1.0'?>\n<?xml-stylesheet href='a.css'?>\n<!-- <html> is > no root -->\n<!DOCTYPE rss>\n"
    body = before + RSS.partition(b"?>")[2]
    assert taken(FEED, body).body == body


def test_an_empty_feed_is_a_document_without_papers() -> None:
    empty = b"<rss version='2.0'><channel><title>Bees</title></channel></rss>"
    assert parse_dump(taken(FEED, empty).body).listings == ()


def test_a_folder_is_not_fetched() -> None:
    with pytest.raises(ValueError, match="folder"):
        documents(SourceConfig(glob="*.json"), ASKED, InMemory(lambda _: Answer()))


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": "no key"}',
        b'{"error": "You have no permission to read this"}',
        b'{"message": "No such user"}',
        b'{"errors": [{"detail": "no_session"}]}',
        b'{"message": "The token is empty"}',
        b"{}",
    ],
)
def test_an_error_that_says_no_or_empty_is_not_taken_for_a_day_without_papers(body: bytes) -> None:
    with pytest.raises(FetchError) as caught:
        taken(ANY, body)
    assert "an error: " in str(caught.value) or "empty JSON object" in str(caught.value)


@pytest.mark.parametrize("said", ["No papers found for this date", "no_data", "no posts found", "Nothing today"])
def test_a_message_that_there_are_no_papers_is_a_day_without_papers(said: str) -> None:
    body = json.dumps({"message": said}).encode()
    assert taken(ANY, body).body == body
