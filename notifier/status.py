"""How the service stands: what is stored, who is subscribed, what waits, and what was set aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine

from notifier.config import Config
from notifier.store import dumps, outbox, subscribers
from notifier.store.engine import reading


@dataclass(frozen=True, slots=True)
class SetAside:
    """A file that is no dump, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class LastDump:
    """The dump that was ingested last."""

    name: str
    listed_on: date
    ingested_at: datetime


@dataclass(frozen=True, slots=True)
class Status:
    """One look at the store. `next_run` is when the next digest is due, `relay` where mail goes."""

    papers: int
    subscribers: dict[str, int]
    deliveries: dict[str, int]
    quarantine: list[SetAside]
    sources: list[str]
    last_dump: LastDump | None
    next_run: datetime | None
    relay: str


def status(engine: Engine, config: Config) -> Status:
    """The service as it stands."""
    with reading(engine) as connection:
        last = dumps.last_dump(connection)
        return Status(
            papers=dumps.count_papers(connection),
            subscribers=subscribers.count_by_state(connection),
            deliveries=outbox.count_by_state(connection),
            quarantine=[SetAside(row.path, row.reason) for row in dumps.quarantined(connection)],
            sources=[],
            last_dump=LastDump(last.name, last.listed_on, last.ingested_at) if last else None,
            next_run=subscribers.next_due(connection),
            relay=_relay(config),
        )


def _relay(config: Config) -> str:
    if config.mail.transport == "maildir":
        return f"maildir {config.path(config.maildir.folder)}"
    return f"smtp {config.smtp.host}:{config.smtp.port} ({config.smtp.tls})"
