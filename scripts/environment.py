"""Makes an environment that holds exactly what a lock names, and notifier: `environment.py FOLDER LOCK [WHEEL]`.

`make` runs it through the script beside it, with any Python from 3.11 on and nothing but its standard library. Without
a wheel, notifier is installed from this checkout, to be edited in place. An environment that is up to date stays as it
is; any other is made anew, by the first way that works. Where none does, nothing is left behind.
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

# Written last: what the environment was made from. One without it is half made.
STAMP = "made-from"

# Where packages come from, as pip's variables say it, and as uv's do: uv reads no setting of pip's.
UV_NAMES = {
    "PIP_CERT": "SSL_CERT_FILE",
    "PIP_EXTRA_INDEX_URL": "UV_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_INDEX_URL": "UV_INDEX_URL",
    "PIP_PROXY": "ALL_PROXY",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
}


@dataclass(frozen=True, slots=True)
class Way:
    """One way to an environment: the command that creates it, the one that installs into it, and their variables."""

    create: list[str]
    install: list[str]
    variables: Mapping[str, str] = field(default_factory=dict)


def main() -> None:
    folder, lock = (Path(argument).resolve() for argument in sys.argv[1:3])
    project = sys.argv[3:] or ["--editable", str(CHECKOUT)]
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))  # by way of the `finally` below
    with lock.open("rb") as held:
        # Two makes at once: the second waits, and finds the work done. The tools inherit the lock, so that one that
        # outlives a killed make is waited for too.
        fcntl.flock(held, fcntl.LOCK_EX)
        os.set_inheritable(held.fileno(), True)
        made_from = fingerprint(folder, held.read())
        if is_made(folder, made_from):
            return
        try:
            make(folder, lock, project)
            (folder / STAMP).write_text(made_from, encoding="utf-8")
        finally:
            if not is_made(folder, made_from):
                shutil.rmtree(folder, ignore_errors=True)


def fingerprint(folder: Path, lock: bytes) -> str:
    """What an environment depends on: the lock, its own place, which is written into its scripts, and the Python."""
    python = os.path.realpath(sys.executable)
    return sha256(b"\0".join([lock, os.fsencode(folder), os.fsencode(python), sys.version.encode()])).hexdigest()


def is_made(folder: Path, made_from: str) -> bool:
    stamp = folder / STAMP
    return os.access(python_in(folder), os.X_OK) and stamp.is_file() and stamp.read_text(encoding="utf-8") == made_from


def make(folder: Path, lock: Path, project: list[str]) -> None:
    """Try each way in turn; exits with one sentence where none works."""
    print(f"Setting up {folder.name}, once; this can take a minute or two.", flush=True)
    trouble = "None of uv, python3 -m venv and virtualenv works here: install one (on Debian: apt install python3-venv)"
    for way in ways(folder):
        shutil.rmtree(folder, ignore_errors=True)
        if run(way, way.create):
            continue
        complaint = install(way, folder, lock, project)
        if not complaint:
            return
        trouble = f"{lock.name} cannot be installed ({complaint}): see to the network, pip's settings and the disk"
    sys.exit(f"{trouble}, and run make again.")


def ways(folder: Path) -> Iterator[Way]:
    pip = [python_in(folder), "-m", "pip", "install", "--no-user"]
    yield uv(folder)
    yield Way([sys.executable, "-m", "venv", str(folder)], pip)
    yield Way([*tool("virtualenv"), "--python", sys.executable, str(folder)], pip)


def uv(folder: Path) -> Way:
    settings = pip_settings()
    no_index = settings.get("PIP_NO_INDEX", "").lower() in {"1", "true", "yes", "on"}
    return Way(
        [*tool("uv"), "venv", "--python", sys.executable, str(folder)],
        [*tool("uv"), "pip", "install", "--python", python_in(folder), *(["--no-index"] if no_index else [])],
        uv_variables(settings),
    )


def install(way: Way, folder: Path, lock: Path, project: list[str]) -> str:
    """Fill a new environment; returns the complaint of the step that failed, or nothing.

    What builds comes first, and nothing is built in isolation, so that the build tools come from the lock too.
    """
    tools = folder / "build-tools.lock"
    tools.write_text(build_tools(lock.read_text(encoding="utf-8")), encoding="utf-8")
    steps = (
        ["--require-hashes", "-r", str(tools)],
        ["--require-hashes", "--no-build-isolation", "-r", str(lock)],
        ["--no-deps", "--no-build-isolation", *project],
    )
    return next((complaint for step in steps if (complaint := run(way, [*way.install, *step]))), "")


def build_tools(lock: str) -> str:
    """The lock's entries for what builds feedgen, which comes as source only."""
    return "".join(re.findall(r"^(?:setuptools|wheel|packaging)==.*?(?=^\S|\Z)", lock, re.MULTILINE | re.DOTALL))


def run(way: Way, command: list[str]) -> str:
    """Run quietly; returns the line of the output that tells most, if the command failed, or nothing."""
    try:
        process = subprocess.Popen(
            command,
            env={**os.environ, **way.variables},
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
            os.killpg(process.pid, signal.SIGKILL)  # with all that it started: none may write after the cleaning up
            raise
    return telling_line(output) if process.returncode else ""


def telling_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["no word of why"])[-1]


def pip_settings() -> dict[str, str]:
    """The user's pip settings for installing, named as pip's variables: from its files, then from the environment."""
    home = Path.home()
    own = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    named = os.environ.get("PIP_CONFIG_FILE", "")
    files: list[str | Path] = [
        Path("/etc/xdg/pip/pip.conf"),
        Path("/etc/pip.conf"),
        home / ".pip/pip.conf",
        own / "pip/pip.conf",
        named,
    ]
    parser = configparser.RawConfigParser(strict=False)
    parser.read(files if named != os.devnull else [], encoding="utf-8")
    settings = {}
    for section in ("global", "install"):
        for key, value in parser[section].items() if parser.has_section(section) else ():
            settings[f"PIP_{key.upper().replace('-', '_')}"] = value
    return {**settings, **{key: value for key, value in os.environ.items() if key.startswith("PIP_")}}


def uv_variables(settings: Mapping[str, str]) -> dict[str, str]:
    """Pip's settings as uv's variables; what the user has set for uv itself stays."""
    # Like pip, take a package from any index that has it: the lock's hashes decide, not the order of the indexes.
    variables = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    for pip_name, uv_name in UV_NAMES.items():
        separator = "," if uv_name == "UV_FIND_LINKS" else " "
        if values := settings.get(pip_name, "").split():
            variables[uv_name] = separator.join(values)
    return {name: value for name, value in variables.items() if name not in os.environ}


def tool(name: str) -> list[str]:
    """A tool as a command of its own, else as a module of this Python."""
    found = shutil.which(name)
    return [found] if found else [sys.executable, "-m", name]


def python_in(folder: Path) -> str:
    return str(folder / "bin" / "python")


if __name__ == "__main__":
    main()
