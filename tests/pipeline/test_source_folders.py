"""Sources that are folders or patterns: dumps are read where they lie, each once, and again when they change."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.fetched_sources import config_with, fetch_at, history_of, json_lines, news_of
from support.service import MONDAY, add_subscriber

from notifier.config import Config
from notifier.pipeline import SourceReport
from notifier.subscribers.subscribing import SignUp

ANN = "ann@example.org"
AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """Return a folder of somebody else's dumps, with one dump in it."""
    folder = tmp_path / "exports"
    folder.mkdir()
    put(folder / "a.jsonl", json_lines("How Bees Fly at Night"))
    return folder


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_with(tmp_path, {"mine": {"folder": "exports"}})


def put(path: Path, content: bytes, seconds_ago: float = 600) -> None:
    """Write a file that was last changed so many seconds ago."""
    path.write_bytes(content)
    os.utime(path, (time.time() - seconds_ago, time.time() - seconds_ago))


def fetched(engine: Engine, config: Config, hours: int) -> SourceReport:
    """Fetch so many hours after Monday morning, and return the report."""
    report = fetch_at(engine, config, MONDAY + hours * AN_HOUR, "mine")
    assert report
    return report


def test_each_file_is_read_once_where_it_lies_and_nothing_is_changed(
    engine: Engine, config: Config, exports: Path
) -> None:
    exports.chmod(0o500)
    before = [(path, path.stat()) for path in [exports, *exports.iterdir()]]
    assert (fetched(engine, config, 0).new, fetched(engine, config, 1).status) == (1, "unchanged")
    assert [(path, path.stat().st_mtime_ns, path.stat().st_mode) for path, _ in before] == [
        (path, status.st_mtime_ns, status.st_mode) for path, status in before
    ]


def test_the_first_look_announces_nothing_and_files_that_come_later_are_news(
    engine: Engine, config: Config, exports: Path
) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True))
    assert fetched(engine, config, 0).is_first
    put(exports / "b.jsonl", json_lines("How Ants Walk at Night"))
    fetched(engine, config, 1)
    assert news_of(engine, config, MONDAY.replace(hour=8), ANN) == ["How Ants Walk at Night"]


def test_a_folder_that_is_empty_at_first_announces_what_comes_into_it(
    engine: Engine, config: Config, exports: Path
) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True))
    (exports / "a.jsonl").rename(exports / ".hidden")
    assert fetched(engine, config, 0).problem is None
    (exports / ".hidden").rename(exports / "a.jsonl")
    fetched(engine, config, 1)
    assert news_of(engine, config, MONDAY.replace(hour=8), ANN) == ["How Bees Fly at Night"]


def test_a_file_that_grows_is_read_again_and_its_new_papers_are_news(
    engine: Engine, config: Config, exports: Path
) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True))
    fetched(engine, config, 0)
    put(exports / "a.jsonl", json_lines("How Bees Fly at Night", "How Ants Walk at Night"), seconds_ago=300)
    report = fetched(engine, config, 1)
    assert (report.documents, report.new) == (1, 1)
    assert news_of(engine, config, MONDAY.replace(hour=8), ANN) == ["How Ants Walk at Night"]


def test_a_file_that_is_only_touched_or_renamed_counts_as_the_same(
    engine: Engine, config: Config, exports: Path
) -> None:
    fetched(engine, config, 0)
    os.utime(exports / "a.jsonl", (time.time() - 100, time.time() - 100))
    assert fetched(engine, config, 1).documents == 0
    (exports / "a.jsonl").rename(exports / "z.jsonl")
    assert fetched(engine, config, 2).documents == 0


@pytest.mark.slow
def test_unfinished_files_wait(engine: Engine, config: Config, exports: Path) -> None:
    put(exports / "cut.json", b'[{"title": "How Wasps Dive at Night"}, {"tit', seconds_ago=60)
    put(exports / "open.jsonl", json_lines("How Flies Hover at Night"))
    with (exports / "open.jsonl").open("ab"):
        put(exports / "0-new.jsonl", json_lines("How Ants Walk at Night"), seconds_ago=-5)
        report = fetched(engine, config, 0)
    assert (report.new, report.problem) == (1, None)
    assert [Path(each.partition(": ")[0]).name for each in report.waiting] == ["0-new.jsonl", "cut.json", "open.jsonl"]
    assert report.next_due == MONDAY + timedelta(minutes=1)
    for name in ("0-new.jsonl", "cut.json", "open.jsonl"):
        os.utime(exports / name, (time.time() - 3600, time.time() - 3600))
    report = fetched(engine, config, 1)
    assert (report.new, report.waiting) == (3, ())


def test_a_bad_file_is_the_problem_of_its_source_until_it_is_gone_and_stops_no_other(
    engine: Engine, config: Config, exports: Path
) -> None:
    put(exports / "0-bad.html", b"<html><body>Not found</body></html>")
    report = fetched(engine, config, 0)
    assert (report.status, report.new, report.is_new_problem) == ("failed", 1, True)
    assert report.problem
    assert str(exports / "0-bad.html") in report.problem
    again = fetched(engine, config, 1)
    assert (again.problem, again.is_new_problem) == (report.problem, False)
    put(exports / "b.jsonl", json_lines("How Ants Walk at Night"))
    assert fetched(engine, config, 2).new == 1
    assert history_of(engine, "mine").last_succeeded_at == MONDAY + 2 * AN_HOUR
    (exports / "0-bad.html").unlink()
    assert fetched(engine, config, 3).problem is None


def test_special_files_and_files_that_are_too_large_are_refused_and_block_nothing(
    engine: Engine, tmp_path: Path, exports: Path
) -> None:
    os.mkfifo(exports / "0-pipe")
    put(exports / "1-large.jsonl", b" " * (2 << 20))
    config = config_with(tmp_path, {"mine": {"folder": "exports"}}).model_copy(
        update={"limits": Config().limits.model_copy(update={"file_mb": 1})}
    )
    report = fetched(engine, config, 0)
    assert report.new == 1
    assert report.problem
    assert "(and 1 more)" in report.problem


def test_a_folder_that_does_not_exist_is_a_problem_in_words(engine: Engine, tmp_path: Path) -> None:
    report = fetched(engine, config_with(tmp_path, {"mine": {"folder": "exprots"}}), 0)
    assert report.problem
    assert f"cannot read the folder {tmp_path}/exprots: No such file" in report.problem


def test_a_pattern_finds_files_in_folders_below_it(engine: Engine, tmp_path: Path, exports: Path) -> None:
    (exports / "2026").mkdir()
    put(exports / "2026" / "b.jsonl", json_lines("How Ants Walk at Night"))
    put(exports / "2026" / "notes.txt", b"Nothing for anybody.")
    (exports / "2026" / "link.jsonl").symlink_to(exports / "a.jsonl")
    report = fetched(engine, config_with(tmp_path, {"mine": {"glob": "exports/**/*.jsonl"}}), 0)
    assert (report.new, report.problem) == (2, None)


def test_a_pattern_without_files_is_no_problem(engine: Engine, tmp_path: Path) -> None:
    report = fetched(engine, config_with(tmp_path, {"mine": {"glob": str(tmp_path / "none" / "*.json")}}), 0)
    assert (report.status, report.problem) == ("unchanged", None)


def test_the_day_in_the_name_of_a_file_counts_and_old_days_are_not_announced(
    engine: Engine, config: Config, exports: Path
) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True))
    fetched(engine, config, 0)
    old, new = MONDAY.date() - 7 * A_DAY, MONDAY.date() - 6 * A_DAY
    put(exports / f"{old}.jsonl", json_lines("How Old Bees Fly at Night"))
    put(exports / f"{new}.jsonl", json_lines("How New Bees Fly at Night"))
    fetched(engine, config, 1)
    assert set(history_of(engine, "mine").days) == {old, new, MONDAY.date()}
    assert news_of(engine, config, MONDAY.replace(hour=8), ANN) == ["How New Bees Fly at Night"]


def test_a_file_with_a_name_of_any_bytes_is_read_once(engine: Engine, config: Config, exports: Path) -> None:
    put(exports / os.fsdecode(b"\xe9t\xe9 %41.jsonl"), json_lines("How Ants Walk at Night"))
    assert (fetched(engine, config, 0).new, fetched(engine, config, 1).documents) == (2, 0)
