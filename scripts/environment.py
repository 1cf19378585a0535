"""Make an environment with notifier and exactly the packages of a lock file: `environment.py FOLDER LOCK [WHEEL]`.

`make` runs this through the shell script `environment`, which lies beside it. It needs Python 3.11 or later, and only
the standard library. Without a wheel, notifier is installed from this checkout in editable mode. An environment that is
up to date is left alone. Any other environment is made again with the first of uv, venv and virtualenv that succeeds.
If all of them fail, the folder is removed.
"""

from __future__ import annotations

import configparser
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent

# This file says what the environment was made from. It is written last, so an environment without it is incomplete.
STAMP = "made-from"

# uv does not read the settings of pip. The settings that say where packages come from are therefore translated into
# uv's variables.
UV_NAMES = {
    "PIP_CERT": "SSL_CERT_FILE",
    "PIP_EXTRA_INDEX_URL": "UV_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_INDEX_URL": "UV_INDEX_URL",
    "PIP_PROXY": "ALL_PROXY",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
}


@dataclass(frozen=True, slots=True)
class Installer:
    """A way to make an environment: a command that creates it, one that installs into it, and variables for both."""

    create: list[str]
    install: list[str]
    variables: Mapping[str, str] = field(default_factory=dict)


def main() -> None:
    """Make the environment that the arguments name, unless it is up to date."""
    folder, lock = (Path(argument).resolve() for argument in sys.argv[1:3])
    project = sys.argv[3:] or ["--editable", str(CHECKOUT)]
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))  # so that the `finally` below runs
    with lock.open("rb") as lock_file:
        # If `make` runs twice at the same time, the second run waits here, and then finds the environment up to date.
        # The installers inherit the file lock. So if the first run is killed and its installer is still running, the
        # second run waits for that installer.
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        os.set_inheritable(lock_file.fileno(), True)
        made_from = fingerprint(folder, lock_file.read())
        if is_made(folder, made_from):
            return
        try:
            make(folder, lock, project)
            (folder / STAMP).write_text(made_from, encoding="utf-8")
        finally:
            if not is_made(folder, made_from):
                shutil.rmtree(folder, ignore_errors=True)


def fingerprint(folder: Path, lock: bytes) -> str:
    """Return a hash of what an environment depends on: the lock, the Python, and the path of the folder.

    The scripts of an environment contain that path.
    """
    python = os.path.realpath(sys.executable)
    return sha256(b"\0".join([lock, os.fsencode(folder), os.fsencode(python), sys.version.encode()])).hexdigest()


def is_made(folder: Path, made_from: str) -> bool:
    """Return whether the folder holds a complete environment with this fingerprint."""
    stamp = folder / STAMP
    return os.access(python_in(folder), os.X_OK) and stamp.is_file() and stamp.read_text(encoding="utf-8") == made_from


def make(folder: Path, lock: Path, project: list[str]) -> None:
    """Make the environment with the first installer that succeeds.

    Raises SystemExit with one sentence if none succeeds.
    """
    print(f"Setting up {folder.name}, once; this can take a minute or two.", flush=True)
    failure = "None of uv, python3 -m venv and virtualenv runs here: install one (on Debian: apt install python3-venv)"
    for installer in installers(folder):
        shutil.rmtree(folder, ignore_errors=True)
        if run(installer, installer.create):
            continue
        error = install(installer, folder, lock, project)
        if not error:
            return
        failure = f"{lock.name} cannot be installed ({error}): check the network, the settings of pip and the disk"
    sys.exit(f"{failure}, and run make again.")


def installers(folder: Path) -> Iterator[Installer]:
    """Yield the installers in the order in which they are tried."""
    pip = [python_in(folder), "-m", "pip", "install", "--no-user"]
    yield uv_installer(folder)
    yield Installer([sys.executable, "-m", "venv", str(folder)], pip)
    yield Installer([*tool("virtualenv"), "--python", sys.executable, str(folder)], pip)


def uv_installer(folder: Path) -> Installer:
    """Return uv as an installer, with the settings that the user has made for pip."""
    settings = pip_settings()
    no_index = settings.get("PIP_NO_INDEX", "").lower() in {"1", "true", "yes", "on"}
    return Installer(
        [*tool("uv"), "venv", "--python", sys.executable, str(folder)],
        [*tool("uv"), "pip", "install", "--python", python_in(folder), *(["--no-index"] if no_index else [])],
        uv_variables(settings),
    )


def install(installer: Installer, folder: Path, lock: Path, project: list[str]) -> str:
    """Install the packages and notifier; return the error of the step that failed, or an empty text.

    The build tools are installed first, and packages are built without isolation, so that they are built with the
    build tools of the lock.
    """
    tools = folder / "build-tools.lock"
    tools.write_text(build_tools(lock.read_text(encoding="utf-8")), encoding="utf-8")
    steps = (
        ["--require-hashes", "-r", str(tools)],
        ["--require-hashes", "--no-build-isolation", "-r", str(lock)],
        ["--no-deps", "--no-build-isolation", *project],
    )
    return next((error for step in steps if (error := run(installer, [*installer.install, *step]))), "")


def build_tools(lock: str) -> str:
    """Return the entries of the lock for the tools that build feedgen, which is published as source only."""
    return "".join(re.findall(r"^(?:setuptools|wheel|packaging)==.*?(?=^\S|\Z)", lock, re.MULTILINE | re.DOTALL))


def run(installer: Installer, command: list[str]) -> str:
    """Run a command without showing its output; return the most helpful line if it failed, or an empty text."""
    try:
        process = subprocess.Popen(
            command,
            env={**os.environ, **installer.variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            close_fds=False,
            process_group=0,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        return str(error)
    with process:
        try:
            output, _ = process.communicate()
        except SystemExit:
            # The processes that the command started must not write files after the folder was removed.
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return helpful_line(output) if process.returncode else ""


def helpful_line(output: str) -> str:
    """Return the last line that begins with "error", or else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["it printed no reason"])[-1]


def pip_settings() -> dict[str, str]:
    """Return the pip settings of the user under the names of pip's variables; the environment wins over the files."""
    home = Path.home()
    config_home = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    named_file = os.environ.get("PIP_CONFIG_FILE", "")
    files: list[str | Path] = [
        Path("/etc/xdg/pip/pip.conf"),
        Path("/etc/pip.conf"),
        home / ".pip/pip.conf",
        config_home / "pip/pip.conf",
        named_file,
    ]
    parser = configparser.RawConfigParser(strict=False)
    parser.read(files if named_file != os.devnull else [], encoding="utf-8")
    settings = {}
    for section in ("global", "install"):
        for key, value in parser[section].items() if parser.has_section(section) else ():
            settings[f"PIP_{key.upper().replace('-', '_')}"] = value
    return {**settings, **{key: value for key, value in os.environ.items() if key.startswith("PIP_")}}


def uv_variables(settings: Mapping[str, str]) -> dict[str, str]:
    """Translate settings of pip into variables of uv, except those that the user has set for uv."""
    # Like pip, take a package from any index that has it: the hashes of the lock say which files are right.
    variables = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    for pip_name, uv_name in UV_NAMES.items():
        separator = "," if uv_name == "UV_FIND_LINKS" else " "
        if values := settings.get(pip_name, "").split():
            variables[uv_name] = separator.join(values)
    return {name: value for name, value in variables.items() if name not in os.environ}


def tool(name: str) -> list[str]:
    """Return the command that runs a tool: its program if that is on the path, or else the module of this Python."""
    program = shutil.which(name)
    return [program] if program else [sys.executable, "-m", name]


def python_in(folder: Path) -> str:
    """Return the path of the Python of an environment."""
    return str(folder / "bin" / "python")


if __name__ == "__main__":
    main()
