"""Ids and other whole numbers beyond 32 bits: every table stores them, and digests are planned and sent with them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    Engine,
    Float,
    Integer,
    LargeBinary,
    func,
    insert,
    inspect,
    select,
    text,
)
from support.service import MONDAY, add_subscriber, ingest_page
from support.web_site import AT_EIGHT, deliver_and_read_mails, write_config

from notifier.models import Cadence
from notifier.pipeline.planning import plan
from notifier.store import reading, subscribers, writing
from notifier.store.tables import Instant, JsonStrings, Table, delivery, paper, subscriber
from notifier.subscribers.subscribing import SignUp

LARGE = (1 << 40) + 7


def value_for(column: Column[Any]) -> Any:
    """Return a value that the column takes; the same for a foreign key and for the column that it refers to."""
    kinds = {Boolean: True, Instant: MONDAY, JsonStrings: ("x",), Integer: LARGE, Date: date(2026, 7, 6), Float: 0.5}
    kinds[LargeBinary] = b"x"
    return next((value for kind, value in kinds.items() if isinstance(column.type, kind)), "x")


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_whole_number_of_every_table_may_be_larger_than_32_bits(
    database: str, request: pytest.FixtureRequest
) -> None:
    engine: Engine = request.getfixturevalue("engine" if database == "sqlite" else "postgres_store")
    with writing(engine) as connection:
        for table in Table.metadata.sorted_tables:
            values = {key: value_for(column) for key, column in table.columns.items()}
            connection.execute(insert(table).values(values))
            assert list(connection.execute(select(table)).one()) == list(values.values())


def test_no_table_and_no_sequence_of_postgresql_has_numbers_of_32_bits(postgres_store: Engine) -> None:
    with reading(postgres_store) as connection:
        small = text(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND data_type = 'integer' "
            "UNION SELECT sequence_name, '' FROM information_schema.sequences WHERE data_type = 'integer'"
        )
        assert connection.execute(small).all() == []


def begin_beyond_32_bits(connection: Connection) -> None:
    """Let the ids of all tables go on beyond 32 bits."""
    for name in inspect(connection).get_sequence_names():
        connection.execute(select(func.setval(name, LARGE)))


def test_digests_are_planned_and_sent_with_large_ids_and_sequence_numbers(
    postgres_store: Engine, tmp_path: Path
) -> None:
    config = write_config(tmp_path)
    with writing(postgres_store) as connection:
        begin_beyond_32_bits(connection)
    ingest_page(postgres_store, tmp_path, ["How Ants Walk at Night"])
    with writing(postgres_store) as connection:
        connection.execute(paper.update().values(sequence=LARGE))
    for name, cadence in (("ann", Cadence.DAILY), ("bob", Cadence.INSTANT)):
        asked = SignUp(f"{name}@example.org", ("ants", "bees"), cadence=cadence, confirmed=True)
        add_subscriber(postgres_store, asked, settings=config)
    ingest_page(postgres_store, tmp_path, ["How Bees Fly at Night", "How Ants Talk"])
    assert plan(postgres_store, config, AT_EIGHT).digests == 2
    mails = deliver_and_read_mails(postgres_store, config)
    assert len(mails) == 2
    with reading(postgres_store) as connection:
        ids = [*connection.scalars(select(delivery.c.id)), *connection.scalars(select(subscriber.c.cursor))]
        assert all(number > LARGE for number in ids), ids
        assert len(subscribers.everyone(connection)) == 2
    assert plan(postgres_store, config, AT_EIGHT).digests == 0
