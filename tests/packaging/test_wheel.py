"""The content of the wheel and of the source archive."""

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
    """Build the wheel from the checkout."""
    return ZipFile(build("wheel", CHECKOUT, tmp_path_factory.mktemp("wheel")))


def build(target: str, source: Path, folder: Path) -> Path:
    """Build a `wheel` or an `sdist` of the project in `source`, and return its file in `folder`."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    return next(folder.iterdir())


def files_under(*names: str) -> set[str]:
    """Return the paths of these files, and of all files in these folders, relative to the checkout."""
    paths = (path for name in names for path in [CHECKOUT / name, *(CHECKOUT / name).rglob("*")])
    kept = (path.relative_to(CHECKOUT) for path in paths if path.is_file() and "__pycache__" not in path.parts)
    return {str(path) for path in kept}


def test_the_wheel_contains_the_code_and_the_files_that_it_reads(wheel: ZipFile) -> None:
    data = {f"notifier/{name}" for name in files_under("templates", "seeds", "config.example.toml")}
    assert data
    assert data | files_under("notifier") <= set(wheel.namelist())


def test_the_wheel_contains_no_other_top_level_folder(wheel: ZipFile) -> None:
    assert {name.split("/")[0] for name in wheel.namelist()} == {"notifier", f"notifier-{__version__}.dist-info"}


@pytest.mark.slow
def test_the_source_archive_builds_the_same_wheel(wheel: ZipFile, tmp_path: Path) -> None:
    archive = build("sdist", CHECKOUT, tmp_path / "sdist")
    subprocess.run([sys.executable, "-m", "tarfile", "--extract", str(archive), str(tmp_path)], check=True)
    again = ZipFile(build("wheel", tmp_path / f"notifier-{__version__}", tmp_path / "wheel"))
    assert {name: again.read(name) for name in again.namelist()} == {
        name: wheel.read(name) for name in wheel.namelist()
    }


def test_the_metadata_contain_the_versions_the_extras_the_license_and_the_command(wheel: ZipFile) -> None:
    info = f"notifier-{__version__}.dist-info"
    metadata = message_from_bytes(wheel.read(f"{info}/METADATA"))
    assert (metadata["Version"], metadata["License-Expression"]) == (__version__, "MIT")
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata.get_all("Provides-Extra") == ["bench", "channels", "dev", "postgres"]
    assert wheel.read(f"{info}/licenses/LICENSE") == (CHECKOUT / "LICENSE").read_bytes()
    assert "notifier = notifier.cli:main" in wheel.read(f"{info}/entry_points.txt").decode()
