"""The commands about sources: fetch, sources, ingest with a URL, and init with a preset."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fetched_sources import json_lines, write_config
from support.https_service import Answer, HttpsService, https_service
from support.service import clean_environment, run_notifier

MONDAY = "2026-07-06T06:00Z"


@pytest.fixture
def service() -> Iterator[HttpsService]:
    with https_service({"/papers.jsonl": Answer(json_lines("How Bees Fly", "How Ants Walk"))}) as running:
        yield running


def write_sources(folder: Path, service: HttpsService) -> None:
    lines = {"url": "/papers.jsonl", "pause_seconds": 0}
    write_config(folder, service, lines=lines, gone={"url": "/gone", "pause_seconds": 0})


def test_fetch_prints_what_came_and_what_is_wrong(tmp_path: Path, service: HttpsService) -> None:
    write_sources(tmp_path, service)
    run = run_notifier("fetch", "--now", MONDAY, cwd=tmp_path)
    heading, first, second, remark = run.stdout.splitlines()
    assert heading.split() == ["source", "status", "documents", "unchanged", "papers", "new", "next"]
    assert first.split() == ["lines", "fetched", "1", "0", "2", "2", "2026-07-06", "12:00", "UTC"]
    assert second.split()[:6] == ["gone", "failed", "0", "0", "0", "0"]
    assert remark.startswith("lines: this was its first fetch, so these papers are stored without announcing them")
    assert run.stderr.startswith("gone: ")
    assert "404" in run.stderr
    assert run.returncode == 1
    again = run_notifier("fetch", "--now", MONDAY, cwd=tmp_path)
    assert (again.returncode, again.stdout.split(";")[0]) == (0, "no source is due")


def test_fetch_takes_the_named_sources_only_and_knows_their_names(tmp_path: Path, service: HttpsService) -> None:
    write_sources(tmp_path, service)
    run = run_notifier("fetch", "lines", "--json", "--now", MONDAY, cwd=tmp_path)
    (report,) = json.loads(run.stdout)["sources"]
    assert (run.returncode, report["name"], report["status"], report["new"]) == (0, "lines", "fetched", 2)
    assert report["dumps"][0]["listed_on"] == "2026-07-06"
    wrong = run_notifier("fetch", "line", cwd=tmp_path)
    assert (wrong.returncode, wrong.stderr) == (
        2,
        "notifier: there is no source 'line'; the config has gone, lines; see [sources.NAME] in the config\n",
    )


def test_sources_lists_all_sources_before_and_after_they_were_fetched(tmp_path: Path, service: HttpsService) -> None:
    write_sources(tmp_path, service)
    run = run_notifier("sources", "--now", MONDAY, cwd=tmp_path)
    assert run.stdout.splitlines()[1].split()[:3] == ["lines", service.url("/papers.jsonl"), "never"]
    assert not (tmp_path / "var" / "notifier.db").exists()
    run_notifier("fetch", "--now", MONDAY, cwd=tmp_path)
    lines, gone, cure = run_notifier("sources", "--now", MONDAY, cwd=tmp_path).stdout.splitlines()[1:]
    assert "2026-07-06 06:00 UTC  2 on 2026-07-06  2026-07-06 12:00 UTC" in lines
    assert "broken since Monday, 2026-07-06: HTTP 404" in gone
    assert cure.startswith(
        "gone: Check the URL. It was tried 3 times, the last time at 06:00 UTC; the next try is due at "
    )
    documents = json.loads(run_notifier("sources", "--json", "--now", MONDAY, cwd=tmp_path).stdout)
    assert [(each["name"], each["papers"], each["failures"]) for each in documents] == [
        ("lines", 2, 0),
        ("gone", None, 3),
    ]


def test_without_sources_the_commands_say_how_to_add_one(tmp_path: Path) -> None:
    for command in ("fetch", "sources"):
        run = run_notifier(command, cwd=tmp_path)
        assert run.returncode == 0
        assert 'add one to the config, such as [sources.daily] with preset = "huggingface"' in run.stdout


def test_ingest_fetches_a_web_address_once(tmp_path: Path, service: HttpsService) -> None:
    write_sources(tmp_path, service)
    url = service.url("/papers.jsonl")
    run = run_notifier("ingest", url, "--date", "2026-07-03", "--json", "--now", MONDAY, cwd=tmp_path)
    (report,) = json.loads(run.stdout)["dumps"]
    assert (report["path"], report["status"], report["listed_on"], report["new"]) == (url, "ingested", "2026-07-03", 2)
    assert "known already" in run_notifier("ingest", url, "--now", MONDAY, cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://localhost:{port}/gone", "404"),
        ("https://localhost:{port}/page", "not a dump"),
        ("http://localhost:{port}/papers.jsonl", "without TLS"),
        ("https://127.0.0.1:{port}/papers.jsonl", "[fetching] allow_private"),
        ("ftp://localhost/papers.jsonl", "https://"),
    ],
)
def test_ingest_says_why_a_web_address_brings_nothing(
    url: str, words: str, tmp_path: Path, service: HttpsService
) -> None:
    service.scripts["/page"] = Answer(b"<html><body>Sign in</body></html>")
    write_sources(tmp_path, service)
    run = run_notifier("ingest", url.format(port=service.port), "--now", MONDAY, cwd=tmp_path)
    assert (run.returncode, words in run.stderr) == (1, True), run.stderr
    assert json.loads(run_notifier("status", "--json", cwd=tmp_path).stdout)["quarantine"] == []


@pytest.mark.parametrize("preset", ["huggingface", "arxiv", "biorxiv", "medrxiv"])
def test_init_writes_a_source_into_a_new_config(preset: str, tmp_path: Path) -> None:
    run = run_notifier("init", "--preset", preset, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    config = tomllib.loads((tmp_path / "config.toml").read_text(encoding="utf-8"))
    (source,) = config["sources"].values()
    assert source["preset"] == preset
    assert "`notifier fetch` fetches their papers now" in run.stdout
    assert run_notifier("init", "--preset", preset, cwd=tmp_path).returncode == 0


def test_init_leaves_an_existing_config_and_says_what_to_add(tmp_path: Path) -> None:
    assert run_notifier("init", cwd=tmp_path).returncode == 0
    before = (tmp_path / "config.toml").read_bytes()
    run = run_notifier("init", "--preset", "huggingface", cwd=tmp_path)
    assert run.returncode == 2
    assert '[sources.daily]\npreset = "huggingface"\n' in run.stdout
    assert "add the lines above to it" in run.stderr
    assert (tmp_path / "config.toml").read_bytes() == before


def test_init_refuses_a_preset_that_needs_more_than_a_name(tmp_path: Path) -> None:
    run = run_notifier("init", "--preset", "openreview", cwd=tmp_path)
    assert (run.returncode, "use one of huggingface, arxiv, biorxiv, medrxiv" in run.stderr) == (2, True)
    assert not (tmp_path / "config.toml").exists()


@pytest.mark.parametrize(("answer", "sources"), [("\n", ["daily"]), ("arxiv\n", ["arxiv"]), ("none\n", [])])
def test_init_asks_for_a_preset_on_a_terminal(answer: str, sources: list[str], tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "notifier", "init"],
        cwd=tmp_path,
        env=clean_environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as run:
        os.write(ours, answer.encode())
        assert run.wait(60) == 0
    os.close(theirs)
    os.close(ours)
    config = tomllib.loads((tmp_path / "config.toml").read_text(encoding="utf-8"))
    assert list(config.get("sources", {})) == sources
