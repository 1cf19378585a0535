"""The systemd units and the crontab line that ship: systemd itself accepts them, and finds them well locked up."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support.paths import CHECKOUT

PACKAGING = CHECKOUT / "packaging"
MOST_EXPOSED = 2.5

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="install systemd for systemd-analyze"
)


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The units, with a command that is there on any machine."""
    for unit in [*PACKAGING.glob("*.service"), *PACKAGING.glob("*.timer")]:
        text = unit.read_text(encoding="utf-8").replace("/usr/local/bin/notifier", "/bin/true")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    return sorted(tmp_path.iterdir())


@needs_systemd
def test_systemd_accepts_every_unit(units: list[Path]) -> None:
    assert len(units) == 3
    run = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "notifier" not in run.stderr


@needs_systemd
def test_the_services_are_hardened(units: list[Path]) -> None:
    for unit in (unit for unit in units if unit.suffix == ".service"):
        command = ["systemd-analyze", "security", "--offline=true", str(unit)]
        told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        found = re.search(r"Overall exposure level.*: ([\d.]+)", told)
        assert found, told
        assert float(found[1]) <= MOST_EXPOSED


def test_every_setting_is_explained() -> None:
    for file in PACKAGING.iterdir():
        blocks = file.read_text(encoding="utf-8").split("\n\n")
        said = [block for block in blocks if "=" in block and not block.startswith(("[Unit]", "[Install]"))]
        assert all("#" in block for block in said), file.name


def test_the_crontab_runs_once_with_a_config() -> None:
    (line,) = [line for line in (PACKAGING / "notifier.crontab").read_text().splitlines() if not line.startswith("#")]
    assert re.match(r"\*/5 \* \* \* \* \S+/notifier --config \S+ once\b", line)
