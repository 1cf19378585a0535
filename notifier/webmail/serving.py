"""Serve the pages of the inbox from a thread, while the process does other work."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import uvicorn

from notifier.webmail.pages import make_app

HOST = "127.0.0.1"
LAST_REQUESTS_SECONDS = 1  # for the requests in progress when the server stops


def bound(port: int) -> socket.socket:
    """Return a socket at this port of loopback, or at another port that is free if something listens there."""
    try:
        return socket.create_server((HOST, port))
    except OSError:
        return socket.create_server((HOST, 0))


@contextmanager
def serving(folder: Path, home: str, port: int) -> Iterator[str]:
    """Serve the messages of a Maildir while the block runs, and yield the URL of the list.

    `home` is the URL of notifier's own pages. If something listens at `port`, another port is used.
    """
    with bound(port) as listener:
        settings = uvicorn.Config(
            make_app(folder, home),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=LAST_REQUESTS_SECONDS,
        )
        server = uvicorn.Server(settings)
        thread = Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()
