"""The dumps folder: a file is read when it is complete, and then moved away."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.service import MONDAY, page_text

from notifier.files.dumps_folder import CERTAIN_SECONDS, MAYBE_WRITTEN, SETTLED_SECONDS, DumpsFolder
from notifier.models import DumpStatus
from notifier.pipeline.ingesting_folder import ingest_folder

TEXT = page_text(["How Bees Fly at Night", "About Something Else"])


@pytest.fixture
def folder(tmp_path: Path) -> DumpsFolder:
    (tmp_path / "dumps").mkdir()
    return DumpsFolder(tmp_path / "dumps")


def put(folder: DumpsFolder, name: str, text: str = TEXT, age: float = 60) -> Path:
    """Put a file into the folder, as if the file was last written `age` seconds ago."""
    file = folder.folder / name
    file.write_text(text, encoding="utf-8")
    os.utime(file, (time.time() - age, time.time() - age))
    return file


def test_a_file_that_was_written_a_while_ago_is_complete_at_once(folder: DumpsFolder) -> None:
    file = put(folder, "page.txt")
    assert folder.complete_files() == [file]


def test_a_file_that_is_still_being_written_is_not_complete(
    folder: DumpsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    file = put(folder, "page.txt", "How Bees", age=0)
    for written in range(4):
        assert folder.complete_files() == []
        clock[0] += SETTLED_SECONDS * 0.7
        file.write_text(TEXT[: 10 * written], encoding="utf-8")
    assert folder.complete_files() == []
    clock[0] += SETTLED_SECONDS
    assert folder.complete_files() == [file]


def refuse_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse leases as for files of another user."""
    ask = fcntl.fcntl

    def without_leases(descriptor: int, command: int, argument: int = 0) -> int:
        if command == fcntl.F_SETLEASE:
            raise PermissionError(13, "Permission denied")
        return ask(descriptor, command, argument)

    monkeypatch.setattr(fcntl, "fcntl", without_leases)


def test_a_file_of_another_user_is_complete_when_it_has_not_changed_for_longer(
    folder: DumpsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_leases(monkeypatch)
    clock = [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    old, young = put(folder, "old.txt", age=CERTAIN_SECONDS + 5), put(folder, "young.txt", age=SETTLED_SECONDS + 5)
    assert (folder.complete_files(), folder.waiting) == ([old], {young: MAYBE_WRITTEN})
    clock[0] += CERTAIN_SECONDS - SETTLED_SECONDS
    assert (folder.complete_files(), folder.waiting) == ([old, young], {})


def test_waiting_for_complete_files_waits_for_those_of_another_user_too(
    folder: DumpsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_leases(monkeypatch)
    clock = [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: clock.append(clock.pop() + seconds))
    file = put(folder, "young.txt", age=0)
    assert folder.wait_for_complete_files() == [file]


def test_hidden_files_and_folders_are_ignored(folder: DumpsFolder) -> None:
    put(folder, ".page.txt.part")
    (folder.folder / "later").mkdir()
    assert folder.complete_files() == []


def test_a_folder_that_does_not_exist_has_no_complete_files(tmp_path: Path) -> None:
    assert DumpsFolder(tmp_path / "nowhere").complete_files() == []


def test_a_dump_moves_to_done_and_another_file_to_quarantine_with_the_reason(
    engine: Engine, folder: DumpsFolder
) -> None:
    put(folder, "page.txt")
    put(folder, "noise.bin", "\x00\x01\x02")
    reports = ingest_folder(engine, folder, folder.complete_files(), MONDAY)
    assert {report.status for report in reports} == {DumpStatus.INGESTED, DumpStatus.QUARANTINED}
    beside = folder.folder.parent
    assert [file.name for file in (beside / "done").iterdir()] == ["page.txt"]
    assert sorted(file.name for file in (beside / "quarantine").iterdir()) == ["noise.bin", "noise.bin.reason"]
    reason = next(report.reason for report in reports if report.reason)
    assert (beside / "quarantine" / "noise.bin.reason").read_text(encoding="utf-8").strip() == reason
    assert list(folder.folder.iterdir()) == []


def test_files_with_the_same_name_do_not_replace_each_other(engine: Engine, folder: DumpsFolder) -> None:
    for number in range(3):
        put(folder, "page.txt", page_text([f"How Bees Fly at Night, Part {number}", "About Something Else"]))
        ingest_folder(engine, folder, folder.complete_files(), MONDAY)
    assert len(list((folder.folder.parent / "done").iterdir())) == 3


def test_a_file_that_has_grown_since_it_was_complete_stays_in_the_folder(engine: Engine, folder: DumpsFolder) -> None:
    file = put(folder, "page.txt")
    complete = folder.complete_files()
    file.write_text(TEXT + page_text(["A Third Paper without Insects"]), encoding="utf-8")
    ingest_folder(engine, folder, complete, MONDAY)
    assert file.exists()


def test_a_pipe_is_quarantined(engine: Engine, folder: DumpsFolder) -> None:
    pipe = folder.folder / "pipe"
    os.mkfifo(pipe)
    os.utime(pipe, (0, 0))
    (report,) = ingest_folder(engine, folder, folder.complete_files(), MONDAY)
    assert report.status is DumpStatus.QUARANTINED
    assert list(folder.folder.iterdir()) == []


def test_a_symbolic_link_is_quarantined_and_not_followed(engine: Engine, folder: DumpsFolder, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text(TEXT, encoding="utf-8")
    link = folder.folder / "link.txt"
    link.symlink_to(tmp_path / "outside.txt")
    os.utime(link, (0, 0), follow_symlinks=False)
    (report,) = ingest_folder(engine, folder, folder.complete_files(), MONDAY)
    assert (report.status, report.path) == (DumpStatus.QUARANTINED, str(link))
    assert (tmp_path / "quarantine" / "link.txt").is_symlink()
    assert (tmp_path / "outside.txt").exists()


def test_a_file_that_another_process_has_moved_is_ignored(engine: Engine, folder: DumpsFolder) -> None:
    file = put(folder, "page.txt")
    complete = folder.complete_files()
    file.unlink()
    assert ingest_folder(engine, folder, complete, MONDAY) == []
