"""Tell systemd (sd_notify(3)) that the service is ready, stopping or alive, and its state in one line."""

from __future__ import annotations

import logging
import os
import socket

log = logging.getLogger("notifier")


def notify(*states: str) -> None:
    """Send states such as `READY=1` to systemd; do nothing if it did not start this process (no NOTIFY_SOCKET)."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # the abstract namespace
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.connect(address)
            sock.sendall("\n".join(states).encode())
    except OSError as error:
        log.warning("systemd cannot be told %s: %s", states[0], error.strerror)
