"""Relays that others wrote, on a port of loopback each, with all that they keep in a folder of their own.

What they take ends in one Maildir. Who `gone...` is they refuse for good, who `later...` is they put off. They need
root, and Debian's packages postfix, dovecot-lmtpd or exim4-daemon-light.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

import pytest
from scripted_smtp import HOST

SETTINGS = Path(__file__).parent / "data" / "relays"
OWNER = pwd.getpwnam("nobody")  # of the mail
PATIENCE = 60  # seconds for a relay to start, or to store what it took


@dataclass(frozen=True)
class Relay:
    """A relay that runs; `restart` ends it amid whatever it does, and starts it again."""

    port: int
    inbox: Path
    restart: Callable[[], None]

    def arrived(self, count: int) -> list[bytes]:
        """All mail that is in the inbox, once there is so much of it and a moment has passed."""
        wait_until(lambda: len(list(self.inbox.glob("new/*"))) >= count)
        time.sleep(1)  # in which one too many would come
        return [file.read_bytes() for file in self.inbox.glob("new/*")]


@contextmanager
def postfix(transport: str = "virtual") -> Iterator[Relay]:
    """Postfix, which stores mail itself, or hands it to `lmtp:inet:HOST:PORT`."""
    _needs("postfix")
    with _folder() as folder:
        port = _set_up(folder, "main.cf", "master.cf", "refused", transport=transport)
        (folder / "queue").mkdir()
        shutil.chown(folder / "state", "postfix")

        def command(verb: str) -> None:
            done = subprocess.run(["postfix", "-c", folder, verb], capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{done.stderr}\n{(folder / 'log').read_text(encoding='utf-8')[-2000:]}"

        def restart() -> None:
            command("stop")
            wait_until(lambda: not _answers(port))  # its processes hold the port a little longer
            command("start")
            wait_until(lambda: _answers(port))

        command("start")
        try:
            wait_until(lambda: _answers(port))
            yield Relay(port, folder / "inbox", restart)
        finally:
            command("stop")


@contextmanager
def postfix_before_dovecot() -> Iterator[Relay]:
    """Postfix that hands all mail to Dovecot by LMTP (RFC 2033)."""
    _needs("dovecot")
    with _folder() as folder:
        port = _set_up(folder, "dovecot.conf")
        with (
            closing(_Daemon(["dovecot", "-F", "-c", folder / "dovecot.conf"], port)),
            postfix(f"lmtp:inet:{HOST}:{port}") as relay,
        ):
            yield Relay(relay.port, folder / "inbox", relay.restart)


@contextmanager
def exim() -> Iterator[Relay]:
    """Exim."""
    _needs("exim4")
    with _folder() as folder:
        port = _set_up(folder, "exim.conf", exim=str(shutil.which("exim4")))
        shutil.chown(folder / "state", OWNER.pw_uid, OWNER.pw_gid)
        with closing(_Daemon(["exim4", "-C", folder / "exim.conf", "-bdf", "-q1s"], port)) as daemon:
            yield Relay(port, folder / "inbox", daemon.restart)


RELAYS: dict[str, Callable[[], AbstractContextManager[Relay]]] = {
    "postfix": postfix,
    "dovecot": postfix_before_dovecot,
    "exim": exim,
}


class _Daemon:
    """A program that runs until it is closed, and answers at a port."""

    def __init__(self, command: list[str | Path], port: int) -> None:
        self._command = command
        self._port = port
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(self._command)
        wait_until(lambda: _answers(self._port))

    def restart(self) -> None:
        self.close()
        self._start()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)


def wait_until(true: Callable[[], object]) -> None:
    """Return once something has come true."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.05)


def _needs(program: str) -> None:
    if os.geteuid() != 0 or shutil.which(program) is None:
        pytest.skip(f"needs root and {program}: install Debian's postfix, dovecot-lmtpd or exim4-daemon-light")


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder that other users may enter, which pytest's may not be."""
    with tempfile.TemporaryDirectory(prefix="relay") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for owned in ("inbox", "state"):
            (folder / owned).mkdir()
        shutil.chown(folder / "inbox", OWNER.pw_uid, OWNER.pw_gid)
        yield folder


def _set_up(folder: Path, *names: str, **more: str) -> int:
    """Write settings for a port that is free."""
    with socket.create_server((HOST, 0)) as found:
        port: int = found.getsockname()[1]
    for name in names:
        text = Template((SETTINGS / name).read_text(encoding="ascii")).substitute(
            folder=folder, host=HOST, port=port, uid=OWNER.pw_uid, gid=OWNER.pw_gid, **more
        )
        (folder / name).write_text(text, encoding="ascii")
    return port


def _answers(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((HOST, port)) == 0
