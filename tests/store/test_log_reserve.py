"""The space that a sender reserves in SQLite's log lies behind the log's last frame, and harms nothing."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from support.disks import mounted

from notifier.errors import DiskFullError
from notifier.store import open_store, writing
from notifier.store.log_reserve import RESERVED_MB, RESERVED_PAGES, reserve_log

PAGE = 4096

pytestmark = pytest.mark.sqlite


def reserve(engine: Engine) -> None:
    with writing(engine) as connection:
        reserve_log(connection)


def fill_log(engine: Engine, pages: int) -> None:
    """Append at least this many frames to the log."""
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS filling (content BLOB)"))
        connection.execute(text("INSERT INTO filling VALUES (zeroblob(:size))"), {"size": pages * PAGE})


def allocated(file: Path) -> int:
    return file.stat().st_blocks * 512


@pytest.mark.parametrize("pages", [0, 10, 3000])
def test_the_reserved_space_lies_in_the_log_behind_its_last_frame(engine: Engine, pages: int) -> None:
    database = Path(str(engine.url.database))
    log = database.with_name(f"{database.name}-wal")
    fill_log(engine, pages)
    used = log.stat().st_size
    for _ in range(3):
        reserve(engine)
        assert log.stat().st_size == used + (RESERVED_MB << 20), "a second call reserves nothing more"
    assert allocated(log) >= RESERVED_MB << 20
    frames = log.stat().st_size // (PAGE + 24)
    index = database.with_name(f"{database.name}-shm")
    assert allocated(index) >= 32_768 * (1 + (frames - 4062 > 0))


def test_the_reserved_space_does_not_grow_when_sqlite_restarts_the_log(engine: Engine) -> None:
    log = Path(f"{engine.url.database}-wal")
    fill_log(engine, 500)
    reserve(engine)
    size = log.stat().st_size
    with engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(RESTART)"))
    fill_log(engine, 100)
    reserve(engine)
    assert log.stat().st_size == size


@pytest.mark.parametrize("pages", [0, 100])
def test_after_a_crash_sqlite_recovers_a_log_with_reserved_space(engine: Engine, tmp_path: Path, pages: int) -> None:
    fill_log(engine, pages)
    reserve(engine)
    fill_log(engine, 1)
    reserve(engine)
    for end in ("", "-wal"):
        shutil.copy(f"{engine.url.database}{end}", tmp_path / f"copy.db{end}")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert copy.execute("SELECT sum(length(content)) FROM filling").fetchone() == ((pages + 1) * PAGE,)


def test_a_disk_without_room_for_the_reserve_is_full(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=6m") as disk:
        engine = open_store(f"sqlite:///{disk}/notifier.db")
        with pytest.raises(DiskFullError, match="make room"):
            reserve(engine)
        fill_log(engine, 1)
        engine.dispose()


def test_no_mail_may_be_sent_if_sqlite_limits_the_pages_of_the_database(engine: Engine) -> None:
    with writing(engine) as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + RESERVED_PAGES - 1}")
        with pytest.raises(DiskFullError, match=r"the database or disk is full: .* no further mail was sent"):
            reserve_log(connection)
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + RESERVED_PAGES}")
        reserve_log(connection)
