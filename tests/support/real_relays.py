"""Relays that others wrote, on a port of loopback each, with all that they keep in a folder of their own.

What they take ends in one Maildir. Who `gone...` is they refuse for good, who `later...` is they put off. They need
root, and Debian's packages postfix, dovecot-lmtpd or exim4-daemon-light.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from string import Template

import pytest
from support.paths import DATA
from support.scripted_relay import HOST
from support.service import free_ports, wait_until
from support.smtp import AUTHORITY, CERTIFICATES

SETTINGS = DATA / "relays"
PACKAGES = {"postfix": "postfix", "dovecot": "dovecot-lmtpd", "exim4": "exim4-daemon-light"}
OWNER = OWNER_GROUP = 65534  # of the mail: nobody
PASSWORD = "open-sesame"
PATIENCE = 60  # seconds for a relay to end


@dataclass(frozen=True)
class Relay:
    """A relay that runs; `restart` ends it amid whatever it does, and starts it again.

    `settings` is what config.toml says of it in `[smtp]`.
    """

    settings: str
    inbox: Path
    restart: Callable[[], None]

    def arrived(self, count: int) -> list[bytes]:
        """All mail that is in the inbox, once so many different ones are there and a moment has passed."""
        wait_until(lambda: len({message_from_bytes(mail)["Message-ID"] for mail in self._mails()}) >= count)
        time.sleep(1)  # in which one too many would come
        return self._mails()

    def _mails(self) -> list[bytes]:
        return [file.read_bytes() for file in self.inbox.glob("new/*")]


@contextmanager
def postfix() -> Iterator[Relay]:
    """Postfix, which takes all mail of this machine, and stores it itself."""
    with _folder("postfix") as folder:
        (port,) = free_ports(1)
        _write(folder, "main.cf", transport="virtual")
        with _started_postfix(folder, port) as restart:
            yield Relay(_smtp(port=port, tls="none"), folder / "inbox", restart)


@contextmanager
def postfix_and_dovecot() -> Iterator[Relay]:
    """Postfix, which asks for TLS and for a login that Dovecot knows, and hands Dovecot all mail by LMTP (RFC 2033)."""
    with _folder("dovecot", version="2.3.") as behind, _folder("postfix") as folder:
        port, lmtp_port, login_port = free_ports(3)
        _write(behind, "dovecot.conf", port=lmtp_port, login_port=login_port, password=PASSWORD)
        _write(folder, "main.cf", transport=f"lmtp:inet:{HOST}:{lmtp_port}")
        _write(folder, "submission.cf", into="main.cf", login_port=login_port, certificate=CERTIFICATES / "valid.pem")
        with (
            _daemon([_program("dovecot"), "-F", "-c", behind / "dovecot.conf"], lmtp_port),
            _started_postfix(folder, port) as restart,
        ):
            login = {"username": "papers", "password": PASSWORD, "ca_file": str(AUTHORITY)}
            yield Relay(_smtp(port=port, tls="starttls", **login), behind / "inbox", restart)


@contextmanager
def _started_postfix(folder: Path, port: int) -> Iterator[Callable[[], None]]:
    """Postfix with the settings in a folder; gives what restarts it."""
    _write(folder, "master.cf", port=port)
    _write(folder, "refused")
    (folder / "queue").mkdir()
    (folder / "log").touch()
    shutil.chown(folder / "state", "postfix")

    def command(verb: str) -> None:
        done = subprocess.run([_program("postfix"), "-c", folder, verb], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{done.stderr}\n{(folder / 'log').read_text(encoding='utf-8')[-2000:]}"

    def start() -> None:
        command("start")
        wait_until(lambda: _answers(port))

    def restart() -> None:
        command("stop")
        wait_until(lambda: not _answers(port))  # its processes hold the port a little longer
        start()

    try:
        start()
        yield restart
    finally:
        subprocess.run([_program("postfix"), "-c", folder, "stop"], capture_output=True, check=False)


@contextmanager
def exim() -> Iterator[Relay]:
    """Exim, which takes all mail and stores it itself."""
    with _folder("exim4") as folder:
        (port,) = free_ports(1)
        _write(folder, "exim.conf", port=port, exim=_program("exim4"))
        shutil.chown(folder / "state", OWNER, OWNER_GROUP)
        with _daemon([_program("exim4"), "-C", folder / "exim.conf", "-bdf", "-q1s"], port) as restart:
            yield Relay(_smtp(port=port, tls="none"), folder / "inbox", restart)


RELAYS: dict[str, Callable[[], AbstractContextManager[Relay]]] = {
    "postfix": postfix,
    "postfix and dovecot": postfix_and_dovecot,
    "exim": exim,
}


@contextmanager
def _daemon(command: list[str | Path], port: int) -> Iterator[Callable[[], None]]:
    """A program that answers at a port, with the processes that it starts for connections; gives what restarts it."""
    running: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        running.append(subprocess.Popen(command, start_new_session=True))
        wait_until(lambda: _answers(port) or running[-1].poll() is not None)
        assert running[-1].poll() is None, f"{command[0]} ended at once"

    def restart() -> None:
        _end(running.pop())
        start()

    try:
        start()
        yield restart
    finally:
        for process in running:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    process.wait(PATIENCE)


@contextmanager
def _folder(program: str, version: str = "") -> Iterator[Path]:
    """A folder for a program of a version that starts so, which other users may enter; pytest's they may not."""
    if os.geteuid() != 0:
        pytest.skip(f"only root may start {program}")
    if not _program(program):
        pytest.skip(f"{program} is missing: install Debian's {PACKAGES[program]}")
    if version and not subprocess.check_output([_program(program), "--version"], text=True).startswith(version):
        pytest.skip(f"these settings are for {program} {version}")
    with tempfile.TemporaryDirectory(prefix=program) as name:
        folder = Path(name)
        folder.chmod(0o755)
        for owned in ("inbox", "state"):
            (folder / owned).mkdir()
        shutil.chown(folder / "inbox", OWNER, OWNER_GROUP)
        yield folder


def _program(name: str) -> str:
    """Where a program is, also where PATH holds none of root's; empty: nowhere."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin") or ""


def _write(folder: Path, name: str, into: str = "", **values: object) -> None:
    """Write settings into a folder, after what is in that file."""
    text = Template((SETTINGS / name).read_text(encoding="ascii"))
    with (folder / (into or name)).open("a", encoding="ascii") as file:
        file.write(text.substitute(folder=folder, host=HOST, uid=OWNER, gid=OWNER_GROUP, **values))


def _smtp(**settings: str | int) -> str:
    """Lines of TOML, which writes texts and numbers as JSON does."""
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in ({"host": HOST} | settings).items())


def _answers(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((HOST, port)) == 0
