"""Run `notifier` commands in tests without starting Python for each.

Starting Python and importing the packages takes longer than most commands do. So a server imports everything once,
prepares what is the same in each command, and forks a process for each. That process has its own arguments, folder,
environment and files, like one that was started from a shell. What a command imports by itself is tested by
`tests/cli/test_imports.py`, in new processes; `tests/support/test_command_server.py` compares the two.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any, NoReturn

import typer.main
from support.paths import CHECKOUT, PYTHON_PATH

import notifier

# Packages that commands import when they need them.
IMPORTED_LATE = ("alembic.command", "alembic.config", "email_validator", "numpy.random")
CONNECTIONS = 64  # commands that may wait to be started
_BYTES = 1 << 20  # more than any request


def run_forked(
    arguments: Sequence[str], cwd: Path, environment: dict[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run one command in a process that the server forks, and return what it printed and its exit code."""
    with (
        TemporaryFile("w+") as stdout,
        TemporaryFile("w+") as stderr,
        Path(os.devnull).open() as stdin,
        socket.socket(socket.AF_UNIX) as connection,
    ):
        connection.settimeout(timeout)
        connection.connect(_server())
        request = json.dumps({"arguments": list(arguments), "cwd": str(cwd), "environment": environment})
        socket.send_fds(connection, [request.encode()], [file.fileno() for file in (stdin, stdout, stderr)])
        connection.shutdown(socket.SHUT_WR)
        code = int(connection.recv(_BYTES))
        printed = []
        for file in (stdout, stderr):
            file.seek(0)
            printed.append(file.read())
    return subprocess.CompletedProcess(list(arguments), code, *printed)


_PROGRAM = """\
#!{python} -IS
import json, os, socket, sys

umask = os.umask(0)
os.umask(umask)
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect({server!r})
    request = {{"arguments": sys.argv[1:], "cwd": os.getcwd(), "environment": dict(os.environ), "umask": umask}}
    socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2])
    connection.shutdown(socket.SHUT_WR)
    code = int(connection.recv(100))
sys.exit(code if code >= 0 else 128 - code)
"""


def write_program(file: Path) -> None:
    """Write a program that runs `notifier` in a process that the server forks, for tests that run shell commands."""
    file.write_text(_PROGRAM.format(python=sys.executable, server=_server()), encoding="utf-8")
    file.chmod(0o755)


@cache
def _server() -> str:
    """Start the server of this process, and return the name of its socket."""
    folder = TemporaryDirectory()
    name = str(Path(folder.name, "socket"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name)
        listener.listen(CONNECTIONS)
        command = [sys.executable, "-m", "support.command_server", str(listener.fileno())]
        environment = {**os.environ, "PYTHONPATH": PYTHON_PATH}
        process = subprocess.Popen(
            command, env=environment, pass_fds=[listener.fileno()], stdin=subprocess.DEVNULL, cwd=CHECKOUT
        )
    atexit.register(folder.cleanup)
    atexit.register(process.kill)
    return name


def _serve(listener: socket.socket) -> None:
    _prepare()
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that no process that has ended is left behind
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _answer(connection)
            os._exit(0)
        connection.close()


def _prepare() -> None:
    """Import everything, and make what each command would make for itself: its options and the built-in topics."""
    for module in pkgutil.walk_packages(notifier.__path__, "notifier."):
        if "migrations" not in module.name and module.name != "notifier.__main__":
            import_module(module.name)
    for name in IMPORTED_LATE:
        import_module(name)
    typer.main.get_command = cache(typer.main.get_command)
    typer.main.get_command(import_module("notifier.cli").app)
    import_module("notifier.topics").catalogue_of(import_module("notifier.config").Config())


def _answer(connection: socket.socket) -> None:
    request, files, _, _ = socket.recv_fds(connection, _BYTES, 3)
    while more := connection.recv(_BYTES):
        request += more
    pid = os.fork()
    if pid == 0:
        connection.close()
        _become(json.loads(request), files)
    _, status = os.waitpid(pid, 0)
    connection.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(request: dict[str, Any], files: Sequence[int]) -> NoReturn:
    """Turn this process into one that runs the command, and end it."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    if "umask" in request:
        os.umask(request["umask"])
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv[1:] = request["arguments"]
    try:
        runpy.run_module("notifier", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            raise
        _exit(end.code or 0)
    _exit(0)


def _exit(code: int) -> NoReturn:
    """End this process as Python does, but let the system free the memory: Python would visit each object before."""
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
