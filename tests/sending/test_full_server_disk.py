"""A full disk of PostgreSQL's server ends the run with one error; mails on the wire may repeat, and none is lost."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from support.disks import fill, small_tablespace
from support.outbox import plan_many, run, states
from support.scripted_relay import ScriptedRelay

from notifier.errors import DiskFullError
from notifier.models import DeliveryState
from notifier.sending.settling import GROUP_SIZE
from notifier.store import writing

MAILS = 400
CONNECTIONS = 4  # the default of [smtp] lanes


def move_outbox(engine: Engine, tablespace: str) -> None:
    """Move the rows of the outbox and their indexes to a tablespace."""
    with writing(engine) as connection:
        indexes = connection.scalars(text("SELECT indexname FROM pg_indexes WHERE tablename = 'delivery'"))
        for statement in ("TABLE delivery", *(f"INDEX {index}" for index in indexes)):
            connection.execute(text(f"ALTER {statement} SET TABLESPACE {tablespace}"))


@pytest.mark.slow
def test_if_the_disk_of_postgresql_fills_during_sending_few_mails_repeat_and_none_is_lost(
    postgres_store: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plan_many(postgres_store, tmp_path, [f"subscriber{number}@example.org" for number in range(MAILS)])
    with small_tablespace(postgres_store, "8m") as (tablespace, disk):
        move_outbox(postgres_store, tablespace)
        fillers: list[Path] = []

        def fill_once(_line: str) -> None:
            if not fillers:
                fillers.append(fill(disk))

        with ScriptedRelay({"DATA": fill_once}) as relay:
            for _ in range(2):
                with caplog.at_level(logging.WARNING), pytest.raises(DiskFullError, match="make room there"):
                    run(postgres_store, tmp_path, relay)
            assert len(relay.kept) < MAILS, "the run ended early"
            fillers[0].unlink()
            run(postgres_store, tmp_path, relay)
            copies = Counter(kept.recipient for kept in relay.kept)
        move_outbox(postgres_store, "pg_default")
    assert set(states(postgres_store).values()) == {DeliveryState.ACCEPTED}
    assert len(copies) == MAILS
    assert copies.total() - MAILS <= CONNECTIONS + GROUP_SIZE
    assert not [record for record in caplog.records if record.name.startswith("psycopg")]
