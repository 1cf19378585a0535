"""Parts of the doctor: PostgreSQL, file systems, rights of other users, and checks that fail or do not end."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import Engine, text
from support.service import MONDAY

from notifier.config import Config, StoreConfig
from notifier.operations.doctor.database import check_database
from notifier.operations.doctor.disks import kind_of
from notifier.operations.doctor.findings import Area, CannotTellError, Finding, State, ok, split
from notifier.operations.doctor.modes import may
from notifier.operations.doctor.setup import Setup
from notifier.operations.doctor.side_by_side import Check, run_all
from notifier.store.engine import writing


def about_database(url: str) -> list[Finding]:
    setup = Setup(Config(store=StoreConfig(url=url)), None, MONDAY)
    found = list(check_database(setup))
    setup.close()
    return found


def test_postgresql_is_looked_at_and_not_upgraded(postgres_store: Engine) -> None:
    url = postgres_store.url.render_as_string(hide_password=False)
    found = about_database(url)
    assert [each.state for each in found] == [State.OK, State.OK]
    assert found[1].what.startswith("PostgreSQL ")
    with writing(postgres_store) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0020'"))
    first, *_ = about_database(url)
    assert (first.state, "schema 0020, which is older" in first.what) == (State.FAULT, True)
    with postgres_store.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "0020"


def test_a_server_that_is_away_is_a_fault_without_the_password() -> None:
    (found,) = about_database("postgresql+psycopg://ann:open-sesame@127.0.0.1:1/papers")
    assert (found.state, found.about) == (State.FAULT, "postgresql+psycopg://ann:***@127.0.0.1:1/papers")
    assert "sesame" not in str(found)
    assert found.cure == "check [store] url, and that the database runs"


@pytest.mark.slow
def test_a_server_that_hangs_is_a_fault_within_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        begun = time.monotonic()
        (found,) = about_database(f"postgresql+psycopg://ann@127.0.0.1:{listener.getsockname()[1]}/papers")
    assert found.state is State.FAULT
    assert time.monotonic() - begun < 10


def test_the_kind_of_a_file_system_is_that_of_the_nearest_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    lines = [
        "21 1 8:1 / / rw - ext4 /dev/sda1 rw",
        rf"22 21 0:5 / {tmp_path}/a\040b rw shared:1 - nfs4 server:/x rw",
        f"23 21 0:6 / {tmp_path}/ab rw - tmpfs tmpfs rw",
    ]
    mounts.write_text("\n".join(lines))
    folders = ("a b/c", "ab", "abc", "a b")
    assert [kind_of(tmp_path / folder, mounts) for folder in folders] == ["nfs4", "tmpfs", "ext4", "nfs4"]
    assert kind_of(tmp_path, tmp_path / "missing") == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_rights_of_another_user_are_told_from_owner_group_and_folders_above() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "file"
        file.write_text("x")
        folder.chmod(0o755)
        for mode, owner, expected in ((0o600, 12345, True), (0o600, 0, False), (0o644, 0, True), (0o044, 12345, False)):
            os.chown(file, owner, 0)
            file.chmod(mode)
            assert may(12345, file, os.R_OK) is expected
        file.chmod(0o644)
        folder.chmod(0o700)
        assert not may(12345, file, os.R_OK)
        assert may(0, file, os.W_OK)


def check(run: Callable[[], Iterator[Finding]], when_late: State = State.SKIPPED) -> Check:
    return Check(Area.DISK, "it", run, when_late)


def test_a_check_that_fails_or_does_not_end_stops_no_other() -> None:
    def fails() -> Iterator[Finding]:
        yield ok(Area.DISK, "it", "so far")
        raise ZeroDivisionError("oops")

    def cannot() -> Iterator[Finding]:
        raise CannotTellError("no network")

    def may_not() -> Iterator[Finding]:
        raise PermissionError(13, "Permission denied", "/a/file")

    def hangs() -> Iterator[Finding]:
        yield ok(Area.DISK, "it", "begun")
        time.sleep(3)

    begun = time.monotonic()
    checks = [check(hangs, State.FAULT), check(fails), check(cannot), check(may_not)]
    found, all_ended = run_all(checks, 0.3)
    assert time.monotonic() - begun < 2
    assert not all_ended
    assert [(each.state, each.what) for each in found] == [
        (State.OK, "begun"),
        (State.FAULT, "it had not ended when the time was over"),
        (State.OK, "so far"),
        (State.WARNING, "this check failed itself (ZeroDivisionError: oops)"),
        (State.SKIPPED, "no network"),
        (State.SKIPPED, "the user who runs this command may not look at /a/file"),
    ]


def test_a_message_is_split_into_what_happened_and_the_cure() -> None:
    assert split("it is wrong; correct it; at once") == ("it is wrong", "correct it; at once")
    assert split("the database reports “a; b”: check it") == ("the database reports “a; b”", "check it")
    assert split("it is wrong")[0] == "it is wrong"
