"""A process that is killed while it holds a draft and a lock file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.service import clean_environment

HOLD_AND_DIE = """
import os, signal, sys
from pathlib import Path
from notifier.drafts import new_draft
from notifier.files import owner_lock
folder = Path(sys.argv[1])
with owner_lock(folder / "owners"), new_draft(folder) as (_, file):
    file.write(b"half of it")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def die_in(folder: Path) -> None:
    """Let a process die in the folder, with a draft in it and a lock file in `owners`."""
    run = subprocess.run([sys.executable, "-c", HOLD_AND_DIE, folder], env=clean_environment(), check=False)
    assert run.returncode == -9
