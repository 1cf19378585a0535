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
from sending import AUTHORITY, CERTIFICATES

SETTINGS = Path(__file__).parent / "data" / "relays"
OWNER = pwd.getpwnam("nobody")  # of the mail
PASSWORD = "open-sesame"
IN_CLEAR = f'host = "{HOST}"\nport = {{port}}\ntls = "none"\n'
BY_LOGIN = (
    f'host = "{HOST}"\nport = {{port}}\ntls = "starttls"\nusername = "papers"\npassword = "{{password}}"\n'
    'ca_file = "{authority}"\n'
)
PATIENCE = 60  # seconds for a relay to start, or to store what it took


@dataclass(frozen=True)
class Relay:
    """A relay that runs; `restart` ends it amid whatever it does, and starts it again.

    `settings` is what config.toml says of it in `[smtp]`.
    """

    settings: str
    inbox: Path
    restart: Callable[[], None]

    def arrived(self, count: int) -> list[bytes]:
        """All mail that is in the inbox, once there is so much of it and a moment has passed."""
        wait_until(lambda: len(list(self.inbox.glob("new/*"))) >= count)
        time.sleep(1)  # in which one too many would come
        return [file.read_bytes() for file in self.inbox.glob("new/*")]


@contextmanager
def postfix() -> Iterator[Relay]:
    """Postfix, which takes all mail of this machine, and stores it itself."""
    with _folder("postfix") as folder:
        port = _free_port()
        _write(folder, "main.cf", transport="virtual")
        with _started_postfix(folder, port) as restart:
            yield Relay(IN_CLEAR.format(port=port), folder / "inbox", restart)


@contextmanager
def postfix_and_dovecot() -> Iterator[Relay]:
    """Postfix, which asks for TLS and for a login that Dovecot knows, and hands Dovecot all mail by LMTP (RFC 2033)."""
    with _folder("dovecot") as behind, _folder("postfix") as folder:
        port, lmtp_port, login_port = _free_port(), _free_port(), _free_port()
        _write(behind, "dovecot.conf", port=lmtp_port, login_port=login_port, password=PASSWORD)
        _write(folder, "main.cf", transport=f"lmtp:inet:{HOST}:{lmtp_port}")
        _write(folder, "submission.cf", into="main.cf", login_port=login_port, certificate=CERTIFICATES / "valid.pem")
        with (
            closing(_Daemon(["dovecot", "-F", "-c", behind / "dovecot.conf"], lmtp_port)),
            _started_postfix(folder, port) as restart,
        ):
            settings = BY_LOGIN.format(port=port, password=PASSWORD, authority=AUTHORITY)
            yield Relay(settings, behind / "inbox", restart)


@contextmanager
def _started_postfix(folder: Path, port: int) -> Iterator[Callable[[], None]]:
    """Postfix with the settings in a folder; gives what restarts it."""
    _write(folder, "master.cf", port=port)
    _write(folder, "refused")
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
        yield restart
    finally:
        command("stop")


@contextmanager
def exim() -> Iterator[Relay]:
    """Exim."""
    with _folder("exim4") as folder:
        port = _free_port()
        _write(folder, "exim.conf", port=port, exim=str(shutil.which("exim4")))
        shutil.chown(folder / "state", OWNER.pw_uid, OWNER.pw_gid)
        with closing(_Daemon(["exim4", "-C", folder / "exim.conf", "-bdf", "-q1s"], port)) as daemon:
            yield Relay(IN_CLEAR.format(port=port), folder / "inbox", daemon.restart)


RELAYS: dict[str, Callable[[], AbstractContextManager[Relay]]] = {
    "postfix": postfix,
    "postfix and dovecot": postfix_and_dovecot,
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


@contextmanager
def _folder(program: str) -> Iterator[Path]:
    """A folder for a program, which other users may enter; pytest's they may not."""
    if os.geteuid() != 0 or shutil.which(program) is None:
        pytest.skip(f"needs root and {program}: install Debian's postfix, dovecot-lmtpd or exim4-daemon-light")
    with tempfile.TemporaryDirectory(prefix=program) as name:
        folder = Path(name)
        folder.chmod(0o755)
        for owned in ("inbox", "state"):
            (folder / owned).mkdir()
        shutil.chown(folder / "inbox", OWNER.pw_uid, OWNER.pw_gid)
        yield folder


def _write(folder: Path, name: str, into: str = "", **values: object) -> None:
    """Write settings into a folder, after what is in that file."""
    text = Template((SETTINGS / name).read_text(encoding="ascii"))
    with (folder / (into or name)).open("a", encoding="ascii") as file:
        file.write(text.substitute(folder=folder, host=HOST, uid=OWNER.pw_uid, gid=OWNER.pw_gid, **values))


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as found:
        port: int = found.getsockname()[1]
    return port


def _answers(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((HOST, port)) == 0
