"""The dumps folder: a file that is cut off, cannot be moved or kills the process does not stop the other files."""

from __future__ import annotations

import gzip
import json
import os
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError
from support.disks import immutable, mounted
from support.service import MONDAY, page_text

from notifier import sources
from notifier.config import Limits
from notifier.errors import StoreError
from notifier.files import DumpsFolder, owner_lock, path_text
from notifier.models import DumpStatus
from notifier.parsing import parent
from notifier.pipeline import attempts, ingesting
from notifier.pipeline.ingesting import DumpReport, IngestSettings
from notifier.pipeline.ingesting_folder import CUT_OFF_WAIT_SECONDS, ingest_folder
from notifier.pipeline.moved_files import WATCHED, move_back_changed_files
from notifier.store import dumps, reading, tables

GOOD = page_text(["How Bees Fly at Night", "About Something Else"])
ABSTRACT = "We study this in depth, and our experiments show that the method works."


def lines(*titles: str) -> str:
    return "".join(json.dumps({"title": title, "abstract": ABSTRACT}) + "\n" for title in titles)


@pytest.fixture
def folder(tmp_path: Path) -> DumpsFolder:
    (tmp_path / "dumps").mkdir()
    return DumpsFolder(tmp_path / "dumps")


def put(folder: DumpsFolder, name: str | bytes, content: str | bytes = GOOD, age: float = 60) -> Path:
    file = folder.folder / os.fsdecode(name)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(file, (time.time() - age, time.time() - age))
    return file


def run(engine: Engine, folder: DumpsFolder, settings: IngestSettings = ingesting.DEFAULT_SETTINGS) -> list[DumpReport]:
    return ingest_folder(engine, folder, folder.complete_files(), MONDAY, settings)


def statuses(reports: list[DumpReport]) -> list[DumpStatus]:
    return [report.status for report in reports]


def count_papers(engine: Engine) -> int:
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(tables.paper)) or 0


NAMES = [b"caf\xe9.jsonl", b"x" * 245 + b".jsonl", b"\xff" * 255, b"new\nline\x1b[31m.txt", "\u202egnp.txt".encode()]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", [GOOD, b"\0\1\2"])
def test_a_file_with_a_strange_name_is_moved_and_its_outcome_can_be_printed(
    engine: Engine, folder: DumpsFolder, name: bytes, content: str | bytes
) -> None:
    for _ in range(2):  # the second file has the same name as the first
        put(folder, name, content)
        put(folder, "zebra.txt", page_text([f"A Paper about Zebras {time.time_ns()}"]))
        strange, good = sorted(run(engine, folder), key=lambda report: report.path.endswith("zebra.txt"))
        assert good.status is DumpStatus.INGESTED
        assert strange.status is not DumpStatus.FAILED
        assert (strange.unmoved, list(folder.folder.iterdir())) == (None, [])
        json.dumps([strange.path, strange.reason], ensure_ascii=False).encode()
        with reading(engine) as connection:
            for each in dumps.quarantined_files(connection):
                each.path.encode()
    target = folder.folder.parent / ("done" if content == GOOD else "quarantine")
    assert (
        sum(not path.name.endswith(("zebra.txt", ".reason")) and "zebra-" not in path.name for path in target.iterdir())
        == 2
    )


@pytest.mark.parametrize("name", NAMES)
def test_postgresql_stores_strange_names_too(postgres_store: Engine, folder: DumpsFolder, name: bytes) -> None:
    settings = IngestSettings(owners=folder.folder.parent / "owners")
    file = put(folder, name, b"\0\1\2")
    with immutable(file):
        assert statuses(run(postgres_store, folder, settings)) == [DumpStatus.QUARANTINED]
        assert run(postgres_store, DumpsFolder(folder.folder), settings) == []
    file.unlink()
    put(folder, name)
    assert statuses(run(postgres_store, folder, settings)) == [DumpStatus.INGESTED]
    with reading(postgres_store) as connection:
        assert dumps.quarantined_files(connection) == []


HALVES = {
    "lines.jsonl": lines("How Bees Fly", "How Wasps Fly", "How Ants Walk"),
    "one.json": json.dumps([{"title": f"Paper Number {n}", "abstract": ABSTRACT} for n in range(5)]),
    "feed.xml": "<?xml version='1.0'?><rss version='2.0'><channel><title>Papers</title>"
    + "".join(
        f"<item><title>The Title of Paper {n}</title><link>https://e.org/{n}</link>"
        f"<description>{ABSTRACT}</description></item>"
        for n in range(5)
    )
    + "</channel></rss>",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("pack", [False, True])
def test_a_young_file_that_is_cut_off_waits_until_it_is_complete(
    engine: Engine, folder: DumpsFolder, name: str, share: float, pack: bool
) -> None:
    whole = gzip.compress(HALVES[name].encode()) if pack else HALVES[name].encode()
    file = put(folder, name, whole[: int(len(whole) * share)])
    (report,) = run(engine, folder)
    assert (report.status, file.exists(), count_papers(engine)) == (DumpStatus.WAITING, True, 0)
    assert run(engine, folder) == [], "it is not read again at once"
    put(folder, name, whole)
    assert statuses(run(engine, folder)) == [DumpStatus.INGESTED]
    assert count_papers(engine) >= 3


def test_an_old_file_that_is_cut_off_is_ingested_and_its_end_reported(engine: Engine, folder: DumpsFolder) -> None:
    put(folder, "lines.jsonl", HALVES["lines.jsonl"][:-30], age=CUT_OFF_WAIT_SECONDS + 1)
    (report,) = run(engine, folder)
    assert (report.status, report.papers, len(report.skipped)) == (DumpStatus.INGESTED, 2, 1)
    assert (ingesting.describe_skips(report) or "").startswith("1 skipped (line 3: it ")


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("zeros", [1, 2, 5, 3000])
@pytest.mark.parametrize("pack", [False, True])
def test_a_file_that_ends_in_zero_bytes_waits_for_its_rest_and_is_then_said_to_be_cut_off(
    engine: Engine, folder: DumpsFolder, encoding: str, zeros: int, pack: bool
) -> None:
    zeros += 0 if encoding == "utf-8" else 4  # a text in another encoding may end in a few zero bytes
    content = lines("How Bees Fly", "How Ants Walk").encode(encoding) + bytes(zeros)
    content = gzip.compress(content) if pack else content
    put(folder, "lines.jsonl", content)
    assert statuses(run(engine, folder)) == [DumpStatus.WAITING]
    put(folder, "lines.jsonl", content, age=CUT_OFF_WAIT_SECONDS + 1)
    (report,) = run(engine, DumpsFolder(folder.folder))
    assert (report.status, report.papers) == (DumpStatus.INGESTED, 2)
    assert "it ends in zero bytes" in (ingesting.describe_skips(report) or "")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32"])
def test_a_whole_text_in_any_encoding_does_not_count_as_ending_in_zero_bytes(
    engine: Engine, folder: DumpsFolder, encoding: str
) -> None:
    put(folder, "lines.jsonl", lines("How Bees Fly", "How Ants Walk").encode(encoding))
    assert [(report.papers, report.skipped) for report in run(engine, folder)] == [(2, ())]


def test_the_cut_fields_of_a_dump_are_counted_and_the_first_are_named(engine: Engine, folder: DumpsFolder) -> None:
    put(folder, "lines.jsonl", lines(*(f"{number} Bees " + 200 * "fly " for number in range(4))))
    (report,) = run(engine, folder)
    said = ingesting.describe_cuts(report) or ""
    assert said.startswith("4 fields cut (") and said.endswith("; ...)") and "title" in said
    put(folder, "short.jsonl", lines("How Bees Fly"))
    assert [ingesting.describe_cuts(report) for report in run(engine, folder)] == [None]


def test_a_file_that_is_open_for_writing_waits_and_is_read_after_it_is_closed(
    engine: Engine, folder: DumpsFolder
) -> None:
    file = put(folder, "lines.jsonl", "")
    with file.open("ab") as writer:
        writer.write(lines("How Bees Fly").encode())
        writer.flush()
        os.utime(file, (0, 0))
        (report,) = run(engine, folder)
        assert (report.status, count_papers(engine)) == (DumpStatus.WAITING, 0)
        writer.write(lines("How Wasps Fly").encode())
    os.utime(file, (0, 0))
    assert [(report.status, report.papers) for report in run(engine, folder)] == [(DumpStatus.INGESTED, 2)]


def test_a_file_that_grows_while_it_is_read_is_read_again(
    engine: Engine, folder: DumpsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put(folder, "lines.jsonl", lines("How Bees Fly", "How Ants Walk"))
    parse = sources.parse_dump

    def parse_while_it_grows(content: bytes, limits: Limits) -> object:
        monkeypatch.setattr(sources, "parse_dump", parse)
        put(folder, file.name, lines("How Bees Fly", "How Ants Walk", "How Wasps Sing"))
        return parse(content, limits)

    monkeypatch.setattr(sources, "parse_dump", parse_while_it_grows)
    assert [report.papers for report in run(engine, folder)] == [2]
    assert file.exists()
    assert [report.papers for report in run(engine, folder)] == [3]
    assert (file.exists(), count_papers(engine)) == (False, 3)


def append(file: Path, content: str, age: float = 60) -> None:
    with file.open("a", encoding="utf-8") as writer:
        writer.write(content)
    os.utime(file, (time.time() - age, time.time() - age))


@pytest.mark.parametrize("name", [b"lines.jsonl", b"caf\xe9 %41.jsonl"])
@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_file_that_grows_after_it_was_moved_to_done_is_moved_back_and_read_again(
    engine: Engine, folder: DumpsFolder, caplog: pytest.LogCaptureFixture, name: bytes, elsewhere: bool
) -> None:
    done = folder.folder.parent / "done"
    with mounted(done) if elsewhere else nullcontext():
        put(folder, name, lines("How Bees Fly", "How Ants Walk"))
        put(folder, "other.jsonl", lines("How Wasps Build"))
        run(engine, folder)
        moved = done / os.fsdecode(name)
        for number in range(2):
            append(moved, lines(f"How Wasps Sing in Part {number}"))
            new = DumpsFolder(folder.folder)  # as in another process
            move_back_changed_files(engine, new, MONDAY)
            assert f"{path_text(moved)} was written to after it was read" in caplog.text
            assert [(report.papers, report.new) for report in run(engine, new)] == [(3 + number, 1)]
        caplog.clear()
        move_back_changed_files(engine, folder, MONDAY)
        assert (caplog.text, list(folder.folder.iterdir()), count_papers(engine)) == ("", [], 5)


def test_a_quarantined_file_that_grows_is_read_again(engine: Engine, folder: DumpsFolder) -> None:
    whole = gzip.compress(lines(*(f"How Bees Fly in Part {number}" for number in range(50))).encode())
    put(folder, "lines.jsonl.gz", whole[:12], age=CUT_OFF_WAIT_SECONDS + 1)
    assert statuses(run(engine, folder)) == [DumpStatus.QUARANTINED]
    quarantine = folder.folder.parent / "quarantine"
    with (quarantine / "lines.jsonl.gz").open("ab") as writer:
        writer.write(whole[12:])
    os.utime(quarantine / "lines.jsonl.gz", (0, 0))
    move_back_changed_files(engine, folder, MONDAY)
    assert list(quarantine.iterdir()) == []
    assert [report.papers for report in run(engine, folder)] == [50]
    with reading(engine) as connection:
        assert dumps.quarantined_files(connection) == []


def test_a_moved_file_that_is_deleted_replaced_or_old_is_not_read_again(engine: Engine, folder: DumpsFolder) -> None:
    for name in ("deleted.jsonl", "replaced.jsonl", "old.jsonl"):
        put(folder, name, lines(f"How Bees Fly in {name}"))
    run(engine, folder)
    done = folder.folder.parent / "done"
    (done / "deleted.jsonl").unlink()
    (done / "new").write_text(lines("How Wasps Sing"), encoding="utf-8")
    (done / "new").rename(done / "replaced.jsonl")
    move_back_changed_files(engine, folder, MONDAY)
    with reading(engine) as connection:
        assert [row.path for row in dumps.moved_files(connection)] == [
            str(done / "old.jsonl"),
            str(done / "replaced.jsonl"),
        ]
    append(done / "old.jsonl", lines("How Ants Walk"))
    move_back_changed_files(engine, folder, MONDAY + WATCHED * 2)
    assert run(engine, folder) == []
    with reading(engine) as connection:
        assert dumps.moved_files(connection) == []


def test_a_grown_file_that_cannot_be_moved_back_is_said_once(
    engine: Engine, folder: DumpsFolder, caplog: pytest.LogCaptureFixture
) -> None:
    put(folder, "a.jsonl", lines("How Bees Fly"))
    run(engine, folder)
    append(folder.folder.parent / "done" / "a.jsonl", lines("How Ants Walk"))
    with immutable(folder.folder):
        move_back_changed_files(engine, folder, MONDAY)
        move_back_changed_files(engine, folder, MONDAY)
    assert caplog.text.count("move it yourself") == 1


def test_a_file_that_cannot_be_moved_is_read_only_once_and_stops_no_other_file(
    engine: Engine, folder: DumpsFolder
) -> None:
    stuck, noise = put(folder, "a.txt"), put(folder, "b.bin", b"\0\1\2")
    put(folder, "c.txt", page_text(["A Third Paper about Insects"]))
    with immutable(stuck), immutable(noise):
        reports = run(engine, folder)
        assert statuses(reports) == [DumpStatus.INGESTED, DumpStatus.QUARANTINED, DumpStatus.INGESTED]
        assert [bool(report.unmoved) for report in reports] == [True, True, False]
        assert (run(engine, folder), run(engine, DumpsFolder(folder.folder))) == ([], []), "also in a new process"
        with reading(engine) as connection:
            assert [each.path for each in dumps.unmoved_files(connection)] == [str(stuck), str(noise)]
    beside = folder.folder.parent
    assert not (beside / "quarantine").exists() or list((beside / "quarantine").iterdir()) == []
    run(engine, DumpsFolder(folder.folder))  # the files can be moved now
    assert sorted(path.name for path in (beside / "quarantine").iterdir()) == ["b.bin", "b.bin.reason"]
    assert list(folder.folder.iterdir()) == []
    with reading(engine) as connection:
        assert dumps.unmoved_files(connection) == []


def test_an_unmoved_file_is_read_again_when_it_changes_and_forgotten_when_it_is_deleted(
    engine: Engine, folder: DumpsFolder
) -> None:
    file = put(folder, "a.txt")
    with immutable(file):
        run(engine, folder)
    with immutable(folder.folder):
        put(folder, "a.txt", page_text(["A Third Paper about Insects"]))
        (report,) = run(engine, folder)
        assert (report.papers, bool(report.unmoved)) == (1, True)
    file.unlink()
    assert run(engine, folder) == []
    with reading(engine) as connection:
        assert dumps.unmoved_files(connection) == []


def test_a_read_only_folder_is_ingested_once(engine: Engine, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk" / "dumps") as disk:
        folder = DumpsFolder(disk)
        put(folder, "a.txt")
        os.system(f"mount -o remount,ro {disk}")
        assert [report.status for report in run(engine, folder)] == [DumpStatus.INGESTED]
        assert run(engine, DumpsFolder(disk)) == []
    assert list((tmp_path / "disk").glob("done/*")) == []


def test_dumps_on_another_file_system_are_moved(engine: Engine, tmp_path: Path) -> None:
    with mounted(tmp_path / "dumps") as disk:
        folder = DumpsFolder(disk)
        for name in ("a.txt", "x" * 245 + ".txt"):
            put(folder, name, page_text([f"A Paper about {len(name)} Bees"]))
        assert {report.unmoved for report in run(engine, folder)} == {None}
        assert list(disk.iterdir()) == []
    assert len(list((tmp_path / "done").iterdir())) == 2


def fail_once(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let the next parse of a dump raise `error`."""
    parse = sources.parse_dump

    def fail(_content: bytes, _limits: Limits) -> object:
        monkeypatch.setattr(sources, "parse_dump", parse)
        raise error

    monkeypatch.setattr(sources, "parse_dump", fail)


@pytest.mark.parametrize("error", [RecursionError("too deep"), MemoryError(), UnicodeEncodeError("x", "y", 0, 1, "z")])
def test_a_dump_that_breaks_the_parser_is_set_aside_and_the_next_is_read(
    engine: Engine, folder: DumpsFolder, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    put(folder, "a.txt")
    put(folder, "b.txt", page_text(["A Third Paper about Insects"]))
    fail_once(monkeypatch, error)
    assert statuses(run(engine, folder)) == [DumpStatus.QUARANTINED, DumpStatus.INGESTED]


def test_a_dump_that_causes_a_database_error_stays_and_the_next_is_read(
    engine: Engine, folder: DumpsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put(folder, "a.txt")
    put(folder, "b.txt", page_text(["A Third Paper about Insects"]))
    fail_once(monkeypatch, IntegrityError("INSERT", {}, ValueError("not unique")))
    assert statuses(run(engine, folder)) == [DumpStatus.FAILED, DumpStatus.INGESTED]
    assert file.exists()
    assert statuses(run(engine, DumpsFolder(folder.folder))) == [DumpStatus.INGESTED]


def test_a_dump_that_the_database_cannot_store_does_not_stop_the_next(
    engine: Engine, folder: DumpsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "a.txt")
    put(folder, "b.txt", page_text(["A Third Paper about Insects"]))
    fail_once(monkeypatch, StoreError("the database reports “index row size 3000 exceeds maximum”"))
    assert statuses(run(engine, folder)) == [DumpStatus.FAILED, DumpStatus.INGESTED]


def die(*_arguments: object, **_options: object) -> NoReturn:
    os.kill(os.getpid(), 9)
    raise AssertionError("the process is dead")


def interrupted(engine: Engine, folder: DumpsFolder, owners: Path) -> None:
    """Ingest the folder in a process that is killed after it has parsed a dump."""
    child = os.fork()
    if child == 0:
        engine.dispose(close=False)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ingesting, "prepare", die)
            run(engine, folder, IngestSettings(owners=owners))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 9, "it was killed"


def test_a_dump_that_was_interrupted_once_is_read_again(engine: Engine, folder: DumpsFolder, tmp_path: Path) -> None:
    put(folder, "a.txt")
    interrupted(engine, folder, tmp_path / "owners")
    assert statuses(run(engine, folder, IngestSettings(owners=tmp_path / "owners"))) == [DumpStatus.INGESTED]
    assert list((tmp_path / "owners").iterdir()) == []


KILLERS = {
    "kills the process": ("os.kill(os.getpid(), 11)", "SIGSEGV"),
    "never ends": ("[iter(int, 1)] and [None for _ in iter(int, 1)]", "longer than 2 s"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KILLERS)
@pytest.mark.parametrize("interruptions", [0, 1])
def test_a_dump_that_kills_or_blocks_its_parser_is_set_aside_and_can_be_put_back(
    engine: Engine, folder: DumpsFolder, tmp_path: Path, kind: str, interruptions: int
) -> None:
    deed, words = KILLERS[kind]
    settings = IngestSettings(owners=tmp_path / "owners")
    size = parent.SMALL if interruptions == 0 else 0  # a small dump is parsed apart only after an interruption
    put(folder, "a.txt", GOOD + "\n" * size)
    put(folder, "b.txt", page_text(["A Third Paper about Insects"]))
    for _ in range(interruptions):
        interrupted(engine, folder, tmp_path / "owners")
    with pytest.MonkeyPatch.context() as patch:
        program = f"import os; from notifier.parsing import child; child.parse_here = lambda *_: {deed}; child.main()"
        patch.setattr(parent, "_RUN", program)
        patch.setattr(ingesting, "parse", partial(parent.parse, seconds=2))
        bad, good = run(engine, folder, settings)
    assert (bad.status, good.status) == (DumpStatus.QUARANTINED, DumpStatus.INGESTED)
    assert words in (bad.reason or "")
    with reading(engine) as connection:
        assert len(dumps.quarantined_files(connection)) == 1
    assert list((tmp_path / "owners").iterdir()) == []
    (folder.folder.parent / "quarantine" / "a.txt").rename(folder.folder / "a.txt")
    assert statuses(run(engine, folder, settings)) == [DumpStatus.INGESTED]
    with reading(engine) as connection:
        assert dumps.quarantined_files(connection) == []


@pytest.mark.slow
@pytest.mark.parametrize(("kills", "status"), [(6, DumpStatus.INGESTED), (30, DumpStatus.QUARANTINED)])
def test_many_kills_lose_no_dump_until_there_are_thirty_in_a_row(
    engine: Engine, folder: DumpsFolder, tmp_path: Path, kills: int, status: DumpStatus
) -> None:
    put(folder, "a.txt")
    for _ in range(kills):
        interrupted(engine, folder, tmp_path / "owners")
    assert statuses(run(engine, folder, IngestSettings(owners=tmp_path / "owners"))) == [status]


def test_a_dump_that_is_cut_off_is_not_parsed_again_before_it_changes_or_the_patience_is_over(
    engine: Engine, folder: DumpsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[bytes] = []
    parse = sources.parse_dump

    def count(content: bytes, limits: Limits) -> object:
        parsed.append(content)
        return parse(content, limits)

    monkeypatch.setattr(sources, "parse_dump", count)
    half = HALVES["one.json"][:-40]
    put(folder, "one.json", half, age=CUT_OFF_WAIT_SECONDS - 15)
    assert statuses(run(engine, folder)) == [DumpStatus.WAITING]
    later = time.monotonic() + 10
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert (run(engine, folder), len(parsed)) == ([], 1)
    put(folder, "one.json", half, age=CUT_OFF_WAIT_SECONDS + 1)
    assert statuses(run(engine, folder)) == [DumpStatus.INGESTED]
    assert len(parsed) == 2


def test_a_dump_that_another_process_reads_waits(engine: Engine, folder: DumpsFolder, tmp_path: Path) -> None:
    file, settings = put(folder, "a.txt"), IngestSettings(owners=tmp_path / "owners")
    folder.complete_files()
    with owner_lock(tmp_path / "owners") as owner:
        attempts.begin(engine, str(file), folder.fingerprint(file) or "", owner, tmp_path / "owners")
        assert statuses(run(engine, folder, settings)) == [DumpStatus.WAITING]
    assert statuses(run(engine, DumpsFolder(folder.folder), settings)) == [DumpStatus.INGESTED]


def test_a_run_that_is_stopped_with_ctrl_c_does_not_count_as_an_interruption(
    engine: Engine, folder: DumpsFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "a.txt")
    fail_once(monkeypatch, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run(engine, folder, IngestSettings(owners=tmp_path / "owners"))
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(tables.ingest_attempt)) == 0
