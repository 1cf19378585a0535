"""Feeds as RSS 2.0, checked against the RSS Advisory Board's specification and profile, rule by rule."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html
from support.feed_samples import LINKED, ONLINE, PUBLISHER, SAMPLES, SHOWN, entry, feed, xml
from support.thoroughness import examples

from notifier.feeds import Feed, Publisher, rss
from notifier.feeds.entries import printable

DC = "{http://purl.org/dc/elements/1.1/}"
ABSTRACT = "{http://purl.org/dc/terms/}abstract"
ATOM_LINK = "{http://www.w3.org/2005/Atom}link"
DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000")
CHANNEL_ELEMENTS = {"title", "link", "description", "docs", "generator", "language", "lastBuildDate", "ttl", "item"}
ITEM_ELEMENTS = {"title", "link", "description", "guid", "category", "pubDate", f"{DC}creator", ABSTRACT, ATOM_LINK}
REPEATED = {"category", "item", ATOM_LINK}
MARKUP = {"div", "p", "a"}  # the only elements in a description; `div` is around it


def valid_rss(sample: Feed, publisher: Publisher = PUBLISHER) -> etree._Element:
    """Write a feed, assert that it is valid, and return its channel element."""
    root = xml(rss(sample, publisher))
    assert root.tag == "rss" and root.get("version") == "2.0"
    (channel,) = root
    check_channel(channel)
    items = channel.findall("item")
    for item in items:
        check_item(item)
    guids = [item.findtext("guid") for item in items]
    assert len(set(guids)) == len(guids)
    return channel


def check_channel(channel: etree._Element) -> None:
    assert channel.tag == "channel"
    check_children(channel, CHANNEL_ELEMENTS | {ATOM_LINK})
    assert all(channel.findtext(name) for name in ("title", "link", "description"))
    assert urlsplit(channel.findtext("link", "")).scheme in {"https", "urn"}
    assert channel.findtext("language") == "en"
    assert int(channel.findtext("ttl", "")) > 0
    check_date(channel.findtext("lastBuildDate", ""))
    tags = [child.tag for child in channel]
    assert "item" not in tags or tags.index("item") == len(tags) - tags.count("item"), "items come last"


def check_item(item: etree._Element) -> None:
    check_children(item, ITEM_ELEMENTS)
    assert item.findtext("title")
    link = item.findtext("link")
    assert link is None or urlsplit(link).scheme in {"http", "https"}
    for other in item.findall(ATOM_LINK):
        assert other.get("rel") == "related" and urlsplit(other.get("href", "")).scheme in {"http", "https"}
    assert {tag.tag for tag in description(item).iter()} <= MARKUP
    guid = item.find("guid")
    assert guid is not None and guid.text and guid.get("isPermaLink") == "false"
    assert all(category.text for category in item.findall("category"))
    check_date(item.findtext("pubDate", ""))


def description(item: etree._Element) -> html.HtmlElement:
    """Parse the description of an item as HTML, and return it within a `div` element."""
    return html.fragment_fromstring(item.findtext("description", ""), create_parent="div")


def paragraphs(item: etree._Element) -> list[str]:
    return [paragraph.text_content() for paragraph in description(item).findall("p")]


def check_children(parent: etree._Element, allowed: set[str]) -> None:
    tags = [child.tag for child in parent]
    assert set(tags) <= allowed
    assert all(tags.count(tag) == 1 for tag in tags if tag not in REPEATED)


def check_date(text: str) -> None:
    """Assert that a date has the form of RFC 822, with a year of four digits and the right weekday."""
    assert DATE.fullmatch(text)
    assert parsedate_to_datetime(text).strftime("%a") == text[:3]


@pytest.mark.parametrize("publisher", [PUBLISHER, ONLINE])
@pytest.mark.parametrize("sample", SAMPLES)
def test_every_feed_is_valid_rss(sample: Feed, publisher: Publisher) -> None:
    assert len(valid_rss(sample, publisher).findall("item")) == len(sample.entries)


def test_an_item_has_the_fields_of_its_paper() -> None:
    item = valid_rss(feed(entry())).find("item")
    assert item is not None
    assert item.findtext("title") == "Low-Bit Quantization for Everyone"
    assert item.findtext("link") == "https://arxiv.org/abs/2607.00001"
    assert paragraphs(item) == ["We show that quantization to four bits is enough.", "arXiv · PDF · Hugging Face"]
    assert item.findtext(ABSTRACT) == "We show that quantization to four bits is enough."
    assert item.findtext(f"{DC}creator") == "Ada Lovelace, Alan Turing"
    assert [category.text for category in item.findall("category")] == [
        "cs.LG",
        "cs.AI",
        "Language Models",
        "Quantization",
    ]
    assert parsedate_to_datetime(item.findtext("pubDate", "")) == datetime(2026, 7, 6, 4, 30, 15, tzinfo=UTC)


def test_the_bytes_of_an_item_have_every_link_with_its_relation_type_and_title() -> None:
    written = rss(feed(entry(1, **LINKED)), PUBLISHER)
    for link in (
        b"<link>https://arxiv.org/abs/2607.00001</link>",
        b'<atom:link href="https://arxiv.org/pdf/2607.00001" rel="related" type="application/pdf" title="PDF"/>',
        b'<atom:link href="https://doi.org/10.1000/182" rel="related" type="text/html" title="DOI"/>',
        b'<atom:link href="https://example.org/project" rel="related" type="text/html" title="Project page"/>',
        b'<atom:link href="https://github.com/example/code?a=1&amp;b=2" rel="related" type="text/html" title="Code"/>',
        b'<atom:link href="https://example.org/talk" rel="related" type="text/html" title="Discussion"/>',
    ):
        assert written.count(link) == 1


def test_the_description_links_to_the_paper_and_to_what_belongs_to_it() -> None:
    item = valid_rss(feed(entry(1, **LINKED))).find("item")
    assert item is not None
    assert [link.get("href") for link in description(item).iter("a")] == [
        item.findtext("link"),
        *(link.get("href") for link in item.findall(ATOM_LINK)),
    ]


def test_a_feed_names_its_stylesheet_before_its_first_element() -> None:
    lines = rss(feed(entry()), PUBLISHER).splitlines()
    assert lines[1] == b'<?xml-stylesheet type="text/css" href="feeds.css"?>'
    assert lines[2].startswith(b"<rss ")


def test_items_keep_their_order() -> None:
    links = [item.findtext("link", "") for item in valid_rss(feed(entry(3), entry(1), entry(2))).findall("item")]
    assert [link[-1] for link in links] == ["3", "1", "2"]


def test_without_a_web_site_the_link_of_the_channel_is_its_identity() -> None:
    channel = valid_rss(feed(entry()))
    assert channel.findtext("link") == PUBLISHER.feed_id(feed())
    assert channel.find(ATOM_LINK) is None


def test_with_a_web_site_the_channel_links_to_its_page_and_to_itself() -> None:
    channel = valid_rss(feed(entry()), ONLINE)
    assert channel.findtext("link") == "https://papers.example.org/topics/quantization"
    own = channel.find(ATOM_LINK)
    assert own is not None and dict(own.attrib) == {
        "href": "https://papers.example.org/feeds/quantization.rss",
        "rel": "self",
        "type": "application/rss+xml",
    }


def test_unknown_fields_are_left_out() -> None:
    bare = entry(url="https://example.org/1", arxiv_id=None, abstract="", authors=(), categories=(), topics=frozenset())
    item = valid_rss(feed(bare)).find("item")
    assert item is not None
    assert {child.tag for child in item} == {"title", "link", "description", "guid", "pubDate"}
    assert paragraphs(item) == ["Read"]


def test_a_paper_with_nothing_but_a_title_is_a_valid_item() -> None:
    bare = entry(arxiv_id=None, url=None, abstract="", authors=(), categories=(), topics=frozenset())
    item = valid_rss(feed(bare)).find("item")
    assert item is not None
    assert {child.tag for child in item} == {"title", "guid", "pubDate"}


def test_a_topic_without_a_description_is_described_by_its_title() -> None:
    assert valid_rss(Feed("mine", "Mine & yours", "", ())).findtext("description") == "Mine & yours"


@pytest.mark.parametrize("text", SHOWN)
def test_titles_and_abstracts_are_plain_text_and_descriptions_are_html(text: str) -> None:
    item = valid_rss(feed(entry(title=text, abstract=text))).find("item")
    assert item is not None
    assert item.findtext("title") == printable(text)
    assert item.findtext(ABSTRACT) == printable(text)
    assert paragraphs(item)[0] == printable(text)


@settings(deadline=None, max_examples=examples(60))
@given(st.text(alphabet=st.characters(), max_size=60))
def test_any_text_makes_a_valid_feed(text: str) -> None:
    bad = entry(title=text, abstract=text, authors=(text,), categories=(text,), arxiv_id=text, url=f"https://a/{text}")
    valid_rss(Feed("any", text, text, (bad,)))
