"""A command closes the database when it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.service import run_notifier


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["status", "subscribers", "topics", "deliveries"])
def test_a_verb_leaves_no_file_beside_the_database(verb: str, tmp_path: Path) -> None:
    assert run_notifier("init", cwd=tmp_path).returncode == 0
    for _ in range(2):
        assert run_notifier(verb, cwd=tmp_path).returncode == 0
    files = {file.name for file in (tmp_path / "var").iterdir() if file.is_file()}
    assert files == {"notifier.db", "secret.key"}
