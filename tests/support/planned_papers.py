"""Helpers for tests of the whole service: plan digests, and read from the outbox what subscribers got."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, select
from support.service import ingest_page

from notifier.config import Config
from notifier.digests import items
from notifier.models import DeliveryState, Subscriber
from notifier.pipeline import planning
from notifier.pipeline.planning import PlanReport
from notifier.store import papers, subscribers
from notifier.store.engine import reading, writing
from notifier.store.tables import delivery

TitlesByPeriod = list[tuple[str, list[str]]]


def plan_and_accept(engine: Engine, config: Config, now: datetime) -> PlanReport:
    """Plan, and mark the planned digests as accepted, so that their papers do not move to the next digests."""
    planned = planning.plan(engine, config, now)
    accept_waiting(engine)
    return planned


def accept_waiting(engine: Engine) -> None:
    """Mark all messages that wait in the outbox as accepted by the relay."""
    with writing(engine) as connection:
        waiting = delivery.c.state == DeliveryState.PENDING
        connection.execute(delivery.update().where(waiting).values(state=DeliveryState.ACCEPTED, next_try=None))


def digests_of(engine: Engine, email: str) -> TitlesByPeriod:
    """Return the period and titles of each digest of a subscriber, oldest first, without skipped and expired ones."""
    row = delivery.c
    left_out = (DeliveryState.SKIPPED, DeliveryState.EXPIRED)
    digests = select(row.period, row["items"]).where(row.recipient == email, row.state.not_in(left_out))
    with reading(engine) as connection:
        return [(period, _titles(engine, text)) for period, text in connection.execute(digests.order_by(row.id))]


def used_periods(engine: Engine, email: str) -> list[str]:
    """Return the periods that a subscriber's digests have used, oldest first, skipped ones included."""
    with reading(engine) as connection:
        used = select(delivery.c.period).where(delivery.c.recipient == email).order_by(delivery.c.id)
        return list(connection.scalars(used))


def stored_subscriber(engine: Engine, email: str) -> Subscriber:
    """Return the stored subscriber with this address, who must exist."""
    with reading(engine) as connection:
        found = subscribers.find(connection, email)
    assert found is not None
    return found


def add_paper(engine: Engine, folder: Path, title: str, now: datetime) -> None:
    """Ingest a dump with this one paper at `now`."""
    ingest_page(engine, folder, [title], now=now)


def _titles(engine: Engine, text: str) -> list[str]:
    with reading(engine) as connection:
        found = papers.papers_by_id(connection, items.paper_ids(text))
    return sorted(paper.title for paper in found.values())
