"""Builds the wheel, from the source archive, and runs the demo from it elsewhere, as a user who is not root.

What a checkout hides shows here: a file that the wheel lacks, a path that only root may write, a package that only the
development environment has.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
SET_UP = ["scripts/environment", "scripts/environment.py", "requirements.lock"]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="notifier-wheel-") as name:
        folder = Path(name)
        wheel = build(folder)
        for file in SET_UP:
            shutil.copy(CHECKOUT / file, folder)
        give_away(folder)
        as_a_user(folder, "./environment", "installed", "requirements.lock", wheel.name)
        elsewhere = folder / "elsewhere"
        as_a_user(folder, "mkdir", elsewhere.name)
        as_a_user(elsewhere, "../installed/bin/notifier", "demo")
        print(f"{wheel.name}: the demo runs from it elsewhere, as user {elsewhere.stat().st_uid}")


def build(folder: Path) -> Path:
    """The wheel, built in `folder` by way of the source archive; raises SystemExit with the builder's words."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return next(folder.glob("*.whl"))


def give_away(folder: Path) -> None:
    """Root hands the folder to `nobody`; anyone else keeps it."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in (folder, *folder.iterdir()):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)


def as_a_user(folder: Path, *command: str) -> None:
    """Run in `folder` as its owner, with a home of its own; raises SystemExit with what a failing command said."""
    owner = folder.stat()
    is_root = os.geteuid() == 0
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
        user=owner.st_uid if is_root else None,
        group=owner.st_gid if is_root else None,
        extra_groups=[] if is_root else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\n{' '.join(command)} failed from the built wheel with exit code {done.returncode}.")


if __name__ == "__main__":
    main()
