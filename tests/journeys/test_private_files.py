"""What other users of the machine can read: the feeds, and no database, key, config, mail or export."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from subprocess import PIPE, run

import pytest
from support.paths import CHECKOUT
from support.service import clean_environment, run_notifier

DUMP = next(iter(sorted((CHECKOUT / "seeds").glob("*.txt"))))
PASSWORD = "correct-horse"
EVENING = "2026-07-06T20:00Z"


@pytest.fixture(autouse=True)
def _usual_umask() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_feeds_can_be_read_by_other_users(tmp_path: Path) -> None:
    run_notifier("init", "--config", "new/config.toml", cwd=tmp_path)
    home = tmp_path / "new"
    for verb in (
        ("subscribe", "ann@example.org", "--topic", "all", "--confirmed", "--now", "2026-07-06T06:00Z"),
        ("ingest", DUMP, "--now", "2026-07-06T07:00Z"),
        ("plan", "--now", EVENING),
        ("publish",),
        ("deliver", "--now", EVENING),
        ("subscribers", "export", "out/subscribers.csv"),
    ):
        done = run_notifier(*verb, "--config", "config.toml", cwd=home)
        assert done.returncode == 0, done.stderr
    feeds = home / "var" / "feeds"
    private = [path for path in home.rglob("*") if feeds not in (path, *path.parents)]
    assert {mode(path) for path in private if path.is_file()} == {0o600}
    assert {mode(path) for path in (home, *private) if path.is_dir()} == {0o750, 0o700}
    assert list((home / "var" / "mail" / "new").iterdir())
    assert {mode(path) for path in feeds.iterdir()} == {0o644}
    assert mode(feeds) == 0o755


def test_the_files_beside_an_open_database_are_private(tmp_path: Path) -> None:
    script = (
        "import os; from notifier.store import open_store, writing; from sqlalchemy import text\n"
        "e = open_store('sqlite:///var/n.db')\n"
        "with writing(e) as c: c.execute(text('DELETE FROM erased'))\n"
        "print(*(oct(os.stat(f'var/n.db{end}').st_mode)[-3:] for end in ('', '-wal', '-shm')))"
    )
    python = [sys.executable, "-c", script]
    done = run(python, cwd=tmp_path, env=clean_environment(), stdout=PIPE, text=True, check=True)
    assert done.stdout.split() == ["600", "600", "600"]


@pytest.mark.parametrize(
    ("before", "after"),
    [(0o644, 0o600), (0o666, 0o600), (0o604, 0o600), (0o640, 0o640), (0o660, 0o660), (0o600, 0o600)],
)
def test_a_database_that_is_open_to_others_is_closed_once_and_one_for_a_group_stays(
    tmp_path: Path, before: int, after: int
) -> None:
    run_notifier("init", cwd=tmp_path)
    database, link = tmp_path / "var" / "notifier.db", tmp_path / "var" / "moved.db"
    database.rename(link)
    database.symlink_to(link.name)
    link.chmod(before)
    first, second = run_notifier("subscribers", cwd=tmp_path), run_notifier("subscribers", cwd=tmp_path)
    assert mode(link) == after
    assert ("was open to other users of this machine" in first.stderr) == (before != after)
    assert second.stderr == ""


def test_a_file_or_folder_that_is_no_database_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("not a database, but some other file of this machine\n" * 100, encoding="utf-8")
    (tmp_path / "folder").mkdir()
    for name, before in (("other", 0o644), ("folder", 0o755)):
        (tmp_path / name).chmod(before)
        done = run_notifier("status", cwd=tmp_path, environment={"NOTIFIER_STORE__URL": f"sqlite:///{name}"})
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
        assert mode(tmp_path / name) == before


def test_a_config_with_a_password_and_a_key_that_others_may_read_are_named_and_not_changed(tmp_path: Path) -> None:
    run_notifier("init", cwd=tmp_path)
    config, key = tmp_path / "config.toml", tmp_path / "var" / "secret.key"
    config.chmod(0o644)
    assert run_notifier("status", cwd=tmp_path).stderr == ""  # it holds no password
    config.write_text(f'[smtp]\npassword = "{PASSWORD}"\n', encoding="utf-8")
    key.chmod(0o644)
    for verb in ("init", "status", "once"):
        said = run_notifier(verb, cwd=tmp_path).stderr
        assert "may read config.toml, which holds a password; run chmod 640" in said
        assert "may read the secret key" in said
        assert PASSWORD not in said
    assert mode(config) == 0o644
    config.chmod(0o640)
    key.chmod(0o600)
    assert run_notifier("status", cwd=tmp_path).stderr == ""


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://ann:{PASSWORD}@127.0.0.1:1/papers",
        f"postgresql+psycopg://ann:x%40{PASSWORD}@127.0.0.1:1/papers",
        f"postgresql+psycopg://ann:x@{PASSWORD}@127.0.0.1:1/papers",
        f"postgresql+psycopg://ann:x/{PASSWORD}@127.0.0.1:1/papers",
        f"postgresql+psycopg://127.0.0.1:1/papers?user=ann&password={PASSWORD}",
        f"postgresql+psycopg://127.0.0.1:1/papers?user=ann&sslpassword={PASSWORD}&bogus=1",
    ],
)
@pytest.mark.parametrize("verb", ["init", "status", "subscribers"])
def test_no_message_shows_the_password_of_the_database(tmp_path: Path, url: str, verb: str) -> None:
    done = run_notifier(verb, cwd=tmp_path, environment={"NOTIFIER_STORE__URL": url})
    assert done.returncode != 0
    assert PASSWORD not in done.stdout + done.stderr


def test_an_export_to_stdout_holds_the_file_alone(tmp_path: Path) -> None:
    run_notifier("subscribe", "ann@example.org", "--topic", "trending", cwd=tmp_path)
    for name in ("-", "/dev/stdout", "/dev/fd/1"):
        done = run_notifier("subscribers", "export", name, cwd=tmp_path)
        assert done.stdout.startswith("email,state,")
        assert done.stdout.splitlines()[1:] == ["ann@example.org,PENDING,,trending,daily,08:00,UTC,"]
        assert done.stderr == "1 subscriber written to stdout\n"
        full = run(
            ["sh", "-c", f"{sys.executable} -m notifier subscribers export {name} > /dev/full"],
            cwd=tmp_path,
            env=clean_environment(),
            check=False,
            stderr=PIPE,
            text=True,
        )
        assert full.stderr.startswith(f"notifier: cannot write {name}: No space left")
    assert not (tmp_path / "-").exists()
    appended = f"echo before > out; {sys.executable} -m notifier subscribers export /dev/stdout >> out"
    run(["sh", "-c", appended], cwd=tmp_path, env=clean_environment(), check=True, stderr=PIPE)
    assert (tmp_path / "out").read_text(encoding="utf-8").startswith("before\nemail,state,")
