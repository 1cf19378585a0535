"""Run step 3, publishing: make the feeds of all topics, and write the files whose bytes changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from notifier import feeds
from notifier.config import Config
from notifier.errors import FetchError, FileError
from notifier.feeds import Entry, Feed, Publisher
from notifier.feeds.feed import MAX_ENTRIES
from notifier.fetching import tell_hub
from notifier.files import remove_stale, write_if_changed
from notifier.pipeline.choosing import TRENDING_PAPERS
from notifier.pipeline.feed_papers import feed_entries, pinned_papers, trending_of_days
from notifier.pipeline.tagging import tag_all
from notifier.store import papers, reading, topics
from notifier.templates import environment, render
from notifier.topics import ALL, RESERVED, TRENDING, Catalogue

# The descriptions and the pages of the feeds of reserved topics. `for-you` is left out: its papers differ for each
# subscriber, so it has no public feed or page.
RESERVED_FEEDS = {ALL: "Every paper as it comes in.", TRENDING: f"The {TRENDING_PAPERS} best papers of each day."}
RESERVED_PAGES = {ALL: "papers", TRENDING: "papers/trending"}


@dataclass(frozen=True, slots=True)
class PublishReport:
    """The number of feeds, and the numbers of their files that were written and that were up to date already.

    Each feed has one file for each format. The list of feeds and their stylesheet are two more files. `failed` counts
    the files that could not be written. `faults` holds sentences: why the first of these files could not be written,
    and why old files could not be removed or the hub could not be told.
    """

    feeds: int
    written: int
    unchanged: int
    failed: int = 0
    faults: tuple[str, ...] = ()


def publish(engine: Engine, config: Config) -> PublishReport:
    """Bring the feeds folder up to date: write the files that changed, and remove those of topics that are gone.

    If a file cannot be written or removed, the other files are still written and removed.
    """
    tag_all(engine, config)
    with reading(engine) as connection:
        found = list(_feeds(connection, topics.catalogue(connection, config)))
    publisher = publisher_of(config)
    files = {f"{feed.slug}.{ending}": make(feed, publisher) for feed in found for ending, make in feeds.FORMATS.items()}
    folder = config.path(config.feeds.folder)
    files["feeds.opml"] = feeds.opml(found, publisher)
    files[feeds.STYLESHEET] = _stylesheet(config)
    written, faults = _write(folder, files)
    unchanged = len(files) - len(written) - len(faults)
    report = PublishReport(len(found), len(written), unchanged, len(faults), tuple(faults[:1]))
    try:
        remove_stale(folder, {feed.slug for feed in found}, tuple(feeds.FORMATS))
        _tell_hub(
            config, publisher, [feed for feed in found if written & {f"{feed.slug}.{each}" for each in feeds.FORMATS}]
        )
    except (FileError, FetchError) as error:
        return replace(report, faults=(*report.faults, str(error)))
    return report


def publisher_of(config: Config) -> Publisher:
    """Return the publisher of this service's feeds."""
    return Publisher(config.mail.brand, config.mail.address, config.web.base_url, config.feeds.hub)


def _stylesheet(config: Config) -> bytes:
    """Return the stylesheet with which a browser shows the feeds."""
    folder = config.mail.templates
    templates = environment(config.path(folder) if folder else None)
    return render(templates, "web/feeds.css.j2").encode()


def _tell_hub(config: Config, publisher: Publisher, changed: Sequence[Feed]) -> None:
    """Tell the hub, if there is one, that these feeds have changed. Raises FetchError if it does not accept that."""
    urls = [publisher.feed_url(feed, ending) for feed in changed for ending in feeds.FORMATS]
    if publisher.hub and publisher.base_url and urls:
        tell_hub(publisher.hub, urls, config.fetching_settings)


def _write(folder: Path, files: Mapping[str, bytes]) -> tuple[set[str], list[str]]:
    """Write the files that changed; return the names of these, and the reason for each that could not be written."""
    written, faults = set(), []
    for name, content in files.items():
        try:
            if write_if_changed(folder / name, content):
                written.add(name)
        except FileError as error:
            faults.append(str(error))
    return written, faults


def _feeds(connection: Connection, catalogue: Catalogue) -> Iterator[Feed]:
    """Yield the feed of all papers, the feed of trending papers, and the feed of each topic."""
    slugs: tuple[str | None, ...] = (None, *catalogue.topics)  # None selects the papers of all topics
    newest = {slug: papers.newest(connection, slug, MAX_ENTRIES) for slug in slugs}
    stored = papers.papers_by_id(connection, set().union(*newest.values()))
    best = trending_of_days(connection, [stored[paper_id] for paper_id in newest[None]])
    pinned = pinned_papers(connection)
    best = list({paper.id: paper for paper in (*best, *pinned)}.values())
    shown = {
        slug: dict.fromkeys([*ids, *(each.id for each in pinned if slug is None or slug in each.topics)])
        for slug, ids in newest.items()
    }
    entries = feed_entries(connection, catalogue, {**stored, **{paper.id: paper for paper in best}}.values())
    all_entries, *by_topic = ([entries[paper_id] for paper_id in shown[slug]] for slug in slugs)
    since = papers.first_seen(connection)
    yield _reserved_feed(ALL, all_entries, since)
    yield _reserved_feed(TRENDING, [entries[paper.id] for paper in best], since)
    for (slug, topic), found in zip(catalogue.topics.items(), by_topic, strict=True):
        yield Feed(slug, topic.title, topic.description, feeds.newest_entries(found), since)


def _reserved_feed(slug: str, entries: Iterable[Entry], since: datetime | None) -> Feed:
    shown = feeds.newest_entries(entries)
    return Feed(slug, RESERVED[slug], RESERVED_FEEDS[slug], shown, since, page=RESERVED_PAGES[slug])
