"""The pages as a server on loopback, and a reader whose mails lead there."""

from __future__ import annotations

import asyncio
import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import httpx
import uvicorn
from sqlalchemy import Engine
from support.service import MONDAY, add_page, add_reader

from notifier.config import Config, load
from notifier.models import Subscriber
from notifier.pipeline.planning import plan
from notifier.sending.run import send_due
from notifier.sending.sender import sender_for
from notifier.store import subscribers
from notifier.store.engine import reading
from notifier.subscribers.subscribing import SignUp
from notifier.web import app

HOST = "127.0.0.1"
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


def configured(folder: Path, base_url: str = BASE_URL, mail: str = "") -> Config:
    """A config of this folder, with a secret key, and the store of the `engine` fixture."""
    (folder / "secret.key").write_text("5" * 64, encoding="utf-8")
    (folder / "config.toml").write_text(CONFIG.format(base_url=base_url, mail=mail), encoding="utf-8")
    return load(folder / "config.toml")


@contextmanager
def serving(engine: Engine, config: Config) -> Iterator[httpx.Client]:
    """The pages, answered by uvicorn, and a client of theirs."""
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        server = uvicorn.Server(uvicorn.Config(app(engine, config, lambda: AT_EIGHT), log_config=None, lifespan="off"))
        thread = Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            with httpx.Client(base_url=f"http://{HOST}:{listening.getsockname()[1]}") as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


def exchange(client: httpx.Client, *head: str, body: bytes = b"") -> bytes:
    """The answer to a request that is sent as it stands here, byte for byte."""
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=10) as connection:
        connection.sendall("\r\n".join((*head, "", "")).encode() + body)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def first_mail(engine: Engine, config: Config, *queries: str) -> EmailMessage:
    """Ann's first digest, who asks for these queries."""
    add_reader(engine, SignUp(ANN, queries, confirmed=True), settings=config)
    plan_for_ann(engine, config, "Quantization of Large Models", "Mixture of Experts at Scale")
    return delivered(engine, config)[0]


def plan_for_ann(engine: Engine, config: Config, *titles: str, at: datetime = AT_EIGHT) -> None:
    """Papers come, and a digest with them waits in the outbox."""
    add_page(engine, config.base, titles, now=at)
    assert plan(engine, config, at).digests == 1


def delivered(engine: Engine, config: Config, at: datetime = AT_EIGHT) -> list[EmailMessage]:
    """Every mail that has been sent, after what waits was sent too."""
    asyncio.run(send_due(sender_for(engine, config, lambda: at)))
    files = sorted((config.base / "mail").glob("new/*"), key=lambda file: file.stat().st_mtime_ns)
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def ann(engine: Engine) -> Subscriber:
    """Ann as the store has her."""
    with reading(engine) as connection:
        found = subscribers.find(connection, ANN)
    assert found is not None
    return found


def labels(engine: Engine) -> list[str]:
    """What Ann asks for."""
    return [each.label for each in ann(engine).subscriptions]


def database(engine: Engine) -> str:
    """All that the database holds."""
    connection = sqlite3.connect(str(engine.url.database))
    try:
        return "\n".join(connection.iterdump())
    finally:
        connection.close()


def urls(message: EmailMessage) -> list[str]:
    """Every URL anywhere in a mail, each once."""
    texts = [str(value) for value in message.values()]
    texts += [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    return list(dict.fromkeys(re.findall(r"""(?:https?://|mailto:)[^\s<>"]+""", "\n".join(texts))))


def relay_name(message: EmailMessage) -> str:
    """The path of the page where a mail's reader leaves altogether, from its header."""
    return urlsplit(str(message["List-Unsubscribe"]).split(", ")[0].strip("<>")).path


def ways_out_of_one(message: EmailMessage) -> list[str]:
    """The paths of the pages where single subscriptions end, in the order of the mail's sections."""
    ours = [urlsplit(url).path for url in urls(message) if url.startswith(BASE_URL)]
    return [path for path in ours if path != relay_name(message)]
