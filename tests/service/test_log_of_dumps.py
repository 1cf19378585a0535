"""What the log of the service says about dumps."""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from notifier.config import Config
from notifier.service.jobs import Jobs


def put(folder: Path, *titles: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "lines.jsonl"
    file.write_text("".join(json.dumps({"title": title}) + "\n" for title in titles), encoding="utf-8")
    os.utime(file, (0, 0))
    return file


@pytest.fixture
def jobs(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Jobs:
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.INFO)
    config = Config.model_validate({"ingest": {"folder": str(tmp_path / "dumps")}})
    return Jobs(engine, config, lambda: datetime.now(UTC), lambda _loop: None)


def test_it_says_which_fields_were_cut(jobs: Jobs, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = put(tmp_path / "dumps", "Bees " + 200 * "fly ", "How Ants Walk")
    jobs.start()
    assert f"{file}: 1 field cut (" in caplog.text


def test_it_says_which_file_grew_after_it_was_read(
    jobs: Jobs, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = put(tmp_path / "dumps", "How Bees Fly")
    jobs.start()
    done = tmp_path / "done" / file.name
    with done.open("a", encoding="utf-8") as writer:
        writer.write(json.dumps({"title": "How Ants Walk"}) + "\n")
    os.utime(done, (0, 0))
    jobs.look_into_folder()
    assert f"{done} was written to after it was read; {file} is read again" in caplog.text
    assert f"{file}: 2 listings, 1 new paper" in caplog.text
