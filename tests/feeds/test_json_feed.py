"""Feeds as JSON Feed 1.1, checked against its specification."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import html
from support.feed_samples import LINKED, ONLINE, PUBLISHER, SAMPLES, SHOWN, entry, feed

from notifier.feeds import Feed, Publisher, json_feed
from notifier.feeds.entries import printable

FEED_KEYS = {"version", "title", "description", "home_page_url", "feed_url", "language", "authors", "items"}
ITEM_KEYS = {"id", "url", "title", "summary", "content_html", "date_published", "authors", "tags", "attachments"}


def valid_json_feed(sample: Feed, publisher: Publisher = PUBLISHER) -> dict[str, Any]:
    """Write a feed, assert that it is a valid JSON Feed, and return its document."""
    document: dict[str, Any] = json.loads(json_feed(sample, publisher).decode("utf-8", "strict"))
    assert document["version"] == "https://jsonfeed.org/version/1.1"
    assert document["title"] and document.keys() <= FEED_KEYS
    ids = [item["id"] for item in document["items"]]
    assert len(set(ids)) == len(ids)
    for item in document["items"]:
        assert item["id"] and isinstance(item["content_html"], str) and item.keys() <= ITEM_KEYS
        assert datetime.fromisoformat(item["date_published"]).tzinfo is not None
        assert all(author["name"] for author in item.get("authors", []))
        assert all(each["url"].startswith("http") and each["mime_type"] for each in item.get("attachments", []))
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
        "summary": "We show that quantization to four bits is enough.",
        "content_html": (
            '<p dir="auto">We show that quantization to four bits is enough.</p>\n'
            '<p><a href="https://arxiv.org/abs/2607.00001">arXiv</a>'
            ' · <a href="https://arxiv.org/pdf/2607.00001">PDF</a>'
            ' · <a href="https://huggingface.co/papers/2607.00001">Hugging Face</a></p>'
        ),
        "authors": [{"name": "Ada Lovelace"}, {"name": "Alan Turing"}],
        "tags": ["cs.LG", "cs.AI", "Language Models", "Quantization"],
        "attachments": [
            {"url": "https://arxiv.org/pdf/2607.00001", "mime_type": "application/pdf", "title": "PDF"},
        ],
    }


def test_the_content_links_to_the_code_and_the_project_page() -> None:
    (item,) = valid_json_feed(feed(entry(1, **LINKED)))["items"]
    links = {link.text: link.get("href") for link in html.fromstring(item["content_html"]).iter("a")}
    assert links["Code"] == LINKED["code"]
    assert links["Project page"] == LINKED["project"]


def test_the_summary_of_a_long_abstract_consists_of_whole_sentences() -> None:
    (item,) = valid_json_feed(feed(entry(abstract="Quantization is enough. " * 40)))["items"]
    assert 20 < len(item["summary"]) < 400
    assert item["summary"].replace("Quantization is enough.", "").split() == []


def test_a_paper_with_nothing_but_a_title_is_a_valid_item() -> None:
    bare = entry(arxiv_id=None, url=None, abstract="", authors=(), categories=(), topics=frozenset())
    (item,) = valid_json_feed(feed(bare))["items"]
    assert item.keys() == {"id", "title", "content_html", "date_published"}


def test_without_a_web_site_a_feed_has_no_url() -> None:
    assert valid_json_feed(feed()).keys() == {"version", "title", "description", "language", "authors", "items"}


def test_with_a_web_site_a_feed_has_its_own_url_and_the_url_of_its_page() -> None:
    document = valid_json_feed(feed(), ONLINE)
    assert document["feed_url"] == "https://papers.example.org/feeds/quantization.json"
    assert document["home_page_url"] == "https://papers.example.org/topics/quantization"


@pytest.mark.parametrize("text", SHOWN)
def test_markup_in_a_text_is_escaped_in_the_html_and_nowhere_else(text: str) -> None:
    (item,) = valid_json_feed(feed(entry(title=text, abstract=text)))["items"]
    assert (item["title"], item["summary"]) == (printable(text), printable(text))
    content = html.fragment_fromstring(item["content_html"], create_parent="div")
    assert {tag.tag for tag in content.iter()} == {"div", "p", "a"}
    assert content.findtext("p") == printable(text)
