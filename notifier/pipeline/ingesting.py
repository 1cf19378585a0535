"""Step 1: new dumps become papers and listings. One transaction per dump; its rows are prepared before."""

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
from notifier.pipeline.tagging import AT_ONCE, with_tags
from notifier.sources import decide_listing_day
from notifier.store import dumps, reading, writing
from notifier.store.ingest import AS_NEWS, AnnouncePolicy, NewDump, add_dump, is_known, known_keys, lock
from notifier.topics import Catalogue, catalogue_of


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """What may be read at all, how its papers are announced, and by which catalogue large dumps are tagged."""

    limits: Limits = DEFAULT_LIMITS
    announcing: AnnouncePolicy = AS_NEWS
    catalogue: Catalogue | None = None


AS_SHIPPED = IngestSettings()


def settings_for(config: Config, *, archive: bool = False) -> IngestSettings:
    """The settings that the config asks for, for dumps whose papers are news, or an `archive`. Raises ConfigError."""
    catalogue = catalogue_of(config)
    return IngestSettings(config.limits, AnnouncePolicy(catalogue.upvotes_named, archive), catalogue)


@dataclass(frozen=True, slots=True)
class DumpReport:
    """What became of one dump. `papers` are its distinct papers, `merged` its listings of papers known before.

    Nothing vanishes: its `records` are those that were `new`, `merged` or `skipped`.
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
    reason: str | None = None


def ingest(
    engine: Engine, path: Path, day: date | None, now: datetime, settings: IngestSettings = AS_SHIPPED
) -> DumpReport:
    """Take in one dump, whose listing day the operator may name; what is no dump is set aside with its reason.

    Raises DumpGoneError where the file is not there.
    """
    try:
        file = read_dump(path, settings.limits.file)
    except DumpGoneError:
        raise
    except DumpError as error:
        return _set_aside(engine, path, "", error, now)
    try:
        with collecting_new_objects():
            try:
                return _ingest_file(engine, file, day, now, settings)
            finally:
                gc.collect()  # or what the dump leaves would count as old and never be examined
    except DumpError as error:
        return _set_aside(engine, path, file.sha256, error, now)


def _set_aside(engine: Engine, path: Path, digest: str, error: DumpError, now: datetime) -> DumpReport:
    with writing(engine) as connection:
        dumps.quarantine(connection, str(path.absolute()), digest, str(error), now)
    return DumpReport(str(path), DumpStatus.QUARANTINED, reason=str(error))


def _ingest_file(
    engine: Engine, file: DumpFile, day: date | None, now: datetime, settings: IngestSettings
) -> DumpReport:
    known = DumpReport(str(file.path), DumpStatus.KNOWN)
    with reading(engine) as connection:
        if is_known(connection, file.sha256):
            return known
    dump = sources.parse_dump(file.content, settings.limits)
    listed_on, listed_on_from = decide_listing_day(day, file.path.name, dump, now)
    listings = prepare(dump, listed_on, file.sha256, day_is_given=listed_on_from is ListedOnFrom.OPTION)
    if settings.catalogue is not None and len(listings) >= AT_ONCE:
        listings = _with_tags(engine, listings, settings.catalogue)
    arrival = NewDump(file.sha256, file.path.name, dump.format, listed_on, listed_on_from, now)
    with writing(engine) as connection:
        lock(connection)
        if is_known(connection, file.sha256):
            return known
        placed = add_dump(connection, arrival, listings, settings.announcing, dump.deleted)
        dumps.release(connection, str(file.path.absolute()))
    return DumpReport(
        path=str(file.path),
        status=DumpStatus.INGESTED,
        format=dump.format,
        listed_on=listed_on,
        listed_on_from=listed_on_from,
        records=len(listings) + len(dump.skipped),
        papers=placed.papers,
        new=placed.new,
        merged=placed.merged,
        listings=len(listings),
        skipped=dump.skipped,
    )


def _with_tags(engine: Engine, listings: list[PreparedListing], catalogue: Catalogue) -> list[PreparedListing]:
    with reading(engine) as connection:
        known = known_keys(connection, {each.key for each in listings})
    return with_tags(listings, known, catalogue)


def ingest_folder(
    engine: Engine, folder: DumpsFolder, paths: Iterable[Path], now: datetime, settings: IngestSettings = AS_SHIPPED
) -> list[DumpReport]:
    """Ingest the folder's files, one by one; a file that another process has put away meanwhile is left to it."""
    reports = []
    for path in paths:
        with suppress(DumpGoneError):
            report = ingest(engine, path, None, now, settings)
            folder.put_away(path, report.reason)
            reports.append(report)
    return reports
