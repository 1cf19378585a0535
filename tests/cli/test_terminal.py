"""No text from outside reaches the terminal with characters that control it, whatever command prints it, and where."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.service import SEEDS, run_notifier

from notifier.cli.terminal import InertStream
from notifier.text.harmless import inert

# A title of the window, a cleared screen, the same with an 8-bit control, a reversed line, a tag, and a forged line.
HOSTILE = ("\x1b]0;owned\x07", "\x1b[2J", "\x9b2J", "\u202ereversed", "\U000e0041", "\rnotifier: all is well", "\x7f")
NAME = "".join(HOSTILE)
FORGED_LINE = "a\nnotifier: all is well"


def controls(text: str) -> set[str]:
    """Return the characters of an output that control a terminal. Line ends do not count."""
    return {each for each in text if each != "\n" and inert(each) != each}


@pytest.mark.parametrize(
    "arguments",
    [
        ["ingest", f"missing{NAME}.json"],
        ["preview", f"deep {NAME}"],
        ["preview", f"field{NAME}:deep"],
        ["subscribe", f"ann{NAME}@example.org"],
        ["unsubscribe", f"ann{NAME}"],
        ["subscribe", "ann@example.org", "--topic", NAME],
        ["plan", "--now", NAME],
        ["status", "--config", f"{NAME}.toml"],
        [f"--{NAME}"],
        [f"verb{NAME}"],
        ["trending", "--limit", NAME],
        ["deliveries", "show", NAME],
    ],
    ids=" ".join,
)
def test_an_error_message_quotes_an_argument_without_controls(arguments: list[str], tmp_path: Path) -> None:
    run = run_notifier(*arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert run.stderr
    assert controls(run.stdout + run.stderr) == set()


@pytest.mark.slow
def test_names_of_dumps_are_shown_without_controls_by_every_verb_that_shows_them(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "dumps"
    folder.mkdir(parents=True)
    bad, good = folder / f"bad{NAME}.json", folder / f"good{NAME}.txt"
    bad.write_text(json.dumps([{"no title": f"{NAME}"}]), encoding="utf-8")
    shutil.copy(SEEDS[0], good)
    os.utime(bad, (1_700_000_000, 1_700_000_000))
    os.utime(good, (1_700_000_000, 1_700_000_000))
    for arguments in (["ingest", str(bad), str(good)], ["once"], ["status"]):
        run = run_notifier(*arguments, cwd=tmp_path)
        assert run.returncode in (0, 1)
        assert controls(run.stdout + run.stderr) == set()
    (reason,) = (tmp_path / "var" / "quarantine").glob("*.reason")
    assert controls(reason.read_text(encoding="utf-8")) == set()


def test_a_json_document_holds_the_true_name_in_escapes(tmp_path: Path) -> None:
    (tmp_path / f"bad{NAME}.json").write_text("[1]", encoding="utf-8")
    for verb in (["ingest", f"bad{NAME}.json", "--json"], ["status", "--json"]):
        run = run_notifier(*verb, cwd=tmp_path)
        assert controls(run.stdout + run.stderr) == set()
        document = json.loads(run.stdout)
        (shown,) = [each["path"] for each in document.get("dumps") or document["quarantine"]]
        assert shown.endswith(f"bad{NAME}.json")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_stdout_that_cannot_encode_a_name_gets_it_without_controls(encoding: str, tmp_path: Path) -> None:
    (tmp_path / f"bad\u03b1{NAME}.json").write_text("[1]", encoding="utf-8")
    run = run_notifier("ingest", f"bad\u03b1{NAME}.json", cwd=tmp_path, environment={"PYTHONIOENCODING": encoding})
    assert "bad\\u03b1" in run.stdout
    assert controls(run.stdout + run.stderr) == set()


@pytest.mark.slow
def test_a_line_end_in_a_name_forges_no_line(tmp_path: Path) -> None:
    (tmp_path / FORGED_LINE).write_text("[1]", encoding="utf-8")
    for verb in (["ingest", FORGED_LINE], ["ingest", f"{FORGED_LINE}?"], ["status"], ["plan", "--config", FORGED_LINE]):
        run = run_notifier(*verb, cwd=tmp_path)
        assert "notifier: all is well" not in (run.stdout + run.stderr).splitlines()


def test_a_table_on_a_terminal_keeps_its_own_colours_and_loses_those_of_a_name(tmp_path: Path) -> None:
    (tmp_path / "red\x1b[31m.json").write_text("[1]", encoding="utf-8")
    run = run_notifier("ingest", "red\x1b[31m.json", cwd=tmp_path, environment={"FORCE_COLOR": "1"})
    assert "\x1b[1m" in run.stdout
    assert "\x1b[31m" not in run.stdout


@given(st.text(st.characters()))
def test_a_stream_passes_line_ends_and_every_character_that_is_inert(text: str) -> None:
    behind = io.StringIO(newline="")
    print(text, file=InertStream(behind))
    assert behind.getvalue() == "\n".join(inert(line) for line in text.split("\n")) + "\n"
    assert controls(behind.getvalue()) == set()
