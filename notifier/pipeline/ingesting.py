"""Run step 1, ingesting: turn each new dump into papers and listings, in one transaction.

A dump is read, parsed and prepared before its transaction begins.
"""

from __future__ import annotations

import gc
import stat
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine

from notifier.config import DEFAULT_LIMITS, Config, Limits
from notifier.errors import DumpError, DumpGoneError, DumpUnfinishedError, FetchError, FileError
from notifier.files import DumpFile, path_text, read_dump, recorded_path
from notifier.garbage import collecting_new_objects
from notifier.models import DumpStatus, ListedOnFrom, ParsedDump, Skipped
from notifier.papers.identity import PreparedListing, prepare
from notifier.parsing import parse
from notifier.pipeline.tagging import LARGE_DUMP, with_tags
from notifier.sources import decide_listing_day
from notifier.store import dumps, reading, retried, writing
from notifier.store.ingest import ANNOUNCED, AnnouncePolicy, IngestCounts, NewDump, add_dump, is_known, known_keys, lock
from notifier.store.topics import catalogue_in_use
from notifier.text.counting import counted
from notifier.topics import Catalogue

SHOWN_SKIPS = 3  # the most reasons shown for skipped records, and for cut fields


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """The settings for ingesting dumps.

    `limits` bound the size of what is read. `announcing` says how the papers are announced. With a `catalogue`, the
    papers of large dumps are tagged at once; without one, all papers are tagged later. A dump that is cut off is not
    ingested if its file was modified less than `wait_seconds` seconds ago, because the rest may still come. `owners` is
    the folder with the lock files of running processes, by which `ingest_folder` recognises attempts that were
    interrupted. `in_child` asks that even a small dump be parsed in a process of its own. `read` reads the file of a
    dump; its second argument is the largest size in bytes.
    """

    limits: Limits = DEFAULT_LIMITS
    announcing: AnnouncePolicy = ANNOUNCED
    catalogue: Catalogue | None = None
    wait_seconds: float = 0
    owners: Path | None = None
    in_child: bool = False
    read: Callable[[Path, int], DumpFile] = read_dump


DEFAULT_SETTINGS = IngestSettings()


def settings_for(engine: Engine, config: Config, *, archive: bool = False) -> IngestSettings:
    """Return the settings that the config asks for.

    With `archive`, the papers are stored as announced already. Raises ConfigError if a topic of the config is wrong.
    """
    catalogue = catalogue_in_use(engine, config)
    announcing = AnnouncePolicy(catalogue.upvotes_named, archive)
    return IngestSettings(config.limits, announcing, catalogue, owners=config.owners_folder)


@dataclass(frozen=True, slots=True)
class DumpReport:
    """The outcome of ingesting one dump.

    `records` counts everything in the dump that looks like a listing. Each record made a new paper (`new`), was merged
    into the paper of another record or of an earlier dump (`merged`), or was `skipped`. `papers` counts the distinct
    papers of the dump. `cut` says which fields were too long and were cut. `chrome_lines` counts the lines of a copied
    page that are no records, such as buttons. `reason` says why a dump was quarantined, waits or failed. `unmoved` says
    why its file could not be moved out of the dumps folder.
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
    chrome_lines: int = 0
    reason: str | None = None
    unmoved: str | None = None


def describe_skips(report: DumpReport) -> str | None:
    """Return how many records of a dump were skipped, with the first few reasons; None if none were skipped."""
    return f"{len(report.skipped)} skipped ({_first(report.skipped)})" if report.skipped else None


def describe_cuts(report: DumpReport) -> str | None:
    """Return how many fields of a dump were cut, with the first few; None if none was."""
    return f"{counted(len(report.cut), 'field')} cut ({_first(report.cut)})" if report.cut else None


def _first(reasons: Sequence[Skipped]) -> str:
    shown = "; ".join(f"{each.where}: {each.reason}" for each in reasons[:SHOWN_SKIPS])
    return f"{shown}; ..." if len(reasons) > SHOWN_SKIPS else shown


def ingest(
    engine: Engine, path: Path, day: date | None, now: datetime, settings: IngestSettings = DEFAULT_SETTINGS
) -> DumpReport:
    """Ingest the dump at `path`.

    `day` is the listing day, if the operator has given it. A file that cannot be read as a dump is quarantined with the
    reason, which the report gives; a pipe or a device cannot be quarantined, so its status is FAILED. Raises
    DumpGoneError if there is no such file, FileError if it cannot be read just now, and DumpUnfinishedError if the rest
    of it may still come.
    """
    try:
        file = settings.read(path, settings.limits.max_file_bytes)
    except DumpGoneError:
        raise
    except DumpError as error:
        return quarantine(engine, path, "", str(error), now)
    try:
        return ingest_file(engine, file, day, now, settings)
    except DumpError as error:
        if not stat.S_ISREG(file.mode):  # the content of a pipe cannot be read again
            return DumpReport(path_text(file.path), DumpStatus.FAILED, reason=str(error))
        return quarantine(engine, path, file.sha256, str(error), now)


def ingest_file(
    engine: Engine, file: DumpFile, day: date | None, now: datetime, settings: IngestSettings = DEFAULT_SETTINGS
) -> DumpReport:
    """Ingest a dump whose file has been read.

    Raises DumpError if it cannot be parsed, and DumpUnfinishedError if the rest of it may still come.
    """
    with collecting_new_objects():
        try:
            return _ingest_file(engine, file, day, now, settings)
        finally:
            gc.collect()  # else the garbage that the dump leaves would count as old and never be collected


def ingest_given(
    engine: Engine, path: Path, day: date | None, now: datetime, settings: IngestSettings = DEFAULT_SETTINGS
) -> DumpReport:
    """Ingest the dump at a path that the operator has given; see `ingest`.

    The file stays where it is. A dump that cannot be read is reported as FAILED, so that it does not stop the others.
    """
    try:
        return ingest(engine, path, day, now, settings)
    except (FileError, DumpGoneError, FetchError) as error:
        return DumpReport(path_text(path), DumpStatus.FAILED, reason=str(error))


@retried
def quarantine(engine: Engine, path: Path, sha256: str, reason: str, now: datetime) -> DumpReport:
    """Record that the file at `path` is quarantined for this reason, and return the report."""
    with writing(engine) as connection:
        dumps.quarantine(connection, recorded_path(path), sha256, reason, now)
    return DumpReport(path_text(path), DumpStatus.QUARANTINED, reason=reason)


def _parse(file: DumpFile, settings: IngestSettings) -> ParsedDump:
    """Parse a dump. Raises DumpError if it is refused, and DumpUnfinishedError if the rest of it may still come."""
    parsed = parse(file.content, settings.limits, in_child=settings.in_child)
    rest_may_come = abs(time.time() - file.modified) < settings.wait_seconds
    if parsed.is_cut_off and rest_may_come:
        raise DumpUnfinishedError(file.modified + settings.wait_seconds)
    if parsed.dump is None:
        raise DumpError(parsed.refusal)
    return parsed.dump


def _ingest_file(
    engine: Engine, file: DumpFile, day: date | None, now: datetime, settings: IngestSettings
) -> DumpReport:
    path = path_text(file.path)
    known = DumpReport(path, DumpStatus.KNOWN)
    with reading(engine) as connection:
        if is_known(connection, file.sha256):
            return known
    dump = _parse(file, settings)
    listed_on, listed_on_from = decide_listing_day(day, file.path.name, dump, now)
    listings = prepare(dump, listed_on, file.sha256, day_is_given=listed_on_from is ListedOnFrom.OPTION)
    if settings.catalogue is not None and len(listings) >= LARGE_DUMP:
        listings = _with_tags(engine, listings, settings.catalogue)
    new_dump = NewDump(file.sha256, Path(path).name, dump.format, listed_on, listed_on_from, now)
    add = partial(add_dump, new_dump=new_dump, listings=listings, announcing=settings.announcing, deleted=dump.deleted)
    counts = _store(engine, file.path, add, file.sha256)
    if counts is None:
        return known
    return DumpReport(
        path=path,
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
        chrome_lines=len(dump.chrome),
    )


@retried
def _store(engine: Engine, path: Path, add: Callable[[Connection], IngestCounts], sha256: str) -> IngestCounts | None:
    """Store a dump by calling `add` in a transaction; return None if another process has ingested the same bytes."""
    with writing(engine) as connection:
        lock(connection)
        if is_known(connection, sha256):
            return None
        counts = add(connection)
        dumps.delete_quarantined(connection, recorded_path(path))
        return counts


def _with_tags(engine: Engine, listings: list[PreparedListing], catalogue: Catalogue) -> list[PreparedListing]:
    with reading(engine) as connection:
        known = known_keys(connection, {listing.key for listing in listings})
    return with_tags(listings, known, catalogue)
