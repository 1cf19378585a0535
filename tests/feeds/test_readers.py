"""The feeds, read back by the feed readers `feedparser` and `reader`."""

import re
from pathlib import Path

import feedparser
import pytest
from lxml import html
from reader import Entry, make_reader
from support.feed_samples import LINKED, ONLINE, PUBLISHER, entry, feed, hostile_feed, random_papers

from notifier.feeds import FORMATS, Feed
from notifier.feeds.entries import EntryFields, entry_fields

# These feed readers treat an RSS title that matches this pattern as HTML. An Atom feed says that its titles are text.
LOOKS_LIKE_HTML = re.compile(r"</\w+>|&#?\w+;")

PAPERS = feed(*random_papers(100, seed=6))
SAMPLES = [PAPERS, hostile_feed()]
xml_formats = pytest.mark.parametrize("ending", ["rss", "atom"])  # feedparser reads no JSON
all_formats = pytest.mark.parametrize("ending", FORMATS)


def write_feed(folder: Path, ending: str, sample: Feed) -> Path:
    file = folder / f"{sample.slug}.{ending}"
    file.write_bytes(FORMATS[ending](sample, PUBLISHER))
    return file


def is_conveyed(ending: str, expected: EntryFields) -> bool:
    """Return whether feed readers understand the title in this format as it is meant."""
    return ending != "rss" or not LOOKS_LIKE_HTML.search(expected.title)


def paragraphs(content: str) -> list[str]:
    """Return the texts of the paragraphs of HTML, without the spaces that a feed reader may have added or removed."""
    parsed = html.fragment_fromstring(content, create_parent="div")
    return [" ".join(paragraph.text_content().split()) for paragraph in parsed.iter("p")]


def content_of(entry: Entry) -> str:
    content = entry.get_content()
    return content.value if content else ""


@xml_formats
@pytest.mark.parametrize("sample", SAMPLES)
def test_feedparser_reads_the_fields_of_every_entry(tmp_path: Path, ending: str, sample: Feed) -> None:
    parsed = feedparser.parse(str(write_feed(tmp_path, ending, sample)))
    assert not parsed.bozo and len(parsed.entries) == len(sample.entries)
    for found, each in zip(parsed.entries, sample.entries, strict=True):
        expected = entry_fields(each)
        assert found.id == expected.id
        assert found.title == expected.title or not is_conveyed(ending, expected)
        assert paragraphs(found.get("summary", "")) == paragraphs(expected.html)
        assert found.published_parsed[:6] == expected.published.timetuple()[:6]
        shown = [tag.label if ending == "atom" and tag.label else tag.term for tag in found.get("tags", [])]
        assert shown == [tag.label for tag in expected.tags]
        authors = ", ".join(author.name for author in found.get("authors", []))
        assert authors == ", ".join(expected.authors)


@xml_formats
def test_feedparser_reads_the_links_of_every_entry(tmp_path: Path, ending: str) -> None:
    sample = feed(entry(200, **LINKED), *PAPERS.entries)
    parsed = feedparser.parse(str(write_feed(tmp_path, ending, sample)))
    for found, each in zip(parsed.entries, sample.entries, strict=True):
        expected = entry_fields(each)
        assert not expected.url or found.link == expected.url
        assert [(link.rel, link.href) for link in found.get("links", [])] == [
            (link.relation, link.url) for link in expected.links
        ]
        related = [link for link in found.get("links", []) if link.rel == "related"]
        assert [(link.type, link.title) for link in related] == [
            (link.media_type, link.title) for link in expected.links[1:]
        ]


@all_formats
@pytest.mark.parametrize("sample", SAMPLES)
def test_reader_reads_the_fields_of_every_entry(tmp_path: Path, ending: str, sample: Feed) -> None:
    file = write_feed(tmp_path, ending, sample)
    with make_reader(":memory:", feed_root=str(tmp_path)) as reader:
        reader.add_feed(file.name)
        reader.update_feed(file.name)
        found = {each.id: each for each in reader.get_entries()}
    assert len(found) == len(sample.entries)
    for expected in map(entry_fields, sample.entries):
        entry = found[expected.id]
        assert entry.title == expected.title or not is_conveyed(ending, expected)
        assert paragraphs(content_of(entry)) == paragraphs(expected.html)
        assert entry.published == expected.published


def test_the_samples_have_titles_that_rss_conveys() -> None:
    assert sum(is_conveyed("rss", entry_fields(entry)) for entry in PAPERS.entries) > 10


@all_formats
def test_after_an_update_only_the_new_paper_is_unread(tmp_path: Path, ending: str) -> None:
    papers = random_papers(9, seed=7)
    with make_reader(":memory:", feed_root=str(tmp_path)) as reader:
        file = write_feed(tmp_path, ending, feed(*papers[1:]))
        reader.add_feed(file.name)
        reader.update_feed(file.name)
        for entry in reader.get_entries():
            reader.mark_entry_as_read(entry)
        file.write_bytes(FORMATS[ending](feed(*papers), ONLINE))
        reader.update_feed(file.name)
        assert [entry.id for entry in reader.get_entries(read=False)] == [entry_fields(papers[0]).id]
