"""What a person who installs notifier gets, whether from the wheel, the source archive or the checkout."""

from __future__ import annotations

import subprocess
import sys
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

import pytest
from support.paths import CHECKOUT

from notifier import __version__


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    return ZipFile(build("wheel", CHECKOUT, tmp_path_factory.mktemp("wheel")))


def build(target: str, source: Path, folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    return next(folder.iterdir())


def files_under(*names: str) -> set[str]:
    paths = (path for name in names for path in [CHECKOUT / name, *(CHECKOUT / name).rglob("*")])
    kept = (path.relative_to(CHECKOUT) for path in paths if path.is_file() and "__pycache__" not in path.parts)
    return {str(path) for path in kept}


def test_the_wheel_carries_all_that_notifier_reads_beside_its_code(wheel: ZipFile) -> None:
    beside = {f"notifier/{name}" for name in files_under("templates", "seeds", "config.example.toml")}
    assert beside
    assert beside | files_under("notifier") <= set(wheel.namelist())


def test_the_wheel_carries_nothing_else(wheel: ZipFile) -> None:
    assert {name.split("/")[0] for name in wheel.namelist()} == {"notifier", f"notifier-{__version__}.dist-info"}


def test_the_source_archive_builds_the_same_wheel(wheel: ZipFile, tmp_path: Path) -> None:
    archive = build("sdist", CHECKOUT, tmp_path / "sdist")
    subprocess.run([sys.executable, "-m", "tarfile", "--extract", str(archive), str(tmp_path)], check=True)
    again = ZipFile(build("wheel", tmp_path / f"notifier-{__version__}", tmp_path / "wheel"))
    assert {name: again.read(name) for name in again.namelist()} == {
        name: wheel.read(name) for name in wheel.namelist()
    }


def test_the_metadata_name_the_version_the_command_and_the_license(wheel: ZipFile) -> None:
    info = f"notifier-{__version__}.dist-info"
    metadata = message_from_bytes(wheel.read(f"{info}/METADATA"))
    assert (metadata["Version"], metadata["License-Expression"]) == (__version__, "MIT")
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata.get_all("Provides-Extra") == ["bench", "dev", "postgres"]
    assert wheel.read(f"{info}/licenses/LICENSE") == (CHECKOUT / "LICENSE").read_bytes()
    assert "notifier = notifier.cli:main" in wheel.read(f"{info}/entry_points.txt").decode()
