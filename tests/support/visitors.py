"""Helpers for tests of the pages: the links in mails, the forms of a page, and a visitor who is signed in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.message import EmailMessage
from hashlib import sha256
from urllib.parse import urlsplit

import httpx
from lxml import html
from lxml.html import FormElement, HtmlElement
from sqlalchemy import Engine, update
from support.service import wait_until
from support.web_site import ANN, AT_EIGHT, deliver_and_read_mails, serve_pages, urls_in

from notifier.config import Config
from notifier.store import reading, subscribers, tables, writing
from notifier.subscribers import manage_grant, sign_in
from notifier.web.sessions import HOST_NAME

TYPED = {
    "email": ANN,
    "words": "quantization",
    "cadence": "daily",
    "hour": "08:00",
    "timezone": "UTC",
    "do": "subscribe",
}


def mails_soon(engine: Engine, config: Config, count: int = 1, at: datetime = AT_EIGHT) -> list[EmailMessage]:
    """Return all mails as soon as there are `count` of them; the service queues them only after it has answered."""
    found: list[EmailMessage] = []

    def are_there() -> bool:
        found[:] = deliver_and_read_mails(engine, config, at)
        return len(found) >= count

    wait_until(are_there)
    return found


def link_path(message: EmailMessage, start: str) -> str:
    """Return the path of the link in a mail whose path begins with `start`."""
    paths = {urlsplit(url).path for url in urls_in(message) if urlsplit(url).path.startswith(start)}
    assert len(paths) == 1
    return paths.pop()


def parsed(answer: httpx.Response) -> HtmlElement:
    """Return the page of an answer."""
    return html.document_fromstring(answer.text)


def shown(answer: httpx.Response) -> str:
    """Return the text of the main part of a page, on one line."""
    text: str = parsed(answer).xpath("string(//main)")
    return " ".join(text.split())


def form_to(answer: httpx.Response, action: str) -> FormElement:
    """Return the form of a page that is sent to `action`."""
    return next(form for form in parsed(answer).forms if (form.action or "") == action)


def session_token(engine: Engine, email: str = ANN) -> str:
    """Return the secret of a new session of this subscriber."""
    with reading(engine) as connection:
        found = subscribers.find(connection, email)
    assert found is not None
    token = sign_in(engine, manage_grant(found, AT_EIGHT), AT_EIGHT)
    assert token
    return str(token)


def asked_session_token(engine: Engine, email: str = ANN) -> str:
    """Return the secret of a new session that was opened by a link that the subscriber has asked for."""
    token = session_token(engine, email)
    with writing(engine) as connection:
        mine = tables.session.c.secret_hash == sha256(token.encode()).hexdigest()
        connection.execute(update(tables.session).where(mine).values(asked_for=True))
    return token


def as_visitor(client: httpx.Client, token: str) -> None:
    """Let a client send the cookie of a session, also without https, which the test's server does not have."""
    client.cookies.clear()
    client.cookies.set(HOST_NAME, token)


@contextmanager
def serve_to_ann(engine: Engine, config: Config) -> Iterator[httpx.Client]:
    """Serve the pages to Ann, who is signed in."""
    with serve_pages(engine, config) as client:
        as_visitor(client, session_token(engine))
        yield client
