"""A command that the server forks behaves like one that is started from a shell."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess, run
from sys import executable

import pytest
from support.command_server import run_forked, write_program
from support.service import SEEDS, clean_environment


def run_started(arguments: list[str], cwd: Path, environment: dict[str, str]) -> CompletedProcess[str]:
    command = [executable, "-m", "notifier", *arguments]
    return run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["status", "--json"], 0),
        (["preview", "reasoning"], 0),
        (["trending", "--date", "never"], 2),
        (["subscribe"], 2),
        (["--help"], 0),
        (["digest", "nobody@example.org"], 2),
    ],
)
def test_exit_code_output_and_messages_are_the_same(tmp_path: Path, arguments: list[str], code: int) -> None:
    environment = {**clean_environment(), "NOTIFIER_DIGEST__TIMEZONE": "Asia/Tokyo"}
    assert run_forked(["ingest", str(SEEDS[0])], tmp_path, environment, 60).returncode == 0
    forked = run_forked(arguments, tmp_path, environment, 60)
    started = run_started(arguments, tmp_path, environment)
    assert (forked.returncode, forked.stdout, forked.stderr) == (started.returncode, started.stdout, started.stderr)
    assert forked.returncode == code


def test_a_command_sees_its_own_environment_alone(tmp_path: Path) -> None:
    wrong = {**clean_environment(), "NOTIFIER_SMTP__PORT": "junk"}
    assert "port" in run_forked(["status"], tmp_path, wrong, 60).stderr
    assert run_forked(["status"], tmp_path, clean_environment(), 60).returncode == 0


def test_the_program_takes_its_input_arguments_folder_umask_and_variables_from_the_shell(tmp_path: Path) -> None:
    write_program(tmp_path / "notifier")
    script = """
    umask 027
    export NOTIFIER_STORE__URL=sqlite:///other.db
    echo '{"title": "How Bees Find Home", "abstract": "We follow bees."}' | ./notifier ingest - --json
    ./notifier publish
    ./notifier --wrong || echo "exit $?"
    """
    environment = clean_environment()
    done = run(["sh", "-euc", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert '"new": 1' in done.stdout
    assert done.stdout.endswith("exit 2\n")
    assert "--wrong" in done.stderr
    assert (tmp_path / "other.db").exists()
    assert (tmp_path / "var/feeds/all.rss").stat().st_mode & 0o777 == 0o640
