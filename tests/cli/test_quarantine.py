"""Typed paths may lead anywhere and stay where they are; quarantined dumps are listed, retried and dropped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.service import clean_environment, page_text, run_notifier

GOOD = page_text(["How Bees Fly at Night", "About Something Else Entirely"])
LIMITED = "[limits]\nfile_mb = 1\n"


def run(folder: Path, *arguments: str | Path, code: int = 0) -> str:
    done = run_notifier(*arguments, cwd=folder)
    assert done.returncode == code, done.stderr
    return done.stdout


def set_aside(folder: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(run(folder, "quarantine", "--json"))
    assert [each["path"] for each in found] == [
        each["path"] for each in json.loads(run(folder, "status", "--json"))["quarantine"]
    ]
    return found


def quarantined(folder: Path, name: str = "papers.txt", content: str = "[1]") -> Path:
    """Put a file into the dumps folder, let `once` quarantine it, and return where it is then."""
    file = folder / "var" / "dumps" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")
    os.utime(file, (0, 0))
    run(folder, "once", code=1)
    return folder / "var" / "quarantine" / name


@pytest.mark.slow
def test_a_typed_path_may_lead_up_through_links_and_pipes_and_its_file_stays(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    daily = tmp_path / "daily.txt"
    daily.write_text(GOOD, encoding="utf-8")
    (here / "link.txt").symlink_to(daily)
    (reported,) = json.loads(run(here, "ingest", "../daily.txt", "--json"))["dumps"]
    assert (reported["status"], reported["new"]) == ("ingested", 2)
    assert "known already" in run(here, "ingest", "link.txt")
    assert daily.read_text(encoding="utf-8") == GOOD
    assert set_aside(here) == []


@pytest.mark.slow
@pytest.mark.parametrize("path", ["-", "/dev/stdin"])
@pytest.mark.parametrize(("content", "status", "code"), [(GOOD, "ingested", 0), ("[1]", "failed", 1)])
def test_a_dump_may_come_from_stdin(path: str, content: str, status: str, code: int, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "notifier", "ingest", path, "--json"],
        cwd=tmp_path,
        env=clean_environment(),
        input=content,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert [dump["status"] for dump in json.loads(done.stdout)["dumps"]] == [status]
    assert set_aside(tmp_path) == []


def test_a_typed_path_that_cannot_be_read_is_reported_and_stops_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "dumps"
    folder.mkdir()
    os.mkfifo(folder / "a.pipe")
    (folder / "b.txt").symlink_to(tmp_path / "missing.txt")
    (folder / "c.txt").write_text(GOOD, encoding="utf-8")
    dumps = json.loads(run(tmp_path, "ingest", "dumps", "--json", code=1))["dumps"]
    assert [dump["status"] for dump in dumps] == ["failed", "failed", "ingested"]
    assert set_aside(tmp_path) == []


@pytest.mark.slow
def test_a_typed_file_that_is_no_dump_is_listed_and_dropping_it_leaves_the_file(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    bad = tmp_path / "bad.json"
    bad.write_text("[1]", encoding="utf-8")
    run(here, "ingest", "../bad.json", code=1)
    (listed,) = set_aside(here)
    assert listed["path"] == str(bad)
    assert "the file itself stays" in run(here, "quarantine", "drop", "../bad.json")
    assert set_aside(here) == []
    assert bad.exists()


@pytest.mark.slow
def test_a_dump_of_the_folder_is_listed_where_it_is_and_retried_after_it_was_corrected(tmp_path: Path) -> None:
    file = quarantined(tmp_path)
    (listed,) = set_aside(tmp_path)
    assert (listed["path"], sorted(listed)) == (str(file), ["at", "path", "reason"])
    shown = run(tmp_path, "quarantine")
    assert str(file) in shown
    assert listed["reason"] in shown
    assert "notifier quarantine retry PATH" in run(tmp_path, "status")
    run(tmp_path, "quarantine", "retry", file, code=1)
    assert len(set_aside(tmp_path)) == 1
    file.write_text(GOOD, encoding="utf-8")
    assert json.loads(run(tmp_path, "quarantine", "retry", "var/quarantine/papers.txt", "--json"))["new"] == 2
    assert set_aside(tmp_path) == []
    assert "no dump is quarantined" in run(tmp_path, "quarantine")
    assert list(file.parent.iterdir()) == []
    assert [each.name for each in (tmp_path / "var" / "done").iterdir()] == ["papers.txt"]


@pytest.mark.slow
def test_a_dump_is_retried_by_its_name_after_a_limit_was_raised(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(LIMITED, encoding="utf-8")
    quarantined(tmp_path, "2026-07-06.txt", GOOD + "\n" * (1 << 20))
    (tmp_path / "config.toml").unlink()
    report = json.loads(run(tmp_path, "quarantine", "retry", "2026-07-06.txt", "--json"))
    assert (report["status"], report["listed_on"]) == ("ingested", "2026-07-06")


@pytest.mark.slow
def test_files_of_the_same_name_are_dropped_one_by_one(tmp_path: Path) -> None:
    file = quarantined(tmp_path)
    quarantined(tmp_path, content="[2]")
    second = next(Path(each["path"]) for each in set_aside(tmp_path) if each["path"] != str(file))
    assert second.read_text(encoding="utf-8") == "[2]"
    assert "is deleted" in run(tmp_path, "quarantine", "drop", second)
    assert [each["path"] for each in set_aside(tmp_path)] == [str(file)]
    assert sorted(each.name for each in file.parent.iterdir()) == ["papers.txt", "papers.txt.reason"]


@pytest.mark.slow
def test_a_file_that_somebody_took_out_of_the_folder_is_not_listed_after_the_next_run(tmp_path: Path) -> None:
    quarantined(tmp_path).unlink()
    assert "drop" in run_notifier("quarantine", "retry", "papers.txt", cwd=tmp_path).stderr
    run(tmp_path, "once")
    assert set_aside(tmp_path) == []


@pytest.mark.parametrize("verb", ["retry", "drop"])
def test_a_path_that_is_not_set_aside_is_refused(verb: str, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text(GOOD, encoding="utf-8")
    done = run_notifier("quarantine", verb, "good.txt", cwd=tmp_path)
    assert (done.returncode, (tmp_path / "good.txt").exists()) == (2, True)
    assert "`notifier quarantine` lists" in done.stderr


@pytest.mark.parametrize("verb", [[], ["retry"], ["drop"]])
def test_the_help_of_each_verb_has_an_example(verb: list[str], tmp_path: Path) -> None:
    assert "Example: notifier quarantine" in run(tmp_path, "quarantine", *verb, "--help")
