"""Only one process at a time ingests a dump, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Engine

from notifier.files import owner_lock
from notifier.pipeline import attempts
from notifier.pipeline.attempts import Decision
from notifier.store import dumps, reading

PROCESSES = 3


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Yield a store on SQLite and on PostgreSQL."""
    yield request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")


def recorded_owner(engine: Engine, path: str) -> str | None:
    with reading(engine) as connection:
        attempt = dumps.last_attempt(connection, path)
    return attempt.owner if attempt else None


@pytest.mark.parametrize("interrupted", [False, True], ids=["new dump", "interrupted before"])
def test_one_of_the_processes_that_begin_a_dump_at_once_ingests_it(
    store: Engine, tmp_path: Path, *, interrupted: bool
) -> None:
    barrier = Barrier(PROCESSES)

    def begin(path: str) -> Decision:
        with owner_lock(tmp_path) as owner:
            barrier.wait()
            beginning, _ = attempts.begin(store, path, "fingerprint", owner, tmp_path)
            barrier.wait()
            return beginning

    with ThreadPoolExecutor(PROCESSES) as pool:
        for number in range(10):
            path = f"/dumps/{number}"
            if interrupted:
                with pytest.raises(KeyboardInterrupt), owner_lock(tmp_path) as owner:
                    attempts.begin(store, path, "fingerprint", owner, tmp_path)
                    raise KeyboardInterrupt
            begun = list(pool.map(begin, [path] * PROCESSES))
            expected = Decision.INGEST_IN_CHILD if interrupted else Decision.INGEST
            assert (begun.count(Decision.BUSY), begun.count(expected)) == (2, 1)


def test_the_end_of_an_attempt_keeps_the_record_of_another_owner(store: Engine, tmp_path: Path) -> None:
    with owner_lock(tmp_path) as first, owner_lock(tmp_path) as second:
        attempts.begin(store, "/dumps/a", "fingerprint", first, tmp_path)
        attempts.begin(store, "/dumps/a", "changed since", second, tmp_path)
        attempts.end(store, "/dumps/a", first)
        assert recorded_owner(store, "/dumps/a") == second
        attempts.end(store, "/dumps/a", second)
        assert recorded_owner(store, "/dumps/a") is None
