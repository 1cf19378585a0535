"""Import subscribers from a CSV file, a few hundred rows in each transaction.

New subscribers get the state that the file gives; ACTIVE or PAUSED means that they have agreed to get mail, and no
state means PENDING. Subscribers who are known already get the subscriptions that they lack. They keep their state, with
two exceptions: the file can confirm pending subscribers, and it can unsubscribe or suppress everybody who has not left.
It cannot bring back subscribers who unsubscribed or were erased. It brings back suppressed subscribers only if the
operator asks for it, and pauses them if the file says PAUSED.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from notifier.config import Config, DigestConfig
from notifier.errors import UsageError
from notifier.models import Subscriber, SubscriberState
from notifier.store import erasing, reading, retried, subscribers, suppressions, writing
from notifier.store.advisory_locks import AdvisoryLock, wait_for
from notifier.store.topics import catalogue_in_use
from notifier.subscribers import pausing
from notifier.subscribers.csv_rows import COLUMNS, DEPENDENT_COLUMNS, ImportEntry, entry_of
from notifier.subscribers.leaving import deactivate
from notifier.subscribers.reinstating import reinstate_all
from notifier.subscribers.spreadsheet import CsvRow, RefusedRow, read_rows
from notifier.subscribers.stored_queries import update_stored_queries
from notifier.subscribers.subscribing import check_papers, require_channel, sign_up_all
from notifier.topics import Catalogue

BATCH = 500  # rows in one transaction
LARGEST_FILE = 64 << 20  # bytes; it is read as a whole, and a pipe or a device may never end

AGREED = (SubscriberState.ACTIVE, SubscriberState.PAUSED)
LEFT = (SubscriberState.UNSUBSCRIBED, SubscriberState.SUPPRESSED)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of an import: the number of imported rows, what they changed, and the rows that were refused.

    `notes` say what was left out or guessed.
    """

    rows: int = 0
    new_subscribers: int = 0
    new_subscriptions: int = 0
    reinstated: int = 0
    refused: tuple[RefusedRow, ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: ImportReport) -> ImportReport:
        return ImportReport(
            self.rows + other.rows,
            self.new_subscribers + other.new_subscribers,
            self.new_subscriptions + other.new_subscriptions,
            self.reinstated + other.reinstated,
            self.refused + other.refused,
            self.notes + other.notes,
        )


def import_subscribers(  # noqa: PLR0913
    engine: Engine,
    config: Config,
    path: Path,
    now: datetime,
    with_progress: Callable[[Sequence[list[CsvRow]]], Iterable[list[CsvRow]]] = iter,
    *,
    reinstate: bool = False,
) -> ImportReport:
    """Import the subscribers in a CSV file; rows that are wrong are refused, and the others imported.

    The path `-` means stdin. Raises UsageError if the file cannot be read. For the rest, see `import_content`.
    """
    return import_content(engine, config, _content(path), now, with_progress, reinstate=reinstate)


def import_content(  # noqa: PLR0913
    engine: Engine,
    config: Config,
    content: bytes,
    now: datetime,
    with_progress: Callable[[Sequence[list[CsvRow]]], Iterable[list[CsvRow]]] = iter,
    *,
    reinstate: bool = False,
) -> ImportReport:
    """Import the subscribers in the content of a CSV file.

    With `reinstate`, subscribers who are suppressed here get mail again if the file does not say that they left.
    `with_progress` gets the batches of rows and must yield each of them, so that it can show how many are done. Raises
    UsageError if the content is not a list of subscribers.
    """
    table = read_rows(content, COLUMNS, required="email", dependent=DEPENDENT_COLUMNS)
    rows, catalogue = table.rows, catalogue_in_use(engine, config)
    update_stored_queries(engine)
    imported = ImportReport(refused=tuple(table.refused), notes=tuple(table.notes))
    for batch in with_progress([rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]):
        entries, wrong = _checked(engine, batch, catalogue)
        done = _import_batch(engine, entries, config.digest, now, reinstate=reinstate)
        imported += done + ImportReport(refused=wrong)
    return replace(imported, refused=tuple(sorted(imported.refused, key=lambda refused: refused.line)))


def _content(path: Path) -> bytes:
    try:
        with nullcontext(sys.stdin.buffer) if str(path) == "-" else path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}; give the path of a CSV file") from None
    if len(content) > LARGEST_FILE:
        name = "stdin" if str(path) == "-" else path
        raise UsageError(f"{name} is larger than {LARGEST_FILE >> 20} MB; split it, with the header in each part")
    return content


def _checked(
    engine: Engine, rows: Iterable[CsvRow], catalogue: Catalogue
) -> tuple[list[ImportEntry], tuple[RefusedRow, ...]]:
    """Return one entry for each subscriber in these rows, and the rows that are wrong."""
    entries: dict[str, ImportEntry] = {}
    refused = []
    for row in rows:
        try:
            entry = entry_of(row, catalogue)
            _check_papers(engine, entry)
            _check_channel(engine, entry)
        except UsageError as error:
            refused.append(RefusedRow(row.line, str(error)))
        else:
            key = entry.address_key
            entries[key] = entries[key] + entry if key in entries else entry
    return list(entries.values()), tuple(refused)


def _check_papers(engine: Engine, entry: ImportEntry) -> None:
    """Raise UsageError if the query of a row asks for papers like one that does not exist."""
    if any("like:" in (each.canonical or "") for each in entry.request.subscriptions):
        with reading(engine) as connection:
            check_papers(connection, entry.request.subscriptions)


def _check_channel(engine: Engine, entry: ImportEntry) -> None:
    """Raise UsageError if a row is for a channel that does not exist."""
    if entry.is_channel:
        with reading(engine) as connection:
            require_channel(connection, entry.request.email)


@retried
def _import_batch(
    engine: Engine, entries: Sequence[ImportEntry], defaults: DigestConfig, now: datetime, *, reinstate: bool
) -> ImportReport:
    with writing(engine) as connection:
        wait_for(connection, AdvisoryLock.IMPORT)
        return _import_entries(connection, entries, defaults, now, reinstate=reinstate)


def _import_entries(
    connection: Connection, entries: Sequence[ImportEntry], defaults: DigestConfig, now: datetime, *, reinstate: bool
) -> ImportReport:
    emails = [entry.request.email for entry in entries]
    known = subscribers.by_address(connection, emails, lock=True)
    erased = erasing.erased_among(connection, emails)
    reasons = {
        entry.address_key: _refusal(entry, known.get(entry.address_key), entry.address_key in erased, reinstate)
        for entry in entries
    }
    accepted = [entry for entry in entries if reasons[entry.address_key] is None]
    confirmed = {entry.address_key for entry in accepted if _confirms(entry, known.get(entry.address_key))}
    requests = [replace(entry.request, confirmed=entry.address_key in confirmed) for entry in accepted]
    returning = {entry.address_key for entry in accepted if _returns(entry, known.get(entry.address_key))}
    suppressed = suppressions.suppressed(connection, among=[known[key].id for key in returning])
    reinstated = reinstate_all(connection, suppressed, now)
    new_subscriptions = sign_up_all(connection, requests, defaults, now)
    changing = [entry for entry in accepted if entry.state in LEFT or entry.address_key in confirmed | returning]
    _pause_or_deactivate(connection, changing, now)
    return ImportReport(
        rows=sum(len(entry.lines) for entry in accepted),
        new_subscribers=sum(entry.address_key not in known for entry in accepted),
        new_subscriptions=new_subscriptions,
        reinstated=len(reinstated),
        refused=tuple(
            RefusedRow(line, reason)
            for entry in entries
            if (reason := reasons[entry.address_key])
            for line in entry.lines
        ),
    )


def _refusal(entry: ImportEntry, known: Subscriber | None, is_erased: bool, reinstate: bool) -> str | None:
    """Return why the entry must not be imported; None if it may be."""
    would_bring_back = known is not None and known.state in LEFT and entry.state not in LEFT
    may_return = reinstate and _returns(entry, known)
    if not is_erased and (may_return or not would_bring_back):
        return None
    here = "was erased" if known is None else f"is {known.state}"
    cure = "if they ask for mail again, use `notifier subscribe --confirmed`"
    if _returns(entry, known):
        cure = "if that was a mistake, import with --reinstate"
    return f"{entry.request.email} {here} here; {cure}"


def _returns(entry: ImportEntry, known: Subscriber | None) -> bool:
    """Return whether the entry would bring back a subscriber who is suppressed here."""
    return known is not None and known.state is SubscriberState.SUPPRESSED and entry.state not in LEFT


def _confirms(entry: ImportEntry, known: Subscriber | None) -> bool:
    if entry.is_channel:
        return entry.state not in LEFT and (known is None or known.state is SubscriberState.PENDING)
    if entry.state not in AGREED or known is None:
        return entry.state in AGREED
    return known.state is SubscriberState.PENDING or (_returns(entry, known) and known.confirmed_at is None)


def _pause_or_deactivate(connection: Connection, entries: Sequence[ImportEntry], now: datetime) -> None:
    """Give these subscribers the state PAUSED, UNSUBSCRIBED or SUPPRESSED if their entries say so."""
    found = subscribers.by_address(connection, [entry.request.email for entry in entries])
    for entry in entries:
        subscriber = found[entry.address_key]
        if entry.state is SubscriberState.PAUSED:
            pausing.set_paused(connection, subscriber, entry.until)
        elif entry.state in LEFT and subscriber.state not in LEFT:
            deactivate(connection, subscriber, entry.state, now)
