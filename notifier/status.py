"""How the service stands: what is stored, who is subscribed, what waits, and what was set aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine

from notifier.config import Config
from notifier.store import dumps, outbox, subscribers
from notifier.store.engine import reading

TROUBLES = 5  # shown, the most frequent first


@dataclass(frozen=True, slots=True)
class SetAside:
    """A file that is no dump, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why messages were not accepted: the state that they are in, what was said, and how many they are."""

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
class Status:
    """One look at the store. `next_run` is when the next digest is due, `relay` where mail goes, and `news` tells a day
    without papers from a day without dumps."""

    papers: int
    subscribers: dict[str, int]
    deliveries: dict[str, int]
    troubles: list[Trouble]
    quarantine: list[SetAside]
    sources: list[str]
    last_dump: LastDump | None
    news: str
    next_run: datetime | None
    relay: str


def status(engine: Engine, config: Config, now: datetime) -> Status:
    """The service as it stands."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    with reading(engine) as connection:
        row = dumps.last_dump(connection)
        last = LastDump(row.name, row.listed_on, row.ingested_at) if row else None
        return Status(
            papers=dumps.count_papers(connection),
            subscribers=subscribers.count_by_state(connection),
            deliveries=outbox.count_by_state(connection),
            troubles=[Trouble(*row) for row in outbox.troubles(connection, TROUBLES)],
            quarantine=[SetAside(row.path, row.reason) for row in dumps.quarantined(connection)],
            sources=[],
            last_dump=last,
            news=_news(last, dumps.count_papers(connection, since=midnight), midnight),
            next_run=subscribers.next_due(connection),
            relay=_relay(config),
        )


def _news(last: LastDump | None, new_today: int, midnight: datetime) -> str:
    if last is None:
        return "no dump yet"
    if last.ingested_at < midnight:
        return f"no dump since {last.ingested_at:%A, %Y-%m-%d}"
    return f"{new_today} new papers today" if new_today else "dumps came today, but no new papers"


def _relay(config: Config) -> str:
    if config.mail.transport == "maildir":
        return f"maildir {config.path(config.maildir.folder)}"
    return f"smtp {config.smtp.host}:{config.smtp.port} ({config.smtp.tls})"
