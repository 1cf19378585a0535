"""One bad file or folder, with `once` and with `serve`: it is quarantined or reported, and mail still goes out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from support.disks import immutable
from support.scripted_relay import ScriptedRelay
from support.service import (
    MONDAY,
    clean_environment,
    free_ports,
    open_store_in,
    open_store_with_subscribers,
    page_text,
    run_notifier,
    wait_until,
    write_smtp_config,
)

from notifier.store import reading

AT_EIGHT = MONDAY.replace(hour=8).isoformat()


def put(folder: Path, name: bytes | str, content: bytes, age: float = 60) -> Path:
    dumps = folder / "var" / "dumps"
    dumps.mkdir(parents=True, exist_ok=True)
    file = dumps / os.fsdecode(name)
    file.write_bytes(content)
    os.utime(file, (time.time() - age, time.time() - age))
    return file


NOISE, GOOD = b"\0\1\2", page_text(["How Moths Fly at Night"]).encode()
STRANGE = [
    (b"caf\xe9.jsonl", NOISE, ()),
    (b"caf\xe9.jsonl", GOOD, ("--json",)),
    (b"x" * 245 + b".jsonl", NOISE, ("--json",)),
    (b"\xff\n\x1b[2J.txt", GOOD, ()),
]


@pytest.mark.parametrize(("name", "content", "options"), STRANGE)
def test_a_strange_file_name_stops_no_mail(
    tmp_path: Path, name: bytes, content: bytes, options: tuple[str, ...]
) -> None:
    with ScriptedRelay() as relay:
        write_smtp_config(tmp_path, relay.port)
        open_store_with_subscribers(2, tmp_path).dispose()
        put(tmp_path, name, content)
        put(tmp_path, "zebra.txt", page_text(["How Zebras Run in Daylight"]).encode())
        done = run_notifier("once", "--now", AT_EIGHT, *options, cwd=tmp_path, environment={"LC_ALL": "C"})
        assert len(relay.kept) == 2, done.stderr
    assert all(b"Zebras" in mail.content for mail in relay.kept)
    assert done.returncode == (1 if content == NOISE else 0), done.stderr
    assert list((tmp_path / "var" / "dumps").iterdir()) == []
    assert "bug in notifier" not in done.stderr
    for arguments in (("status",), ("status", "--json")):
        assert run_notifier(*arguments, cwd=tmp_path).returncode == 0
    if options:
        assert len(json.loads(done.stdout)["dumps"]) == 2


def lock(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("name", ["dumps", "feeds"])
def test_a_folder_that_cannot_be_written_stops_no_mail_and_is_reported(tmp_path: Path, name: str) -> None:
    with ScriptedRelay() as relay:
        write_smtp_config(tmp_path, relay.port)
        open_store_with_subscribers(2, tmp_path).dispose()
        put(tmp_path, "zebra.txt", page_text(["How Zebras Run in Daylight"]).encode())
        with immutable(lock(tmp_path / "var" / name)):
            done = run_notifier("once", "--now", AT_EIGHT, cwd=tmp_path)
            again = run_notifier("once", "--now", AT_EIGHT, cwd=tmp_path)
            status = run_notifier("status", cwd=tmp_path)
        assert len(relay.kept) == 2, done.stderr
    assert all(b"Zebras" in mail.content for mail in relay.kept)
    assert done.returncode == 1
    assert f"var/{name}" in done.stderr
    assert "Operation not permitted" in done.stderr or "Permission denied" in done.stderr
    if name == "dumps":
        assert (again.returncode, again.stderr) == (0, "")
        assert "not moved" in status.stdout


def test_a_feed_that_cannot_be_written_stops_no_other_feed(tmp_path: Path) -> None:
    write_smtp_config(tmp_path, 1)
    open_store_with_subscribers(0, tmp_path).dispose()
    (tmp_path / "var" / "feeds" / "all.atom").mkdir(parents=True)
    done = run_notifier("publish", "--json", cwd=tmp_path)
    report = json.loads(done.stdout)
    assert (done.returncode, report["failed"], report["unchanged"]) == (1, 1, 0)
    assert report["written"] == 3 * report["feeds"] + 1  # every feed file but one, the list of feeds, the stylesheet
    assert "all.atom" in done.stderr


def test_old_feeds_that_cannot_be_removed_stop_no_feed(tmp_path: Path) -> None:
    write_smtp_config(tmp_path, 1)
    open_store_with_subscribers(0, tmp_path).dispose()
    for ending in ("atom", "rss", "json"):
        (lock(tmp_path / "var" / "feeds") / f"gone.{ending}").write_text("x", encoding="utf-8")
    with immutable(tmp_path / "var" / "feeds" / "gone.rss"):
        done = run_notifier("publish", "--json", cwd=tmp_path)
    assert (done.returncode, json.loads(done.stdout)["failed"]) == (0, 0)
    assert "cannot remove old files" in done.stderr


def served(folder: Path, act: Callable[[], None]) -> str:
    """Run the service while `act` runs, and return what it logged."""
    command = [sys.executable, "-m", "notifier", "serve"]
    run = subprocess.Popen(
        command,
        cwd=folder,
        env=clean_environment() | {"NOTIFIER_WEB__PORT": str(free_ports(1)[0])},
        stderr=-1,
        text=True,
    )
    try:
        act()
    finally:
        run.terminate()
        _, said = run.communicate(timeout=60)
    return said


def count_papers(folder: Path) -> int:
    engine = open_store_in(folder)
    with reading(engine) as connection:
        count = connection.execute(text("SELECT count(*) FROM paper")).scalar_one()
    engine.dispose()
    return int(count)


def lines(first: int, last: int) -> bytes:
    records = [{"title": f"The Title of Paper {n}", "abstract": "We study this."} for n in range(first, last)]
    return "".join(json.dumps(record) + "\n" for record in records).encode()


@pytest.mark.parametrize("held_open", [True, False])
def test_an_upload_that_stalls_loses_no_paper(tmp_path: Path, held_open: bool) -> None:
    write_smtp_config(tmp_path, 1)
    open_store_with_subscribers(0, tmp_path).dispose()
    before, whole = count_papers(tmp_path), lines(0, 100)
    half = len(whole) // 2 + 7  # within a line

    def upload() -> None:
        file = put(tmp_path, "papers.jsonl", b"")
        if held_open:
            with file.open("ab", buffering=0) as writer:
                writer.write(whole[:half])
                time.sleep(18)
                assert count_papers(tmp_path) == before
                writer.write(whole[half:])
        else:
            with file.open("ab") as writer:
                writer.write(whole[:half])
            time.sleep(18)
            assert count_papers(tmp_path) == before
            with file.open("ab") as writer:
                writer.write(whole[half:])
        wait_until((tmp_path / "var" / "done" / "papers.jsonl").exists)

    said = served(tmp_path, upload)
    assert count_papers(tmp_path) - before == 100, said
    assert said.count("waits:") == 1, said
    assert ("open for writing" if held_open else "cut off") in said


def test_the_service_logs_once_what_it_skipped_and_what_it_could_not_move(tmp_path: Path) -> None:
    write_smtp_config(tmp_path, 1)
    open_store_with_subscribers(0, tmp_path).dispose()
    file = put(tmp_path, "papers.jsonl", lines(0, 3) + b'{"abstract": "no title"}\n')

    def wait() -> None:
        wait_until(lambda: count_papers(tmp_path) == 5)
        time.sleep(12)

    with immutable(file):
        said = served(tmp_path, wait)
    assert said.count("1 skipped (line 4: ") == 1, said
    assert said.count("cannot move") == 1, said
    assert said.count("3 listings") == 1, said
