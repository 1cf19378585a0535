"""JSON Feed 1.1, held against its specification."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from support.feed_samples import ONLINE, PUBLISHER, SAMPLES, SHOWN, entry, feed

from notifier.feeds import Feed, Publisher, json_feed
from notifier.feeds.feed import plain

FEED_KEYS = {"version", "title", "description", "home_page_url", "feed_url", "language", "authors", "items"}
ITEM_KEYS = {"id", "url", "title", "content_text", "date_published", "authors", "tags"}


def written(sample: Feed, publisher: Publisher = PUBLISHER) -> dict[str, Any]:
    """The feed, once it is known to be one."""
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
def test_every_feed_has_what_a_json_feed_needs(sample: Feed, publisher: Publisher) -> None:
    assert len(written(sample, publisher)["items"]) == len(sample.entries)


def test_an_item_says_what_is_known_of_its_paper() -> None:
    (item,) = written(feed(entry()))["items"]
    assert item.pop("id").startswith("urn:uuid:")
    assert datetime.fromisoformat(item.pop("date_published")) == datetime(2026, 7, 6, 4, 30, 15, tzinfo=UTC)
    assert item == {
        "url": "https://arxiv.org/abs/2607.00001",
        "title": "Low-Bit Quantization for Everyone",
        "content_text": "We show that quantization to four bits is enough.",
        "authors": [{"name": "Ada Lovelace"}, {"name": "Alan Turing"}],
        "tags": ["cs.LG", "cs.AI", "language-models", "quantization"],
    }


def test_without_a_web_site_a_feed_names_no_address_of_its_own() -> None:
    assert written(feed()).keys() == {"version", "title", "description", "language", "authors", "items"}


def test_with_a_web_site_a_feed_names_itself_and_its_page() -> None:
    document = written(feed(), ONLINE)
    assert document["feed_url"] == "https://papers.example.org/feeds/quantization.json"
    assert document["home_page_url"] == "https://papers.example.org/topics/quantization"


@pytest.mark.parametrize("text", SHOWN)
def test_text_is_plain_and_stands_as_it_is(text: str) -> None:
    (item,) = written(feed(entry(title=text, abstract=text)))["items"]
    assert (item["title"], item["content_text"]) == (plain(text), plain(text))
