"""Relays that read the bytes of the socket as they arrive, for tests in which reading line by line is not enough."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from support.scripted_relay import HOST

ServeClient = Callable[["Client"], None]


class Client:
    """One client; the constructor greets it and answers its EHLO."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.send_replies("220 raw.test ESMTP")
        self.receive()
        self.send_replies("250-raw.test\r\n250 PIPELINING")

    def send_replies(self, *replies: str) -> None:
        """Send these replies in one write."""
        self._sock.sendall("".join(f"{reply}\r\n" for reply in replies).encode())

    def receive(self) -> bytes:
        """Return the bytes that have arrived since the last call; raise OSError if the client has gone."""
        if not (received := self._sock.recv(1 << 20)):
            raise ConnectionError
        return received

    def receive_until(self, end: bytes) -> bytes:
        """Receive until the bytes end with `end`, and return them all."""
        received = b""
        while not received.endswith(end):
            received += self.receive()
        return received


@contextmanager
def raw_relay(serve: ServeClient) -> Iterator[int]:
    """Run a relay during the `with` block, with a thread for each client, and yield its port."""
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
