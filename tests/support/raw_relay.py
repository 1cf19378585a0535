"""Relays that take bytes as they come off the socket, for what a server that reads line by line cannot show."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from support.scripted_relay import HOST

Serve = Callable[["Client"], None]


class Client:
    """One client, once it has been greeted and has said EHLO."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.say("220 raw.test ESMTP")
        self.hear()
        self.say("250-raw.test\r\n250 PIPELINING")

    def say(self, *replies: str) -> None:
        """Write these replies in one packet."""
        self._sock.sendall("".join(f"{reply}\r\n" for reply in replies).encode())

    def hear(self) -> bytes:
        """What has come since the last time. Raises OSError where the client has gone."""
        if not (heard := self._sock.recv(1 << 20)):
            raise ConnectionError
        return heard

    def hear_until(self, end: bytes) -> bytes:
        """All that comes, until it ends so."""
        heard = b""
        while not heard.endswith(end):
            heard += self.hear()
        return heard


@contextmanager
def raw_relay(serve: Serve) -> Iterator[int]:
    """Listens while the `with` lasts, and gives its port; each client is served in a thread."""
    listener, sockets = socket.create_server((HOST, 0)), []

    def serve_one(sock: socket.socket) -> None:
        with suppress(OSError), sock:
            serve(Client(sock))

    def accept() -> None:
        with suppress(OSError):
            while True:
                sock, _ = listener.accept()
                sockets.append(sock)
                threading.Thread(target=serve_one, args=[sock], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        for sock in (listener, *sockets):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
