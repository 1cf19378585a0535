"""The commands that change topics, and the one that lists what administrators did."""

from __future__ import annotations

import json
from pathlib import Path

from support.service import MONDAY, page_text, run_notifier

from notifier.models import AdminEntry
from notifier.operations import logged
from notifier.store import open_store


def test_topics_are_added_edited_removed_and_restored(tmp_path: Path) -> None:
    def said(*words: str) -> str:
        done = run_notifier("topics", *words, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def listed() -> dict[str, tuple[str, int]]:
        found = json.loads(said("--json"))
        return {each["slug"]: (each["origin"], each["papers"]) for each in found}

    (tmp_path / "2026-07-06.txt").write_text(page_text(["How Bees Fly at Night", "A Survey of Wasps"]), "utf-8")
    assert run_notifier("ingest", "2026-07-06.txt", cwd=tmp_path).returncode == 0
    assert "the topic bees is in use" in said("add", "bees", "--title", "Bees", "--query", "bee OR honey")
    assert listed()["bees"] == ("database", 1)
    said("edit", "bees", "--query", "bee OR wasp")
    assert listed()["bees"] == ("database", 2)
    assert "the topic bees is removed" in said("remove", "bees")
    assert "bees" not in listed()
    said("restore", "bees")
    said("edit", "quantization", "--title", "Fewer Bits")
    assert listed()["quantization"][0] == "database"
    assert "the topic quantization is as built in" in said("restore", "quantization")
    assert listed()["quantization"][0] == "built-in"
    assert json.loads(run_notifier("admin-log", "--json", cwd=tmp_path).stdout) == []


def test_wrong_commands_about_topics_are_refused_in_one_sentence(tmp_path: Path) -> None:
    new = ("--title", "Bees", "--query", "bee")
    for words, why in (
        (("add", "../x", *new), "lower-case words joined by hyphens"),
        (("add", "quantization", *new), "there is a topic quantization already"),
        (("add", "bees", "--title", "Bees", "--query", "bee OR ("), "column"),
        (("edit", "quantisation", "--title", "Q"), "did you mean quantization?"),
        (("restore", "quantization"), "neither removed nor a changed built-in one"),
    ):
        refused = run_notifier("topics", *words, cwd=tmp_path)
        assert (refused.returncode, refused.stderr.count("\n"), why in refused.stderr) == (2, 1, True), refused.stderr


def test_the_log_of_administrators_is_listed(tmp_path: Path) -> None:
    assert "changed nothing yet" in run_notifier("admin-log", cwd=tmp_path).stdout
    engine = open_store(f"sqlite:///{tmp_path}/var/notifier.db")
    logged(engine, AdminEntry(at=MONDAY, actor="ann@example.org", action="hold", subject="delivery 7"), lambda: None)
    engine.dispose()
    table = run_notifier("admin-log", cwd=tmp_path).stdout
    assert all(word in table for word in ("2026-07-06 06:00", "ann@example.org", "hold", "delivery 7", "done"))
    (entry,) = json.loads(run_notifier("admin-log", "--json", cwd=tmp_path).stdout)
    assert (entry["id"], entry["actor"], entry["outcome"]) == (1, "ann@example.org", "done")
