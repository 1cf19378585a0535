"""The hourly housekeeping of the service, and `once`, also renew the basis of the papers' vectors."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select, update
from support.service import MONDAY, add_listings, run_notifier
from support.subjects import TOPICS
from support.web_site import write_config

from notifier.config import Config
from notifier.models import Listing
from notifier.pipeline import tag
from notifier.service.jobs import Jobs
from notifier.service.removing import RemovalJob
from notifier.store import reading, simulated_clock, writing
from notifier.store.tables import similarity_basis

PAPERS = [Listing(position=1, title=f"Paper {number} about Bees", abstract="Of hives.") for number in range(3)]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return write_config(tmp_path)


def bases(engine: Engine) -> list[int]:
    with reading(engine) as connection:
        return list(connection.scalars(select(similarity_basis.c.id).order_by(similarity_basis.c.id)))


def test_the_housekeeping_of_the_service_makes_a_basis_that_is_due(
    engine: Engine, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    add_listings(engine, "bees", MONDAY.date(), *PAPERS)
    tag(engine, TOPICS)
    with writing(engine) as connection:
        connection.execute(update(similarity_basis).values(text_version=0))
    (outdated,) = bases(engine)
    with caplog.at_level(logging.INFO, "notifier"):
        RemovalJob(Jobs(engine, config, lambda: MONDAY, lambda _loop: None)).tick()
    assert "papers are compared by a new basis, made from 3 papers" in caplog.text
    (renewed,) = bases(engine)
    assert renewed > outdated


@pytest.mark.slow
def test_once_deletes_the_basis_that_a_killed_process_left_unfinished(engine: Engine, config: Config) -> None:
    with writing(engine) as connection:
        assert simulated_clock.mark_if_empty(connection, MONDAY)
    add_listings(engine, "bees", MONDAY.date(), *PAPERS)
    tag(engine, TOPICS)
    kept = [column for column in similarity_basis.c if column.name not in ("id", "is_ready")]
    with writing(engine) as connection:
        values = connection.execute(select(*kept)).mappings().one()
        connection.execute(insert(similarity_basis).values(**values, is_ready=False))
    assert len(bases(engine)) == 2
    done = run_notifier("once", "--now", MONDAY.isoformat(), cwd=config.base)
    assert done.returncode == 0, done.stderr
    assert len(bases(engine)) == 1
