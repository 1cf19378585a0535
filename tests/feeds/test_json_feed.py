"""Feeds as JSON Feed 1.1, checked against its specification."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from support.feed_samples import ONLINE, PUBLISHER, SAMPLES, SHOWN, entry, feed

from notifier.feeds import Feed, Publisher, json_feed
from notifier.feeds.feed import printable

FEED_KEYS = {"version", "title", "description", "home_page_url", "feed_url", "language", "authors", "items"}
ITEM_KEYS = {"id", "url", "title", "content_text", "date_published", "authors", "tags"}


def valid_json_feed(sample: Feed, publisher: Publisher = PUBLISHER) -> dict[str, Any]:
    """Write a feed, assert that it is a valid JSON Feed, and return its document."""
    document: dict[str, Any] = json.loads(json_feed(sample, publisher).decode("utf-8", "strict"))
    assert document["version"] == "https://jsonfeed.org/version/1.1"
    assert document["title"] and document.keys() <= FEED_KEYS
    ids = [item["id"] for item in document["items"]]
    assert len(set(ids)) == len(ids)
    for item in document["items"]:
        assert item["id"] and isinstance(item["content_text"], str) and item.keys() <= ITEM_KEYS
        assert datetime.fromisoformat(item["date_published"]).tzinfo is not None
        assert all(author["name"] for author in item.get("authors", []))
        assert all(item.get("tags", [])) and item.get("url", "https://").startswith("https://")
    return document


@pytest.mark.parametrize("publisher", [PUBLISHER, ONLINE])
@pytest.mark.parametrize("sample", SAMPLES)
def test_every_feed_is_a_valid_json_feed(sample: Feed, publisher: Publisher) -> None:
    assert len(valid_json_feed(sample, publisher)["items"]) == len(sample.entries)


def test_an_item_has_the_fields_of_its_paper() -> None:
    (item,) = valid_json_feed(feed(entry()))["items"]
    assert item.pop("id").startswith("urn:uuid:")
    assert datetime.fromisoformat(item.pop("date_published")) == datetime(2026, 7, 6, 4, 30, 15, tzinfo=UTC)
    assert item == {
        "url": "https://arxiv.org/abs/2607.00001",
        "title": "Low-Bit Quantization for Everyone",
        "content_text": "We show that quantization to four bits is enough.",
        "authors": [{"name": "Ada Lovelace"}, {"name": "Alan Turing"}],
        "tags": ["cs.LG", "cs.AI", "language-models", "quantization"],
    }


def test_without_a_web_site_a_feed_has_no_url() -> None:
    assert valid_json_feed(feed()).keys() == {"version", "title", "description", "language", "authors", "items"}


def test_with_a_web_site_a_feed_has_its_own_url_and_the_url_of_its_page() -> None:
    document = valid_json_feed(feed(), ONLINE)
    assert document["feed_url"] == "https://papers.example.org/feeds/quantization.json"
    assert document["home_page_url"] == "https://papers.example.org/topics/quantization"


@pytest.mark.parametrize("text", SHOWN)
def test_text_is_written_without_escaping_its_markup(text: str) -> None:
    (item,) = valid_json_feed(feed(entry(title=text, abstract=text)))["items"]
    assert (item["title"], item["content_text"]) == (printable(text), printable(text))
