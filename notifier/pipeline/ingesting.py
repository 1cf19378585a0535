"""Step 1, ingesting: each new dump becomes papers and listings, in one transaction.

A dump is read, parsed and prepared before its transaction begins.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Engine

from notifier import sources
from notifier.config import DEFAULT_LIMITS, Config, Limits
from notifier.errors import DumpError, DumpGoneError
from notifier.files import DumpFile, DumpsFolder, read_dump
from notifier.garbage import collecting_new_objects
from notifier.models import DumpStatus, ListedOnFrom, Skipped
from notifier.papers.identity import PreparedListing, prepare
from notifier.pipeline.tagging import LARGE_DUMP, with_tags
from notifier.sources import decide_listing_day
from notifier.store import dumps, reading, writing
from notifier.store.ingest import AS_NEWS, AnnouncePolicy, NewDump, add_dump, is_known, known_keys, lock
from notifier.topics import Catalogue, catalogue_of


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """How dumps are ingested.

    `limits` bound the size of what is read. `announcing` says how the papers are announced. `catalogue` tags the papers
    of large dumps at once; without it, all papers are tagged later.
    """

    limits: Limits = DEFAULT_LIMITS
    announcing: AnnouncePolicy = AS_NEWS
    catalogue: Catalogue | None = None


DEFAULT_SETTINGS = IngestSettings()


def settings_for(config: Config, *, archive: bool = False) -> IngestSettings:
    """Return the settings that the config asks for.

    With `archive`, the papers are stored as announced already. Raises ConfigError if a topic of the config is wrong.
    """
    catalogue = catalogue_of(config)
    return IngestSettings(config.limits, AnnouncePolicy(catalogue.upvotes_named, archive), catalogue)


@dataclass(frozen=True, slots=True)
class DumpReport:
    """The outcome of ingesting one dump.

    `records` counts everything in the dump that looks like a listing. Each record either made a new paper (`new`), was
    merged into a known one (`merged`), or was `skipped`. `papers` counts the distinct papers of the dump. `cut` says
    which fields were too long and were cut. `reason` says why a dump was quarantined.
    """

    path: str
    status: DumpStatus
    format: str | None = None
    listed_on: date | None = None
    listed_on_from: ListedOnFrom | None = None
    records: int = 0
    papers: int = 0
    new: int = 0
    merged: int = 0
    listings: int = 0
    skipped: tuple[Skipped, ...] = ()
    cut: tuple[Skipped, ...] = ()
    reason: str | None = None


def ingest(
    engine: Engine, path: Path, day: date | None, now: datetime, settings: IngestSettings = DEFAULT_SETTINGS
) -> DumpReport:
    """Ingest the dump at `path`.

    `day` is the listing day, if the operator has given it. A file that cannot be read as a dump is quarantined with the
    reason, which the report gives. Raises DumpGoneError if there is no such file.
    """
    try:
        file = read_dump(path, settings.limits.file)
    except DumpGoneError:
        raise
    except DumpError as error:
        return _quarantine(engine, path, "", error, now)
    try:
        with collecting_new_objects():
            try:
                return _ingest_file(engine, file, day, now, settings)
            finally:
                gc.collect()  # else the garbage that the dump leaves would count as old and never be collected
    except DumpError as error:
        return _quarantine(engine, path, file.sha256, error, now)


def _quarantine(engine: Engine, path: Path, sha256: str, error: DumpError, now: datetime) -> DumpReport:
    with writing(engine) as connection:
        dumps.quarantine(connection, str(path.absolute()), sha256, str(error), now)
    return DumpReport(str(path), DumpStatus.QUARANTINED, reason=str(error))


def _ingest_file(
    engine: Engine, file: DumpFile, day: date | None, now: datetime, settings: IngestSettings
) -> DumpReport:
    """Ingest a dump that was read from its file. Raises DumpError if it cannot be parsed."""
    known = DumpReport(str(file.path), DumpStatus.KNOWN)
    with reading(engine) as connection:
        if is_known(connection, file.sha256):
            return known
    dump = sources.parse_dump(file.content, settings.limits)
    listed_on, listed_on_from = decide_listing_day(day, file.path.name, dump, now)
    listings = prepare(dump, listed_on, file.sha256, day_is_given=listed_on_from is ListedOnFrom.OPTION)
    if settings.catalogue is not None and len(listings) >= LARGE_DUMP:
        listings = _with_tags(engine, listings, settings.catalogue)
    arrival = NewDump(file.sha256, file.path.name, dump.format, listed_on, listed_on_from, now)
    with writing(engine) as connection:
        lock(connection)  # another process may have ingested the same bytes in the meantime
        if is_known(connection, file.sha256):
            return known
        counts = add_dump(connection, arrival, listings, settings.announcing, dump.deleted)
        dumps.lift_quarantine(connection, str(file.path.absolute()))
    return DumpReport(
        path=str(file.path),
        status=DumpStatus.INGESTED,
        format=dump.format,
        listed_on=listed_on,
        listed_on_from=listed_on_from,
        records=len(listings) + len(dump.skipped),
        papers=counts.papers,
        new=counts.new,
        merged=counts.merged,
        listings=len(listings),
        skipped=dump.skipped,
        cut=dump.cut,
    )


def _with_tags(engine: Engine, listings: list[PreparedListing], catalogue: Catalogue) -> list[PreparedListing]:
    with reading(engine) as connection:
        known = known_keys(connection, {listing.key for listing in listings})
    return with_tags(listings, known, catalogue)


def ingest_folder(
    engine: Engine,
    folder: DumpsFolder,
    paths: Iterable[Path],
    now: datetime,
    settings: IngestSettings = DEFAULT_SETTINGS,
) -> list[DumpReport]:
    """Ingest these files of the dumps folder, and move each to the folder for its outcome.

    A file that is gone is left out, because another process has ingested it in the meantime.
    """
    reports = []
    for path in paths:
        with suppress(DumpGoneError):
            report = ingest(engine, path, None, now, settings)
            folder.put_away(path, report.reason)
            reports.append(report)
    return reports
