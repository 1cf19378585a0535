"""Build the wheel from the source archive, install it, and run the demo in another folder as a user who is not root.

This finds faults that a checkout hides: a file that is missing in the wheel, a path that only root may write, or a
package that only the development environment contains.
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
    """Build, install and run; raise SystemExit with the output of the command that fails."""
    with tempfile.TemporaryDirectory(prefix="notifier-wheel-") as name:
        folder = Path(name)
        wheel = build(folder)
        for file in SET_UP:
            shutil.copy(CHECKOUT / file, folder)
        change_owner_to_nobody(folder)
        run_as_owner(folder, "./environment", "installed", "requirements.lock", wheel.name)
        demo_folder = folder / "elsewhere"
        run_as_owner(folder, "mkdir", demo_folder.name)
        run_as_owner(demo_folder, "../installed/bin/notifier", "demo")
        print(f"{wheel.name}: the demo runs outside of the checkout, as user {demo_folder.stat().st_uid}")


def build(folder: Path) -> Path:
    """Build the source archive in `folder`, then the wheel from it, and return the path of the wheel.

    Raises SystemExit with the output of the build if it fails.
    """
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return next(folder.glob("*.whl"))


def change_owner_to_nobody(folder: Path) -> None:
    """Make `nobody` the owner of the folder and its files, if this runs as root."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in (folder, *folder.iterdir()):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)


def run_as_owner(folder: Path, *command: str) -> None:
    """Run a command in `folder` as the owner of the folder, which is also its home directory.

    Raises SystemExit with the output of the command if it fails.
    """
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
