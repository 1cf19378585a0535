"""Sources in a store, with the past that a test gives them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import Engine

from notifier.config import Config, SourceConfig
from notifier.models import DayCount, SourceHistory
from notifier.store import sources, writing
from notifier.store.sources import SourceState


def config_with(*names: str, alerts: tuple[str, ...] = (), base: Config | None = None) -> Config:
    """Return a config with sources of these names, and addresses for alerts."""
    base = base or Config()
    found = {name: SourceConfig(preset="arxiv", categories=("cs.LG",)) for name in names}
    return base.model_copy(update={"sources": found, "alerts": base.alerts.model_copy(update={"mail": alerts})})


def store_history(engine: Engine, history: SourceHistory) -> None:
    """Store the past of a source, in place of what was stored before."""
    state = SourceState(
        name=history.name,
        first_succeeded_at=history.first_succeeded_at,
        last_tried_at=history.last_tried_at,
        last_succeeded_at=history.last_succeeded_at,
        next_due=history.next_due,
        failures=history.failures,
        problem=history.problem,
        problem_since=history.problem_since,
    )
    with writing(engine) as connection:
        sources.lock_claim(connection, history.name)
        sources.write_state(connection, state)
    _store_days(engine, history.name, history.days, history)


def _store_days(engine: Engine, name: str, days: Mapping[date, DayCount], history: SourceHistory) -> None:
    assert history.last_tried_at is not None
    with writing(engine) as connection:
        for each, count in days.items():
            sources.write_day(connection, name, each, count, history.last_tried_at)
