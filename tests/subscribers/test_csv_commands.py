"""The commands that import and export subscribers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.service import run_notifier

from notifier.subscribers.spreadsheet import RefusedRow

HEADER = "email,state,query,topic,cadence,hour,timezone,name\n"
ANN = "ann@example.org"


def test_the_import_command_lists_wrong_rows_on_stderr_and_exits_with_1(tmp_path: Path) -> None:
    (tmp_path / "subscribers.csv").write_text(HEADER + f"{ANN},ACTIVE,,,,,\nnobody,,,,,,\n", encoding="utf-8")
    run = run_notifier("subscribers", "import", "subscribers.csv", "--now", "2026-07-06T06:00Z", cwd=tmp_path)
    assert run.returncode == 1
    assert run.stdout == "1 row imported: 1 new subscriber, 1 new subscription; 1 refused\n"
    assert run.stderr.startswith("subscribers.csv, line 3: 'nobody' is not an email address")
    again = run_notifier("subscribers", "import", "subscribers.csv", "--json", cwd=tmp_path)
    document = json.loads(again.stdout)
    counts = {"rows": 1, "new_subscribers": 0, "new_subscriptions": 0, "reinstated": 0}
    assert document == {**counts, "refused": document["refused"], "notes": []}
    assert RefusedRow(**document["refused"][0]).line == 3


def test_the_export_command_writes_a_file_and_the_list_command_still_works(tmp_path: Path) -> None:
    run_notifier("subscribe", ANN, "--confirmed", cwd=tmp_path)
    assert run_notifier("subscribers", "export", "subscribers.csv", cwd=tmp_path).returncode == 0
    assert (tmp_path / "subscribers.csv").read_text(encoding="utf-8").startswith(HEADER.strip())
    assert json.loads(run_notifier("subscribers", "--json", cwd=tmp_path).stdout)[0]["email"] == ANN
    assert ANN in run_notifier("subscribers", cwd=tmp_path).stdout
    assert run_notifier("subscribers", "import", "missing.csv", cwd=tmp_path).returncode == 2
    assert (
        "config.toml" in run_notifier("subscribers", "--config", "no-config.toml", "export", "x", cwd=tmp_path).stderr
    )


@pytest.mark.parametrize("verb", [[], ["import"], ["export"]])
def test_the_subcommands_of_subscribers_have_help_with_an_example(verb: list[str], tmp_path: Path) -> None:
    assert "Example: notifier subscribers" in run_notifier("subscribers", *verb, "--help", cwd=tmp_path).stdout
