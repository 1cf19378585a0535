"""The commands of curators: what they print, that the operator is in the log, and that refusals are one sentence."""

from __future__ import annotations

import json
from pathlib import Path

from support.service import page_text, run_notifier


def test_commands_pin_hide_correct_merge_part_and_undo(tmp_path: Path) -> None:
    (tmp_path / "2026-07-06.txt").write_text(page_text(["The First Paper of All", "The Second Paper of All"]), "utf-8")
    assert run_notifier("ingest", "2026-07-06.txt", cwd=tmp_path).returncode == 0
    trending = json.loads(run_notifier("trending", "--json", cwd=tmp_path).stdout)
    first, second = (each["key"] for each in trending)
    note = ("--note", "Read\x1b[31m this", "--by", "Ann")
    done = run_notifier("pin", first, "--day", "2026-07-06", *note, cwd=tmp_path)
    assert done.stdout.splitlines() == [
        f"pinned {first}: The First Paper of All",
        "  pin: - -> 2026-07-06: Read[31m this (Ann)",
        "`notifier curation undo 1` undoes it",
    ]
    as_json = json.loads(
        run_notifier("hide", f"https://me.example/paper/{second.upper()}", "--json", cwd=tmp_path).stdout
    )
    assert (as_json["id"], as_json["by"], as_json["action"]) == (2, "the operator", "hide")
    corrected = ("correct", first, "--title", "A Better Title", "--add-topic", "robotics", "--remove-topic", "agents")
    for words in (corrected, ("merge", second, first), ("part", f" {second}/"), ("unhide", second), ("unpin", first)):
        assert run_notifier(*words, cwd=tmp_path).returncode == 0, words
    assert run_notifier("curation", "undo", "7", cwd=tmp_path).returncode == 0
    for words, why in (
        (("curation", "undo", "7"), "undone by entry 8 already"),
        (("pin", first, "--day", "", *note), "--day is empty"),
    ):
        refused = run_notifier(*words, cwd=tmp_path)
        assert (refused.returncode, refused.stderr.count("\n"), why in refused.stderr) == (2, 1, True)
    log = json.loads(run_notifier("curation", "--json", cwd=tmp_path).stdout)
    assert [(each["id"], each["action"], each["undoes"]) for each in log] == [
        (8, "unpin", 7),
        (7, "unpin", None),
        (6, "unhide", None),
        (5, "part", None),
        (4, "merge", None),
        (3, "correct", None),
        (2, "hide", None),
        (1, "pin", None),
    ]
    table = run_notifier("curation", cwd=tmp_path).stdout
    assert "topic robotics: - -> added; topic agents: - -> removed" in table
    late = run_notifier("pin", second, "--day", "2099-01-01", *note, "--json", cwd=tmp_path)
    assert (json.loads(late.stdout)["action"], late.stderr.count("digests do not bring it again")) == ("pin", 1)
