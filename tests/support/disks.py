"""Context managers for tests of files: a separate small file system, and files that cannot be changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text


@contextmanager
def mounted(folder: Path, options: str = "size=16m") -> Iterator[Path]:
    """Mount a small file system on a folder; skip the test if that is not allowed here."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False)
    if mount.returncode:
        pytest.skip("a disk cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path, left: int = 0) -> Path:
    """Fill a disk except for about `left` bytes; return the file that takes the space."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            os.truncate(filler, max(0, filler.stat().st_size - left))
    return filler


@contextmanager
def small_tablespace(engine: Engine, size: str) -> Iterator[tuple[str, Path]]:
    """Yield the name and the disk of a tablespace of PostgreSQL; nothing may be left in it when the block ends."""
    folder = Path(tempfile.mkdtemp())  # not in a folder of pytest, which the user of the server cannot read
    root = create_engine(engine.url, isolation_level="AUTOCOMMIT")
    with mounted(folder, f"size={size}"), root.connect() as connection:
        data = Path(str(connection.scalar(text("SHOW data_directory"))))
        os.chown(folder, data.stat().st_uid, data.stat().st_gid)
        folder.chmod(0o700)
        connection.execute(text(f"CREATE TABLESPACE small LOCATION '{folder}'"))
        yield "small", folder
        connection.execute(text("DROP TABLESPACE small"))
    root.dispose()
    shutil.rmtree(folder)


@contextmanager
def immutable(path: Path) -> Iterator[None]:
    """Make a file or folder immutable, also for root; skip the test if the file system does not support that."""
    if subprocess.run(["chattr", "+i", str(path)], check=False, capture_output=True).returncode:
        pytest.skip("files cannot be made immutable here")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", str(path)], check=True)
