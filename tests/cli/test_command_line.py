"""The command line: help with examples, errors in one sentence, exit codes, and imports that keep `--help` quick."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import CHECKOUT
from support.service import SEEDS, clean_environment, run_notifier

from notifier.cli import app

VERBS = [command.name for command in app.registered_commands if command.name]
HEAVY = (
    "sqlmodel",
    "sqlalchemy",
    "jinja2",
    "aiosmtplib",
    "aiosmtpd",
    "numpy",
    "pydantic",
    "alembic",
    "feedgen",
    "rich.table",
)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb: str, tmp_path: Path) -> None:
    shown = run_notifier(verb, "--help", cwd=tmp_path)
    assert shown.returncode == 0
    assert f"notifier {verb}" in shown.stdout or "--config" in shown.stdout
    assert "Example" in shown.stdout


def test_importing_the_command_line_imports_no_heavy_package() -> None:
    code = f"import sys, notifier.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", code], env=clean_environment(), capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["preview", "quantization OR (experts"], "column 17"),
        (["subscribe", "nobody"], "not an email address"),
        (["subscribe", "ann@example.org", "--topic", "trendy"], "did you mean trending?"),
        (["subscribe", "ann@example.org", "--timezone", "Berlin"], "Europe/Berlin"),
        (["unsubscribe", "ann@example.org"], "not a subscriber"),
        (["digest", "ann@example.org"], "not a subscriber"),
        (["digest", "ann@example.org", "--send", "--now", "2030-01-01"], "not a subscriber"),
        (["ingest", "missing.txt"], "missing.txt"),
        (["ingest", str(SEEDS[0]), "--date", "yesterday"], "2026-07-06"),
        (["plan", "--now", "soon"], "ISO 8601"),
        (["plan", "--now", "9999-12-31T23:59:00Z"], "--now is in the year 9999; give a time from 1900 to 2999"),
        (["trending", "--now", "0001-01-01T00:00+14:00"], "--now is in the year 1; give a time from 1900 to 2999"),
        (["ingest", str(SEEDS[0]), "--date", "9999-12-31"], "--date is in the year 9999"),
        (["deliveries", "show", "99999999999999999999"], "there is no delivery 99999999999999999999"),
        (["deliveries", "show", "--", "-99999999999999999999"], "there is no delivery -99999999999999999999"),
        (["status", "--config", "/dev/zero"], "/dev/zero is larger than 4 MB"),
        (["preview", "bees", "--days", "99999999999999999999"], "--days"),
        (["plan", "--config", "missing.toml"], "missing.toml"),
        (["status", "--frobnicate"], "frobnicate"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_a_wrong_argument_is_reported_without_a_traceback_and_with_exit_code_2(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    run = run_notifier(*arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert message in run.stderr
    assert "Traceback" not in run.stderr
    assert run.stdout == ""


def test_ingest_reports_each_dump_as_json(tmp_path: Path) -> None:
    (tmp_path / "noise.bin").write_bytes(b"\x00\x01\x02\x03" * 100)
    run = run_notifier("ingest", CHECKOUT / "seeds", "noise.bin", "--json", cwd=tmp_path)
    assert run.returncode == 1
    dumps = json.loads(run.stdout)["dumps"]
    assert [dump["listings"] for dump in dumps] == [209, 94, 94, 0]
    assert [dump["status"] for dump in dumps] == ["ingested"] * 3 + ["quarantined"]
    assert [dump["listed_on_from"] for dump in dumps[:3]] == ["clock", "page", "page"]
    assert [dump["skipped"] for dump in dumps] == [[]] * 4, "the lines of a page that are no papers are no records"
    assert [dump["records"] for dump in dumps] == [209, 94, 94, 0]
    assert [dump["chrome_lines"] for dump in dumps] == [2, 5, 6, 0]
    assert dumps[3]["reason"]
    again = json.loads(run_notifier("ingest", CHECKOUT / "seeds", "--json", cwd=tmp_path).stdout)
    assert [dump["status"] for dump in again["dumps"]] == ["known"] * 3


def test_a_person_subscribes_gets_a_digest_and_unsubscribes(tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        done = run_notifier(*arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("ingest", str(CHECKOUT / "seeds"), "--now", "2026-07-06T01:00Z")
    run("subscribe", "ann@example.org", "--query", "quantization", "--confirmed", "--now", "2026-07-06T02:00Z")
    (subscriber,) = json.loads(run("subscribers", "--json"))
    assert subscriber["subscriptions"] == [{"query": "quantization", "label": "quantization", "name": None}]
    assert subscriber["next_due"] == "2026-07-06T08:00:00+00:00"
    assert json.loads(run("plan", "--now", "2026-07-06T08:00Z", "--json")) == {"due": 1, "digests": 1, "skipped": 0}
    delivered = json.loads(run("deliver", "--json"))
    assert (delivered["accepted"], delivered["events"]["accepted"]) == (1, 0)
    assert json.loads(run("deliver", "--json"))["accepted"] == 0
    assert "UNSUBSCRIBED" in run("unsubscribe", "ann@example.org")
    assert json.loads(run("plan", "--now", "2026-07-07T08:00Z", "--json"))["due"] == 0


def test_preview_reports_the_spans_of_the_words_that_matched(tmp_path: Path) -> None:
    run_notifier("ingest", SEEDS[0], cwd=tmp_path)
    found = json.loads(run_notifier("preview", '"mixture of experts" OR quantization', "--json", cwd=tmp_path).stdout)
    assert found["matches"]
    for match in found["matches"]:
        marked = [
            match[field][start:end].casefold()
            for field in ("title", "abstract")
            for start, end in match["spans"][field]
        ]
        assert marked
        assert all("mixture" in text or "quantiz" in text for text in marked)


def test_init_makes_a_config_and_a_private_key_and_never_overwrites_them(tmp_path: Path) -> None:
    assert run_notifier("init", cwd=tmp_path).returncode == 0
    key = tmp_path / "var" / "secret.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(key.read_text()) > 32
    before = key.read_text()
    (tmp_path / "config.toml").write_text("[digest]\npapers = 5\n")
    assert run_notifier("init", cwd=tmp_path).returncode == 0
    assert key.read_text() == before
    assert (tmp_path / "config.toml").read_text() == "[digest]\npapers = 5\n"


def test_an_unexpected_error_is_reported_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "notifier.db").mkdir()
    run = run_notifier("status", cwd=tmp_path)
    assert run.returncode == 1
    assert len(run.stderr.strip().splitlines()) == 1
    assert "Traceback" not in run.stderr
