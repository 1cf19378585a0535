"""The cure of an error fits the error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from notifier.errors import FileError
from notifier.files import write_if_changed, write_private

WRITERS = [write_private, write_if_changed]


@pytest.mark.parametrize(
    ("name", "cure"),
    [("folder", "name a file in it"), ("file/x.csv", "name a folder"), ("a" * 300, "shorter name")],
)
@pytest.mark.parametrize("write", WRITERS)
def test_a_path_that_cannot_be_a_file_is_not_blamed_on_the_disk(
    tmp_path: Path, write: Callable[[Path, bytes], object], name: str, cure: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match=cure) as raised:
        write(tmp_path / name, b"content")
    assert "space" not in str(raised.value)


def test_links_in_a_circle_are_named(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(FileError, match="its links lead in a circle"):
        write_private(tmp_path / "loop", b"content")


@pytest.mark.parametrize("write", WRITERS)
def test_a_full_disk_asks_for_space(write: Callable[[Path, bytes], object]) -> None:
    with pytest.raises(FileError, match="No space left on device; free some space"):
        write(Path("/dev/full"), b"content")
