"""The systemd units and the crontab line in `packaging/`: systemd accepts the units and rates them as hardened."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support.paths import CHECKOUT

PACKAGING = CHECKOUT / "packaging"
MAX_EXPOSED = 2.5  # on the scale of `systemd-analyze security`, from 0 (best) to 10

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="install systemd for systemd-analyze"
)


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """Return copies of the units in which the command is /bin/true, because systemd checks that the command exists."""
    for unit in [*PACKAGING.glob("*.service"), *PACKAGING.glob("*.timer")]:
        text = unit.read_text(encoding="utf-8").replace("/usr/local/bin/notifier", "/bin/true")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    return sorted(tmp_path.iterdir())


@needs_systemd
def test_systemd_accepts_every_unit(units: list[Path]) -> None:
    assert len(units) == 5
    run = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "notifier" not in run.stderr


@needs_systemd
def test_the_services_are_hardened(units: list[Path]) -> None:
    for unit in (unit for unit in units if unit.suffix == ".service"):
        command = ["systemd-analyze", "security", "--offline=true", str(unit)]
        output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        level = re.search(r"Overall exposure level.*: ([\d.]+)", output)
        assert level, output
        assert float(level[1]) <= MAX_EXPOSED


def test_every_block_of_settings_has_a_comment() -> None:
    for file in PACKAGING.iterdir():
        if file.suffix == ".json":  # it has no comments
            continue
        blocks = file.read_text(encoding="utf-8").split("\n\n")
        settings = [block for block in blocks if "=" in block and not block.startswith(("[Unit]", "[Install]"))]
        assert all("#" in block for block in settings), file.name


def test_the_crontab_runs_notifier_once_with_a_config() -> None:
    (line,) = [line for line in (PACKAGING / "notifier.crontab").read_text().splitlines() if not line.startswith("#")]
    assert re.match(r"\*/5 \* \* \* \* \S+/notifier --config \S+ once\b", line)
    assert ">" not in line, "a file that nothing rotates grows for years"
