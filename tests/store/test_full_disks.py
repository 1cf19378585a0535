"""A full disk is reported as such, with its cure, whichever way the database notices it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from support.disks import mounted, small_tablespace

from notifier.errors import DiskFullError, StoreError
from notifier.store import open_store, reading, writing


@pytest.mark.slow
def test_a_full_disk_of_postgresql_is_reported_in_words(postgres_store: Engine) -> None:
    with small_tablespace(postgres_store, "2m") as (tablespace, _):
        with writing(postgres_store) as connection:
            connection.execute(text(f"CREATE TABLE filling (content text) TABLESPACE {tablespace}"))
        with pytest.raises(DiskFullError) as full, writing(postgres_store) as connection:
            connection.execute(text("INSERT INTO filling SELECT repeat('x', 1000) FROM generate_series(1, 10000)"))
        with writing(postgres_store) as connection:
            connection.execute(text("DROP TABLE filling"))
    message = str(full.value)
    assert "the disk of the database server is full; make room there and try again" in message
    assert "HINT" not in message
    assert "\n" not in message


def test_a_limit_of_postgresql_is_reported_with_another_cure(postgres_store: Engine) -> None:
    sorting = text("SELECT n FROM generate_series(1, 1000000) AS n ORDER BY -n LIMIT 1 OFFSET 999999")
    with (
        pytest.raises(StoreError, match="raise the limit that the message names") as failure,
        reading(postgres_store) as connection,
    ):
        connection.execute(text("SET LOCAL temp_file_limit = '1kB'"))
        connection.execute(sorting)
    assert not isinstance(failure.value, DiskFullError)


def use_all_inodes(disk: Path) -> None:
    number = 0
    with pytest.raises(OSError, match="No space left"):
        while True:
            (disk / f"file{number}").touch()
            number += 1


def test_a_disk_without_inodes_is_full(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "nr_inodes=30") as disk:
        open_store(f"sqlite:///{disk}/notifier.db").dispose()
        use_all_inodes(disk)
        with pytest.raises(DiskFullError, match="make room"):
            open_store(f"sqlite:///{disk}/notifier.db")
        with pytest.raises(DiskFullError, match="make room"):
            open_store(f"sqlite:///{disk}/folder/notifier.db")


def test_a_folder_in_place_of_the_database_is_not_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "notifier.db").mkdir()
    with pytest.raises(StoreError, match="check that its folder exists and that you may write to it") as failure:
        open_store(f"sqlite:///{tmp_path}/notifier.db")
    assert not isinstance(failure.value, DiskFullError)
