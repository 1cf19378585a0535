"""One row per subscription: how a reader is written, and what rows say about one.

A weekday other than Monday stands beside the cadence (`weekly fri`), and the day on which a pause ends beside the state
(`PAUSED until 2026-11-22`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from notifier.errors import UsageError
from notifier.models import Cadence, Subscriber, SubscriberState
from notifier.subscribers.calendars import WEEKDAYS
from notifier.subscribers.spreadsheet import CsvRow
from notifier.subscribers.subscribing import CheckedSignUp, SignUp, check
from notifier.text.addresses import address_key
from notifier.topics import Catalogue

COLUMNS = ("email", "state", "query", "topic", "cadence", "hour", "timezone")


@dataclass(frozen=True, slots=True)
class ImportEntry:
    """What the rows of these lines say about one reader; `until` is the day on which a pause ends."""

    lines: tuple[int, ...]
    request: CheckedSignUp
    state: SubscriberState | None = None
    until: date | None = None

    def __add__(self, other: ImportEntry) -> ImportEntry:
        """Both together; where they differ, the later counts."""
        settings = {**self.request.settings, **other.request.settings}
        request = replace(self.request, wishes=self.request.wishes + other.request.wishes, settings=settings)
        last = other if other.state else self
        return ImportEntry(self.lines + other.lines, request, last.state, last.until)

    @property
    def address_key(self) -> str:
        """The key of the subscriber's address; see addresses.address_key."""
        return address_key(self.request.email)


def entry_of(row: CsvRow, catalogue: Catalogue) -> ImportEntry:
    """What one row says. Raises UsageError or QueryError for a cell that is wrong."""
    cells = row.cells
    cadence, weekday = _cadence(cells.get("cadence", ""))
    sign_up = SignUp(
        email=cells.get("email", ""),
        queries=(cells["query"],) if "query" in cells else (),
        topics=(cells["topic"],) if "topic" in cells else (),
        cadence=cadence,
        hour=cells.get("hour"),
        timezone=cells.get("timezone"),
        weekday=weekday,
    )
    return ImportEntry((row.line,), check(sign_up, catalogue), *_state(cells.get("state", "")))


def rows_of(subscriber: Subscriber) -> Iterator[tuple[str, ...]]:
    """The rows from which an import makes the same subscriber, in the order of COLUMNS."""
    cadence, state = str(subscriber.cadence), str(subscriber.state)
    if subscriber.weekday:
        cadence = f"{cadence} {WEEKDAYS[subscriber.weekday][:3]}"
    if subscriber.state is SubscriberState.PAUSED and subscriber.paused_until:
        state = f"{state} until {subscriber.paused_until.astimezone(ZoneInfo(subscriber.timezone)).date()}"
    for each in subscriber.subscriptions:
        wish = ("", each.topic) if each.topic else (each.label, "")
        yield (subscriber.email, state, *wish, cadence, subscriber.hour, subscriber.timezone)


def _cadence(cell: str) -> tuple[Cadence | None, str | None]:
    """The cadence, and the weekday where one stands beside it."""
    word, _, weekday = cell.partition(" ")
    try:
        return (Cadence(word.casefold()) if word else None), weekday or None
    except ValueError:
        raise UsageError(f"the cadence {word!r} is unknown; give one of {', '.join(Cadence)}") from None


def _state(cell: str) -> tuple[SubscriberState | None, date | None]:
    """The state, and the day where a pause has an end."""
    word, _, day = cell.partition(" until ")
    try:
        return (SubscriberState(word.upper()) if word else None), (date.fromisoformat(day) if day else None)
    except ValueError:
        states = ", ".join(SubscriberState)
        raise UsageError(f"the state {cell!r} is unknown; give one of {states}, or PAUSED until 2026-11-22") from None
