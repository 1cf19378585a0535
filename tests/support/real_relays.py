"""Real mail servers, each on a port of loopback and with all its files in a temporary folder.

Each server stores accepted mail in one Maildir. It rejects recipients named `gone...` and defers those named
`later...`. The servers need root, and Debian's packages postfix, dovecot-lmtpd and exim4-daemon-light. Without root or
the package, a test that needs the server is skipped.
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
OWNER = OWNER_GROUP = 65534  # user and group `nobody`, who own the mail
PASSWORD = "open-sesame"
END_TIMEOUT = 60  # seconds for a relay to end


@dataclass(frozen=True)
class Relay:
    """A running relay; `restart` stops it, whatever it is doing, and starts it again.

    `settings` are the lines for `[smtp]` in config.toml.
    """

    settings: str
    inbox: Path
    restart: Callable[[], None]

    def arrived(self, count: int) -> list[bytes]:
        """Wait until the inbox has at least `count` different mails, wait one more second, and return all its mails."""
        wait_until(lambda: len({message_from_bytes(mail)["Message-ID"] for mail in self._mails()}) >= count)
        time.sleep(1)  # so that a mail that should not come has time to come
        return self._mails()

    def _mails(self) -> list[bytes]:
        return [file.read_bytes() for file in self.inbox.glob("new/*")]


@contextmanager
def postfix() -> Iterator[Relay]:
    """Run Postfix so that it accepts all mail from this machine and stores it itself."""
    with _folder("postfix") as folder:
        (port,) = free_ports(1)
        _write(folder, "main.cf", transport="virtual")
        with _run_postfix(folder, port) as restart:
            yield Relay(_smtp_settings(port=port, tls="none"), folder / "inbox", restart)


@contextmanager
def postfix_and_dovecot() -> Iterator[Relay]:
    """Run Postfix so that it requires TLS and a login, and Dovecot, which checks the login and stores the mail.

    Postfix passes the mail to Dovecot by LMTP (RFC 2033).
    """
    with _folder("dovecot", version="2.3.") as dovecot_folder, _folder("postfix") as folder:
        port, lmtp_port, login_port = free_ports(3)
        _write(dovecot_folder, "dovecot.conf", port=lmtp_port, login_port=login_port, password=PASSWORD)
        _write(folder, "main.cf", transport=f"lmtp:inet:{HOST}:{lmtp_port}")
        _write(folder, "submission.cf", into="main.cf", login_port=login_port, certificate=CERTIFICATES / "valid.pem")
        with (
            _run_daemon([_program("dovecot"), "-F", "-c", dovecot_folder / "dovecot.conf"], lmtp_port),
            _run_postfix(folder, port) as restart,
        ):
            login = {"username": "papers", "password": PASSWORD, "ca_file": str(AUTHORITY)}
            yield Relay(_smtp_settings(port=port, tls="starttls", **login), dovecot_folder / "inbox", restart)


@contextmanager
def _run_postfix(folder: Path, port: int) -> Iterator[Callable[[], None]]:
    """Run Postfix with the settings in a folder, and yield a function that restarts it."""
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
        wait_until(lambda: _is_listening(port))

    def restart() -> None:
        command("stop")
        wait_until(lambda: not _is_listening(port))  # its processes keep the port open a little longer
        start()

    try:
        start()
        yield restart
    finally:
        subprocess.run([_program("postfix"), "-c", folder, "stop"], capture_output=True, check=False)


@contextmanager
def exim() -> Iterator[Relay]:
    """Run Exim so that it accepts all mail and stores it itself."""
    with _folder("exim4") as folder:
        (port,) = free_ports(1)
        _write(folder, "exim.conf", port=port, exim=_program("exim4"))
        shutil.chown(folder / "state", OWNER, OWNER_GROUP)
        with _run_daemon([_program("exim4"), "-C", folder / "exim.conf", "-bdf", "-q1s"], port) as restart:
            yield Relay(_smtp_settings(port=port, tls="none"), folder / "inbox", restart)


@contextmanager
def postfix_that_refuses_us() -> Iterator[Relay]:
    """Run Postfix so that it refuses each recipient, because it does not know the sender's mailbox."""
    with _folder("postfix") as folder:
        (port,) = free_ports(1)
        _write(folder, "main.cf", transport="virtual")
        _write(folder, "unlisted-sender.cf", into="main.cf")
        _write(folder, "mailboxes")
        with _run_postfix(folder, port) as restart:
            yield Relay(_smtp_settings(port=port, tls="none"), folder / "inbox", restart)


@contextmanager
def exim_that_refuses_us() -> Iterator[Relay]:
    """Run Exim so that it relays for nobody: `relay_from_hosts` is empty, and the recipients are not local."""
    with _folder("exim4") as folder:
        (port,) = free_ports(1)
        _write(folder, "exim-no-relay.conf", port=port, exim=_program("exim4"))
        shutil.chown(folder / "state", OWNER, OWNER_GROUP)
        with _run_daemon([_program("exim4"), "-C", folder / "exim-no-relay.conf", "-bdf", "-q1s"], port) as restart:
            yield Relay(_smtp_settings(port=port, tls="none"), folder / "inbox", restart)


RELAYS: dict[str, Callable[[], AbstractContextManager[Relay]]] = {
    "postfix": postfix,
    "postfix and dovecot": postfix_and_dovecot,
    "exim": exim,
}


MISTRUSTING_RELAYS: dict[str, Callable[[], AbstractContextManager[Relay]]] = {
    "postfix": postfix_that_refuses_us,
    "exim": exim_that_refuses_us,
}


@contextmanager
def _run_daemon(command: list[str | Path], port: int) -> Iterator[Callable[[], None]]:
    """Run a server that listens on a port, and yield a function that restarts the server.

    The child processes of the server end together with it.
    """
    running: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        running.append(subprocess.Popen(command, start_new_session=True))
        wait_until(lambda: _is_listening(port) or running[-1].poll() is not None)
        assert running[-1].poll() is None, f"{command[0]} ended at once"

    def restart() -> None:
        _terminate(running.pop())
        start()

    try:
        start()
        yield restart
    finally:
        for process in running:
            _terminate(process)


def _terminate(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    process.wait(END_TIMEOUT)


@contextmanager
def _folder(program: str, version: str = "") -> Iterator[Path]:
    """Yield a temporary folder that other users can enter; they cannot enter the folders of pytest.

    Skips the test if the program is missing or cannot be run, or its version does not start with `version`.
    """
    if os.geteuid() != 0:
        pytest.skip(f"only root may start {program}")
    if not _program(program):
        pytest.skip(f"{program} is missing: install Debian's {PACKAGES[program]}")
    if version and not subprocess.check_output([_program(program), "--version"], text=True).startswith(version):
        pytest.skip(f"these settings are for {program} {version}")
    with tempfile.TemporaryDirectory(prefix=program) as name:
        folder = Path(name)
        folder.chmod(0o755)
        for name_inside in ("inbox", "state"):
            (folder / name_inside).mkdir()
        shutil.chown(folder / "inbox", OWNER, OWNER_GROUP)
        yield folder


def _program(name: str) -> str:
    """Return the path of a program, or an empty text; the folders for root's programs are searched too."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin") or ""


def _write(folder: Path, name: str, into: str = "", **values: object) -> None:
    """Fill in the template `name` of `data/relays`, and append it to the file `into` (or else `name`) of a folder."""
    text = Template((SETTINGS / name).read_text(encoding="ascii"))
    with (folder / (into or name)).open("a", encoding="ascii") as file:
        file.write(text.substitute(folder=folder, host=HOST, uid=OWNER, gid=OWNER_GROUP, **values))


def _smtp_settings(**settings: str | int) -> str:
    """Return settings as lines of TOML, which writes texts and numbers as JSON does."""
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in ({"host": HOST} | settings).items())


def _is_listening(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((HOST, port)) == 0
