"""The status of the service: papers, subscribers, deliveries, quarantined files, and the state of the relay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine

from notifier.config import Config
from notifier.models import RelayState
from notifier.store import deliveries, dumps, reading, relays, subscribers

TROUBLES = 5  # the most frequent ones are shown


@dataclass(frozen=True, slots=True)
class QuarantinedFile:
    """A file that could not be read as a dump, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """A number of messages that were not accepted, with the state that they are in and the reply to them."""

    state: str
    reply: str
    messages: int


@dataclass(frozen=True, slots=True)
class LastDump:
    """The dump that was ingested last."""

    name: str
    listed_on: date
    ingested_at: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """Why no mail is sent to the relay, and until when; after that, one mail is tried."""

    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Status:
    """The status of the service at one moment.

    `oldest` is the age in seconds of the oldest delivery in each state that waits for a sender or for the operator.
    `next_run` is when the next digest is due. `relay` is the name of the relay that mail is sent to. `news` says how
    many papers are new today, or that no dump has come.
    """

    papers: int
    subscribers: dict[str, int]
    deliveries: dict[str, int]
    oldest: dict[str, int]
    troubles: list[Trouble]
    quarantine: list[QuarantinedFile]
    sources: list[str]
    last_dump: LastDump | None
    news: str
    next_run: datetime | None
    relay: str
    pause: Pause | None


def service_status(engine: Engine, config: Config, now: datetime) -> Status:
    """Return the status of the service at `now`."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    with reading(engine) as connection:
        row = dumps.last_dump(connection)
        last = LastDump(row.name, row.listed_on, row.ingested_at) if row else None
        return Status(
            papers=dumps.count_papers(connection),
            subscribers=subscribers.count_by_state(connection),
            deliveries=deliveries.count_by_state(connection),
            oldest={state: _age(at, now) for state, at in deliveries.oldest_by_state(connection).items()},
            troubles=[Trouble(*row) for row in deliveries.troubles(connection, TROUBLES)],
            quarantine=[QuarantinedFile(row.path, row.reason) for row in dumps.quarantined(connection)],
            sources=[],
            last_dump=last,
            news=_news(last, dumps.count_papers(connection, since=midnight), midnight),
            next_run=subscribers.next_due(connection),
            relay=config.relay_name,
            pause=_pause(relays.read(connection, config.relay_name)),
        )


def count_due_deliveries(engine: Engine, now: datetime) -> int:
    """Return how many deliveries are due at `now`."""
    with reading(engine) as connection:
        return deliveries.count_due(connection, now)


def _news(last: LastDump | None, new_today: int, midnight: datetime) -> str:
    if last is None:
        return "no dump yet"
    if last.ingested_at < midnight:
        return f"no dump since {last.ingested_at:%A, %Y-%m-%d}"
    return f"{new_today} new papers today" if new_today else "dumps came today, but no new papers"


def _age(planned_at: datetime, now: datetime) -> int:
    return max(0, int((now - planned_at).total_seconds()))


def _pause(relay: RelayState) -> Pause | None:
    return Pause(relay.reason, relay.paused_until) if relay.paused_until else None
