"""A real Postfix whose returned mail comes back in three ways, and a real Dovecot that serves one of them by IMAP."""

from __future__ import annotations

import json
import shutil
import smtplib
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import real_relays
from support.real_relays import OWNER, OWNER_GROUP, PASSWORD
from support.scripted_relay import HOST
from support.service import clean_environment, free_ports
from support.smtp import CERTIFICATES

# What Postfix runs in place of `notifier`, because its user may not be able to read this checkout: it passes the
# arguments and the message on to this process, and exits as `notifier` does here.
PASS_ON = """\
import json, socket, sys
with socket.create_connection(("{host}", {port})) as server, server.makefile("rb") as answer:
    server.sendall(json.dumps([sys.argv[1:], sys.stdin.buffer.read().decode("latin-1")]).encode() + b"\\n")
    sys.exit(int(answer.readline()))
"""


@dataclass
class MailServer:
    """The ports of Postfix and Dovecot, and the folders of their mailboxes.

    `service` is the folder in which `notifier bounce` runs. `exit_codes` are those of its runs.
    """

    port: int
    imaps_port: int
    starttls_port: int
    folder: Path
    service: Path
    exit_codes: list[int]

    def send(self, content: bytes, recipient: str) -> None:
        """Give a message to Postfix, as another mail server does."""
        with smtplib.SMTP(HOST, self.port) as client:
            client.sendmail("someone@elsewhere.example", [recipient], content)


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Run both servers; the test is skipped if one of them is missing."""
    if not Path("/usr/lib/dovecot/imap").exists():
        pytest.skip("Dovecot's IMAP server is missing: install Debian's dovecot-imapd")
    with real_relays._folder("dovecot", version="2.3.") as dovecot, real_relays._folder("postfix") as folder:
        port, imaps_port, starttls_port = free_ports(3)
        for name in ("imap", "maildir"):
            (folder / name).mkdir()
            shutil.chown(folder / name, OWNER, OWNER_GROUP)
        real_relays._write(
            dovecot,
            "dovecot-imap.conf",
            port=imaps_port,
            starttls_port=starttls_port,
            certificate=CERTIFICATES / "valid.pem",
            maildir=folder / "imap",
            password=PASSWORD,
        )
        real_relays._write(folder, "main.cf", transport="virtual")
        real_relays._write(folder, "door.cf", into="main.cf")
        for name in ("door-mailboxes", "door-transports"):
            real_relays._write(folder, name)
        real_relays._write(folder, "door-master.cf", into="master.cf")
        server = MailServer(port, imaps_port, starttls_port, folder, folder, [])
        command: list[str | Path] = [real_relays._program("dovecot"), "-F", "-c", dovecot / "dovecot-imap.conf"]
        with (
            _commands(server),
            real_relays._run_daemon(command, imaps_port),
            real_relays._run_postfix(folder, port),
        ):
            yield server


@contextmanager
def _commands(server: MailServer) -> Iterator[None]:
    """Run `notifier` for each message that Postfix gives to its program."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            arguments, content = json.loads(self.rfile.readline())
            run = subprocess.run(
                [sys.executable, "-m", "notifier", *arguments],
                cwd=server.service,
                env=clean_environment(),
                input=content.encode("latin-1"),
                check=False,
            )
            server.exit_codes.append(run.returncode)
            self.wfile.write(b"%d\n" % run.returncode)

    with socketserver.ThreadingTCPServer((HOST, 0), Handler) as tcp:
        script = server.folder / "notifier"
        script.write_text(PASS_ON.format(host=HOST, port=tcp.server_address[1]), encoding="ascii")
        script.chmod(0o755)
        thread = threading.Thread(target=tcp.serve_forever)
        thread.start()
        try:
            yield
        finally:
            tcp.shutdown()
            thread.join()
