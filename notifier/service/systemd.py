"""Talking to systemd, where it listens (sd_notify(3)): ready, stopping, alive, and one line on how things stand."""

from __future__ import annotations

import logging
import os
import socket

log = logging.getLogger("notifier")


def notify(*states: str) -> None:
    """Send states such as `READY=1`; without a NOTIFY_SOCKET there is nobody to tell."""
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
