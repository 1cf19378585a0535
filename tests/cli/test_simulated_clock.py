"""`--now` far from the machine's clock: commands may read any database, and write only to one that was made for it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import typer
from sqlalchemy import update
from support.service import SEEDS, open_store_in, run_notifier
from support.web_site import database_content

from notifier.cli import app
from notifier.store import writing
from notifier.store.tables import Table

ANN = "ann@example.org"
IN_2030 = "2030-01-01T08:00:00+01:00"
IN_2036 = datetime(2036, 3, 6, 8, tzinfo=UTC)


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """A folder with the database of a service that runs by the machine's clock: papers, and one subscriber."""
    assert run_notifier("ingest", SEEDS[0], cwd=tmp_path).returncode == 0
    assert run_notifier("subscribe", ANN, "--topic", "all", "--confirmed", cwd=tmp_path).returncode == 0
    return tmp_path


def contents(folder: Path) -> str:
    """Return everything that the database holds, as text."""
    engine = open_store_in(folder)
    content = database_content(engine)
    engine.dispose()
    return content


WRITING = [
    ["plan"],
    ["once"],
    ["deliver"],
    ["serve"],
    ["worker"],
    ["ingest", str(SEEDS[1])],
    ["fetch"],
    ["subscribe", ANN, "--at", "09:00"],
    ["subscribe", "bob@example.org", "--confirmed"],
    ["unsubscribe", ANN],
    ["pause", ANN],
    ["resume", ANN],
    ["erase", ANN],
    ["reinstate", ANN],
    ["quarantine", "retry", "x.txt"],
    ["subscribers", "import", "subscribers.csv"],
    ["deliveries", "hold", "1"],
    ["digest", ANN, "--send"],
    ["bounce"],
    ["db", "restored"],
    ["pin", "2607.00001", "--day", "2026-07-06", "--note", "A note", "--by", "Ann"],
    ["unpin", "2607.00001"],
    ["hide", "2607.00001"],
    ["unhide", "2607.00001"],
    ["correct", "2607.00001", "--title", "A Title"],
    ["merge", "2607.00001", "2607.00002"],
    ["part", "2607.00001"],
    ["curation", "undo", "1"],
    ["token", "create", "--scope", "read:papers"],
    ["webhooks", "add", "https://bot.example.org/hook"],
    ["webhooks", "test", "1"],
    ["topics", "add", "bees", "--title", "Bees", "--query", "bees"],
    ["topics", "edit", "llm", "--title", "Models"],
    ["topics", "remove", "llm"],
    ["topics", "restore", "llm"],
    ["channel", "add", "lab"],
    ["channel", "test", "lab"],
    ["channel", "remove", "lab"],
]
LOOKING = [
    ["plan", "--dry-run"],
    ["plan", "--dry-run", "--json"],
    ["reinstate", ANN, "--dry-run"],
    ["status"],
    ["sources"],
    ["trending"],
    ["preview", "topic:reasoning"],
    ["deliveries", "show", "1"],
    ["digest", ANN],
]
LOOKING_WITHOUT_NOW = [["topics"], ["subscribers"], ["deliveries"]]


def verbs_with_now(command: Any, *names: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of each verb that has the option --now."""
    for name, verb in getattr(command, "commands", {}).items():
        yield from verbs_with_now(verb, *names, name)
    if any("--now" in parameter.opts for parameter in command.params):
        yield names


def test_every_verb_with_a_clock_either_refuses_a_far_date_or_only_looks() -> None:
    tried = [*WRITING, *LOOKING, ["demo"]]  # the demo has a test of its own
    found = list(verbs_with_now(typer.main.get_command(app)))
    assert len(found) > len(LOOKING)
    assert [names for names in found if not any(tuple(verb[: len(names)]) == names for verb in tried)] == []


@pytest.mark.slow
@pytest.mark.parametrize("verb", WRITING)
def test_a_verb_that_writes_refuses_a_far_date_and_writes_nothing(real: Path, verb: list[str]) -> None:
    (real / "subscribers.csv").write_text("email\nbob@example.org\n", encoding="utf-8")
    before = contents(real)
    done = run_notifier(*verb, "--now", IN_2030, cwd=real)
    assert done.returncode == (os.EX_TEMPFAIL if verb == ["bounce"] else 2)  # a mail server gives the mail again
    assert f"--now {IN_2030} is 3" in done.stderr
    assert "years from this machine's clock" in done.stderr
    assert ("--dry-run" in done.stderr) == (verb[0] in ("plan", "reinstate"))
    assert contents(real) == before


@pytest.mark.slow
@pytest.mark.parametrize("verb", [*LOOKING, *LOOKING_WITHOUT_NOW])
def test_looking_takes_any_date_and_changes_nothing(real: Path, verb: list[str]) -> None:
    (real / "config.toml").write_text(
        '[topics.mine]\ntitle = "Mine"\ndescription = "My topic."\nquery = "model OR learning"\n', encoding="utf-8"
    )
    if "show" in verb:
        soon = (datetime.now(UTC) + timedelta(days=2)).isoformat()
        assert run_notifier("plan", "--now", soon, cwd=real).returncode == 0
    before = contents(real)
    dated = [] if verb in LOOKING_WITHOUT_NOW else ["--now", IN_2030]
    done = run_notifier(*verb, *dated, cwd=real)
    assert done.returncode == 0, done.stderr
    assert contents(real) == before


def test_a_date_within_a_week_is_accepted(real: Path) -> None:
    soon = (datetime.now(UTC) + timedelta(days=6)).isoformat()
    assert json.loads(run_notifier("plan", "--json", "--now", soon, cwd=real).stdout)["due"] == 1


def test_a_dry_run_shows_what_planning_then_does(real: Path) -> None:
    soon = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    looked = run_notifier("plan", "--dry-run", "--json", "--now", soon, cwd=real)
    shown = run_notifier("plan", "--dry-run", "--now", soon, cwd=real)
    planned = run_notifier("plan", "--json", "--now", soon, cwd=real)
    assert json.loads(looked.stdout) == json.loads(planned.stdout) == {"due": 1, "digests": 1, "skipped": 0}
    assert ANN in shown.stdout
    assert "nothing was written" in shown.stdout


@pytest.mark.slow
def test_a_database_whose_first_command_has_a_far_date_takes_any_date(tmp_path: Path) -> None:
    def run(*arguments: str) -> CompletedProcess[str]:
        return run_notifier(*arguments, cwd=tmp_path)

    assert run("init").returncode == 0
    assert run("subscribe", ANN, "--topic", "all", "--confirmed", "--now", "2028-02-01T00:00Z").returncode == 0
    assert run("plan", "--now", "2028-02-02T08:00Z").returncode == 0
    assert run("plan", "--now", IN_2030).returncode == 0


@pytest.mark.slow
def test_the_demo_takes_a_far_date_in_a_new_folder_but_not_in_one_of_today(tmp_path: Path) -> None:
    assert run_notifier("demo", "--now", "2026-07-06T01:00Z", cwd=tmp_path).returncode == 0
    assert run_notifier("demo", "--folder", "today", cwd=tmp_path).returncode == 0
    refused = run_notifier("demo", "--folder", "today", "--now", IN_2030, cwd=tmp_path)
    assert refused.returncode == 2
    assert "choose another --folder" in refused.stderr


def test_once_says_that_dates_were_reset(real: Path) -> None:
    engine = open_store_in(real)
    with writing(engine) as connection:
        connection.execute(
            update(Table.metadata.tables["subscriber"]).values(last_date=date(2036, 3, 5), next_due=IN_2036)
        )
    engine.dispose()
    done = run_notifier("once", cwd=real)
    assert done.returncode == 0
    assert "notifier: 1 subscriber had a next digest in 2036" in done.stderr
    (subscriber,) = json.loads(run_notifier("subscribers", "--json", cwd=real).stdout)
    assert datetime.fromisoformat(subscriber["next_due"]) < datetime.now(UTC) + timedelta(days=2)
