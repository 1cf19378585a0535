"""Helpers for tests of the web pages: a server on 127.0.0.1, and Ann, a subscriber whose mails link to it."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine, inspect, text
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from support.service import MONDAY, add_subscriber, ingest_page

from notifier.config import Config, load
from notifier.models import Clock, Subscriber
from notifier.pipeline.planning import plan
from notifier.sending.run import send_due
from notifier.sending.sender import sender_for
from notifier.store import subscribers
from notifier.store.engine import reading
from notifier.subscribers.subscribing import SignUp
from notifier.web import make_app

HOST = "127.0.0.1"
PATIENCE = 60  # seconds in which a server answers, however busy the machine is
BASE_URL = "https://papers.example.org"
AT_EIGHT = MONDAY.replace(hour=8)
ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ANN = "ann@example.org"
CONFIG = """\
secret_file = "secret.key"
[store]
url = "sqlite:///store/notifier.db"
[mail]
sender = "Daily Papers <papers@example.org>"
{mail}
[maildir]
folder = "mail"
[web]
base_url = "{base_url}"
"""


def write_config(folder: Path, base_url: str = BASE_URL, mail: str = "") -> Config:
    """Write a secret key and a config that uses the store of the `engine` fixture, and load the config."""
    (folder / "secret.key").write_text("5" * 64, encoding="utf-8")
    (folder / "config.toml").write_text(CONFIG.format(base_url=base_url, mail=mail), encoding="utf-8")
    return load(folder / "config.toml")


@contextmanager
def serve_pages(
    engine: Engine,
    config: Config,
    late_loops: Callable[[], Sequence[str]] = tuple,
    *,
    clock: Clock = lambda: AT_EIGHT,
    port: int = 0,
) -> Iterator[httpx.Client]:
    """Serve the pages with uvicorn while the block runs, on a free port unless one is given; return a client."""
    with serve_app(make_app(engine, config, clock, late_loops), port) as client:
        yield client


@contextmanager
def serve_app(application: ASGIApp, port: int = 0) -> Iterator[httpx.Client]:
    """Serve a web application as `serve_pages` does."""
    with socket.socket() as listener:
        listener.bind((HOST, port))
        server = uvicorn.Server(uvicorn.Config(application, log_config=None, lifespan="off"))
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            with httpx.Client(base_url=f"http://{HOST}:{listener.getsockname()[1]}", timeout=PATIENCE) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


def slowed(application: FastAPI) -> ASGIApp:
    """Return an application that sends each page in pieces of about 1,000 bytes, as a slow connection does.

    A piece ends before a tag, so that no word is cut.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_slowly(message: Message) -> None:
            body = message.get("body", b"")
            if not body.lstrip().startswith(b"<!doctype html>"):
                await send(message)
                return
            for piece in re.findall(rb".{1000}[^<]*|.+", body, re.DOTALL):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                await asyncio.sleep(0.05)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await application({**scope, "headers": plain}, receive, send_slowly)

    return app


def send_raw_request(client: httpx.Client, *head: str, body: bytes = b"") -> bytes:
    """Send a request exactly as given, with `head` as its first lines, and return the bytes of the answer."""
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=10) as connection:
        connection.sendall("\r\n".join((*head, "", "")).encode() + body)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def deliver_first_mail(engine: Engine, config: Config, *queries: str) -> EmailMessage:
    """Subscribe Ann to these queries, and return the mail of her first digest."""
    add_subscriber(engine, SignUp(ANN, queries, confirmed=True), settings=config)
    plan_for_ann(engine, config, "Quantization of Large Models", "Mixture of Experts at Scale")
    return deliver_and_read_mails(engine, config)[0]


def plan_for_ann(engine: Engine, config: Config, *titles: str, at: datetime = AT_EIGHT) -> None:
    """Ingest these papers, and plan a digest for Ann, which then waits in the outbox."""
    ingest_page(engine, config.base, titles, now=at)
    assert plan(engine, config, at).digests == 1


def deliver_and_read_mails(engine: Engine, config: Config, at: datetime = AT_EIGHT) -> list[EmailMessage]:
    """Deliver what waits in the outbox, and return all mails delivered so far, the oldest first."""
    asyncio.run(send_due(sender_for(engine, config, lambda: at)))
    files = sorted((config.base / "mail").glob("new/*"), key=lambda file: file.stat().st_mtime_ns)
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def stored_ann(engine: Engine) -> Subscriber:
    """Read Ann from the store."""
    with reading(engine) as connection:
        subscriber = subscribers.find(connection, ANN)
    assert subscriber is not None
    return subscriber


def labels_of_ann(engine: Engine) -> list[str]:
    """Return the labels of Ann's subscriptions."""
    return [subscription.label for subscription in stored_ann(engine).subscriptions]


def database_content(engine: Engine) -> str:
    """Return all rows of the database as text, to compare it before and after a request."""
    with reading(engine) as connection:
        tables = [(name, connection.execute(text(f'SELECT * FROM "{name}"'))) for name in sorted(_tables(engine))]
        return "\n".join(f"{name}: {sorted(map(repr, rows))}" for name, rows in tables)


def _tables(engine: Engine) -> list[str]:
    """Return the names of all tables except the index of words, which SQLite keeps in a table of its own kind."""
    return inspect(engine).get_table_names()


def urls_in(message: EmailMessage) -> list[str]:
    """Return every URL in the headers and texts of a mail, each once."""
    texts = [str(value) for value in message.values()]
    texts += [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    return list(dict.fromkeys(re.findall(r"""(?:https?://|mailto:)[^\s<>"]+""", "\n".join(texts))))


def unsubscribe_path(message: EmailMessage) -> str:
    """Return the path of the page that stops all mail, from the List-Unsubscribe header."""
    return urlsplit(str(message["List-Unsubscribe"]).split(", ")[0].strip("<>")).path


def section_unsubscribe_paths(message: EmailMessage) -> list[str]:
    """Return the paths of the pages that end one subscription each, in the order of the mail's sections."""
    paths = [urlsplit(url).path for url in urls_in(message) if url.startswith(f"{BASE_URL}/unsubscribe/")]
    return [path for path in paths if path != unsubscribe_path(message)]
