"""What readers were told, as the outbox says, for tests of the whole service."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, select
from support.service import add_page

from notifier.config import Config
from notifier.digests import items
from notifier.models import DeliveryState, Subscriber
from notifier.pipeline import planning
from notifier.pipeline.planning import PlanReport
from notifier.store import papers, subscribers
from notifier.store.engine import reading, writing
from notifier.store.tables import delivery

Told = list[tuple[str, list[str]]]


def plan(engine: Engine, config: Config, now: datetime) -> PlanReport:
    """Plan, and let what was planned reach its readers at once: what does not, the next digest would take in."""
    planned = planning.plan(engine, config, now)
    arrive(engine)
    return planned


def arrive(engine: Engine) -> None:
    """What waits in the outbox reaches its readers."""
    with writing(engine) as connection:
        waiting = delivery.c.state == DeliveryState.PENDING
        connection.execute(delivery.update().where(waiting).values(state=DeliveryState.ACCEPTED, next_try=None))


def told(engine: Engine, email: str) -> Told:
    """The period and the titles of each digest of a reader, in order, without those that were empty or expired."""
    row = delivery.c
    untold = (DeliveryState.SKIPPED, DeliveryState.EXPIRED)
    digests = select(row.period, row["items"]).where(row.recipient == email, row.state.not_in(untold))
    with reading(engine) as connection:
        return [(period, _titles(engine, text)) for period, text in connection.execute(digests.order_by(row.id))]


def periods(engine: Engine, email: str) -> list[str]:
    """The periods that a reader's digests have used, in order, those with nothing new included."""
    with reading(engine) as connection:
        used = select(delivery.c.period).where(delivery.c.recipient == email).order_by(delivery.c.id)
        return list(connection.scalars(used))


def reader(engine: Engine, email: str) -> Subscriber:
    """A known subscriber as stored."""
    with reading(engine) as connection:
        found = subscribers.find(connection, email)
    assert found is not None
    return found


def add_paper(engine: Engine, folder: Path, title: str, now: datetime) -> None:
    """A dump with this paper comes in at `now`."""
    add_page(engine, folder, [title], now=now)


def _titles(engine: Engine, text: str) -> list[str]:
    with reading(engine) as connection:
        named = papers.papers_by_id(connection, items.paper_ids(text))
    return sorted(paper.title for paper in named.values())
