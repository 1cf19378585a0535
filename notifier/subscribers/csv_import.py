"""From a file to the store: checked first, then written a few hundred rows at a time.

State ACTIVE or PAUSED says of somebody new that they have agreed; without a state they are PENDING. Whoever is known is
added to, as by a sign-up, and keeps the state that they chose here: an import lets readers leave, but brings back
nobody who left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from notifier.config import Config, DigestConfig
from notifier.errors import UsageError
from notifier.models import Subscriber, SubscriberState
from notifier.store import erasing, subscribers, writing
from notifier.subscribers import pausing
from notifier.subscribers.csv_rows import COLUMNS, ImportEntry, entry_of
from notifier.subscribers.spreadsheet import CsvRow, RefusedRow, read_rows
from notifier.subscribers.subscribing import leave, sign_up_all
from notifier.topics import Catalogue, catalogue_of

BATCH = 500  # rows in one transaction

AGREED = (SubscriberState.ACTIVE, SubscriberState.PAUSED)
GONE = (SubscriberState.UNSUBSCRIBED, SubscriberState.SUPPRESSED)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file: the rows that were taken, what they brought, and the rows that were refused."""

    rows: int = 0
    new_subscribers: int = 0
    new_subscriptions: int = 0
    refused: tuple[RefusedRow, ...] = ()

    def __add__(self, other: ImportReport) -> ImportReport:
        return ImportReport(
            self.rows + other.rows,
            self.new_subscribers + other.new_subscribers,
            self.new_subscriptions + other.new_subscriptions,
            self.refused + other.refused,
        )


def import_subscribers(
    engine: Engine,
    config: Config,
    path: Path,
    now: datetime,
    watched: Callable[[Sequence[list[CsvRow]]], Iterable[list[CsvRow]]] = iter,
) -> ImportReport:
    """Sign up the readers of a file; rows that are wrong are refused, each with its reason, and the others taken.

    `watched` sees the batches of rows go by. Raises UsageError for what is no such file.
    """
    rows, unreadable = read_rows(_content(path), COLUMNS, needed="email")
    catalogue = catalogue_of(config)
    imported = ImportReport(refused=tuple(unreadable))
    for batch in watched([rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]):
        entries, wrong = _checked(batch, catalogue)
        with writing(engine) as connection:
            imported += _import_batch(connection, entries, config.digest, now) + ImportReport(refused=wrong)
    return replace(imported, refused=tuple(sorted(imported.refused, key=lambda refused: refused.line)))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}; give the path of a CSV file") from None


def _checked(rows: Iterable[CsvRow], catalogue: Catalogue) -> tuple[list[ImportEntry], tuple[RefusedRow, ...]]:
    """What these rows say, by reader, and the rows that are wrong."""
    entries: dict[str, ImportEntry] = {}
    refused = []
    for row in rows:
        try:
            entry = entry_of(row, catalogue)
        except UsageError as error:
            refused.append(RefusedRow(row.line, str(error)))
        else:
            entries[entry.address_key] = entries[entry.address_key] + entry if entry.address_key in entries else entry
    return list(entries.values()), tuple(refused)


def _import_batch(
    connection: Connection, entries: Sequence[ImportEntry], defaults: DigestConfig, now: datetime
) -> ImportReport:
    emails = [each.request.email for each in entries]
    known, erased = subscribers.by_address(connection, emails), erasing.erased_among(connection, emails)
    reasons = {
        each.address_key: _why_not(each, known.get(each.address_key), each.address_key in erased) for each in entries
    }
    welcome = [each for each in entries if reasons[each.address_key] is None]
    agreed = {each.address_key for each in welcome if _agrees(each, known.get(each.address_key))}
    requests = [replace(each.request, confirmed=each.address_key in agreed) for each in welcome]
    new_subscriptions = sign_up_all(connection, requests, defaults, now)
    _follow(connection, [each for each in welcome if each.state in GONE or each.address_key in agreed], now)
    return ImportReport(
        rows=sum(len(each.lines) for each in welcome),
        new_subscribers=sum(each.address_key not in known for each in welcome),
        new_subscriptions=new_subscriptions,
        refused=tuple(
            RefusedRow(line, reason) for each in entries if (reason := reasons[each.address_key]) for line in each.lines
        ),
    )


def _why_not(entry: ImportEntry, known: Subscriber | None, erased: bool) -> str | None:
    left = known is not None and known.state in GONE and entry.state not in GONE
    if not erased and not left:
        return None
    here = "was erased" if known is None else f"is {known.state}"
    return f"{entry.request.email} {here} here; `notifier subscribe --confirmed` brings them back, if they ask for it"


def _agrees(entry: ImportEntry, known: Subscriber | None) -> bool:
    return entry.state in AGREED and (known is None or known.state is SubscriberState.PENDING)


def _follow(connection: Connection, entries: Sequence[ImportEntry], now: datetime) -> None:
    """Let those leave or pause who are said to."""
    found = subscribers.by_address(connection, [each.request.email for each in entries])
    for each in entries:
        one = found[each.address_key]
        if each.state is SubscriberState.PAUSED:
            pausing.suspend(connection, one, each.until)
        elif each.state in GONE and one.state not in GONE:
            leave(connection, one, each.state, now)
