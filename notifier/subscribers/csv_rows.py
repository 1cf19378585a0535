"""Convert subscribers to rows of a CSV file and back, with one row for each subscription.

A weekday other than Monday is written after the cadence (`weekly fri`). The day on which a pause ends is written after
the state (`PAUSED until 2026-11-22`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from notifier.errors import UsageError
from notifier.models import CHANNEL_PREFIX, Cadence, Subscriber, SubscriberState
from notifier.subscribers.calendars import WEEKDAYS
from notifier.subscribers.spreadsheet import CsvRow
from notifier.subscribers.subscribing import CheckedSignUp, SignUp, check_sign_up, has_default_only
from notifier.text.addresses import address_key
from notifier.topics import Catalogue

COLUMNS = ("email", "state", "query", "topic", "cadence", "hour", "timezone", "name")
# The column `name` is read only beside a column `query` or `topic`. It is the name of a subscription. In a list from
# another program, which has no subscriptions, it is the name of a person.
DEPENDENT_COLUMNS = {"name": ("query", "topic")}


@dataclass(frozen=True, slots=True)
class ImportEntry:
    """The values that a file gives for one subscriber.

    `lines` are the numbers of the lines in which the subscriber's rows begin. `until` is the day on which a pause ends.
    """

    lines: tuple[int, ...]
    request: CheckedSignUp
    state: SubscriberState | None = None
    until: date | None = None

    def __add__(self, other: ImportEntry) -> ImportEntry:
        """Combine two entries for one subscriber; if they differ, the values of the second one count."""
        settings = {**self.request.settings, **other.request.settings}
        subscriptions = self.request.subscriptions + other.request.subscriptions
        request = replace(self.request, subscriptions=subscriptions, settings=settings)
        last = other if other.state else self
        return ImportEntry(self.lines + other.lines, request, last.state, last.until)

    @property
    def address_key(self) -> str:
        """The key of the subscriber's address; see addresses.address_key."""
        return address_key(self.request.email)

    @property
    def is_channel(self) -> bool:
        """Whether the entry is for a channel, which has nothing to confirm."""
        return self.request.email.startswith(CHANNEL_PREFIX)


def entry_of(row: CsvRow, catalogue: Catalogue) -> ImportEntry:
    """Return the entry that one row makes. Raises UsageError or QueryError if a cell is wrong."""
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
        name=cells.get("name"),
    )
    return ImportEntry((row.line,), check_sign_up(sign_up, catalogue), *_state(cells.get("state", "")))


def rows_of(subscriber: Subscriber) -> Iterator[tuple[str, ...]]:
    """Yield a subscriber's rows, with cells in the order of COLUMNS. Importing them gives the same subscriber."""
    cadence, state = str(subscriber.cadence), str(subscriber.state)
    if subscriber.weekday:
        cadence = f"{cadence} {WEEKDAYS[subscriber.weekday][:3]}"
    if subscriber.state is SubscriberState.PAUSED and subscriber.paused_until:
        state = f"{state} until {subscriber.paused_until.astimezone(ZoneInfo(subscriber.timezone)).date()}"
    chose_nothing = has_default_only(subscriber)
    for subscription in subscriber.subscriptions:
        query_and_topic = (subscription.query or "", "" if chose_nothing else subscription.topic or "")
        settings = (cadence, subscriber.hour, subscriber.timezone)
        yield (subscriber.email, state, *query_and_topic, *settings, subscription.name or "")


def _cadence(cell: str) -> tuple[Cadence | None, str | None]:
    """Return the cadence in a cell, and the weekday after it; either is None if it is not there."""
    word, _, weekday = cell.partition(" ")
    try:
        return (Cadence(word.casefold()) if word else None), weekday or None
    except ValueError:
        raise UsageError(f"the cadence {word!r} is unknown; give one of {', '.join(Cadence)}") from None


def _state(cell: str) -> tuple[SubscriberState | None, date | None]:
    """Return the state in a cell, and the day after it on which a pause ends; either is None if it is not there."""
    word, _, day = cell.partition(" until ")
    try:
        return (SubscriberState(word.upper()) if word else None), (date.fromisoformat(day) if day else None)
    except ValueError:
        states = ", ".join(SubscriberState)
        raise UsageError(f"the state {cell!r} is unknown; give one of {states}, or PAUSED until 2026-11-22") from None
