"""Run `notifier` commands in tests without starting Python for each.

Starting Python and importing the packages takes longer than most commands do. So a server imports everything once, and
forks a process for each command. That process has its own arguments, folder, environment and files, like one that was
started from a shell. What a command imports by itself is tested by `tests/cli/test_imports.py`, in new processes.
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
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any, NoReturn

from support.paths import CHECKOUT, PYTHON_PATH

import notifier

CONNECTIONS = 64  # commands that may wait to be started
_BYTES = 1 << 20  # more than any request


def run_forked(
    arguments: Sequence[str], cwd: Path, environment: dict[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run one command in a process that the server forks, and return what it printed and its exit code."""
    with TemporaryFile("w+") as stdout, TemporaryFile("w+") as stderr, socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        connection.connect(_server())
        request = json.dumps({"arguments": list(arguments), "cwd": str(cwd), "environment": environment})
        socket.send_fds(connection, [request.encode()], [stdout.fileno(), stderr.fileno()])
        connection.shutdown(socket.SHUT_WR)
        code = int(connection.recv(_BYTES))
        printed = []
        for file in (stdout, stderr):
            file.seek(0)
            printed.append(file.read())
    return subprocess.CompletedProcess(list(arguments), code, *printed)


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
    for module in pkgutil.walk_packages(notifier.__path__, "notifier."):
        if "migrations" not in module.name and module.name != "notifier.__main__":
            import_module(module.name)
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


def _answer(connection: socket.socket) -> None:
    request, files, _, _ = socket.recv_fds(connection, _BYTES, 2)
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
    for number, file in enumerate(files, 1):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv[1:] = request["arguments"]
    runpy.run_module("notifier", run_name="__main__", alter_sys=True)
    sys.exit()


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
