"""The feeds, read back by programs that people read feeds with."""

import html
import re
from pathlib import Path

import feedparser
import pytest
from reader import Entry, make_reader
from support.feed_samples import ONLINE, PUBLISHER, feed, hostile_feed, random_papers

from notifier.feeds import FORMATS, Feed
from notifier.feeds.feed import Fields, fields_of

# In RSS these readers take a title for HTML that looks like it to them; Atom says what it is.
LOOKS_LIKE_HTML = re.compile(r"</\w+>|&#?\w+;")

PAPERS = feed(*random_papers(100, seed=6))
SAMPLES = [PAPERS, hostile_feed()]
both = pytest.mark.parametrize("ending", ["rss", "atom"])  # feedparser reads no JSON
every = pytest.mark.parametrize("ending", FORMATS)


def written(folder: Path, ending: str, sample: Feed) -> Path:
    file = folder / f"{sample.slug}.{ending}"
    file.write_bytes(FORMATS[ending](sample, PUBLISHER))
    return file


def is_certain(ending: str, shown: Fields) -> bool:
    return ending != "rss" or not LOOKS_LIKE_HTML.search(shown.title)


def plain_text(value: str) -> str:
    """What HTML without markup shows."""
    assert "<" not in value
    return html.unescape(value)


def content_text(entry: Entry) -> str:
    content = entry.get_content()
    if content is None:
        return ""
    return content.value if content.type == "text/plain" else plain_text(content.value)


@both
@pytest.mark.parametrize("sample", SAMPLES)
def test_feedparser_reads_what_was_written(tmp_path: Path, ending: str, sample: Feed) -> None:
    parsed = feedparser.parse(str(written(tmp_path, ending, sample)))
    assert not parsed.bozo and len(parsed.entries) == len(sample.entries)
    for found, entry in zip(parsed.entries, sample.entries, strict=True):
        shown = fields_of(entry)
        assert found.id == shown.id
        assert found.title == shown.title or not is_certain(ending, shown)
        assert plain_text(found.get("summary", "")) == shown.abstract
        assert found.published_parsed[:6] == shown.published.timetuple()[:6]
        assert [tag.term for tag in found.get("tags", [])] == list(shown.tags)


@both
def test_feedparser_finds_the_links_that_were_written(tmp_path: Path, ending: str) -> None:
    parsed = feedparser.parse(str(written(tmp_path, ending, PAPERS)))
    links = [[link.href for link in found.get("links", [])] for found in parsed.entries]
    assert links == [[url] if url else [] for url in (fields_of(entry).url for entry in PAPERS.entries)]


@every
@pytest.mark.parametrize("sample", SAMPLES)
def test_reader_reads_what_was_written(tmp_path: Path, ending: str, sample: Feed) -> None:
    file = written(tmp_path, ending, sample)
    with make_reader(":memory:", feed_root=str(tmp_path)) as reader:
        reader.add_feed(file.name)
        reader.update_feed(file.name)
        found = {each.id: each for each in reader.get_entries()}
    assert len(found) == len(sample.entries)
    for shown in map(fields_of, sample.entries):
        entry = found[shown.id]
        assert entry.title == shown.title or not is_certain(ending, shown)
        assert content_text(entry) == shown.abstract
        assert entry.published == shown.published


def test_most_titles_are_certain_in_rss_too() -> None:
    assert sum(is_certain("rss", fields_of(entry)) for entry in PAPERS.entries) > 10


@every
def test_an_update_shows_the_new_paper_alone_as_new(tmp_path: Path, ending: str) -> None:
    papers = random_papers(9, seed=7)
    with make_reader(":memory:", feed_root=str(tmp_path)) as reader:
        file = written(tmp_path, ending, feed(*papers[1:]))
        reader.add_feed(file.name)
        reader.update_feed(file.name)
        for entry in reader.get_entries():
            reader.mark_entry_as_read(entry)
        file.write_bytes(FORMATS[ending](feed(*papers), ONLINE))
        reader.update_feed(file.name)
        assert [entry.id for entry in reader.get_entries(read=False)] == [fields_of(papers[0]).id]
