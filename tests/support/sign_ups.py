"""Helpers for tests of requests: a config with pages, the notices in the outbox, and the grants of their links."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, Row, event, select
from support.service import MONDAY

from notifier.config import Config, MailConfig, WebConfig
from notifier.digests.details import decode_notice_details
from notifier.models import DeliveryKind, Subscriber
from notifier.signing import Grant, LinkPurpose
from notifier.store import reading
from notifier.store.tables import delivery
from notifier.subscribers import confirm, request_sign_in, request_sign_up, sign_in
from notifier.subscribers.subscribing import SignUp

ANN, BOB = "ann@example.org", "bob@example.net"
PAGES = Config(
    mail=MailConfig(sender="Daily Papers <papers@example.org>"), web=WebConfig(base_url="https://papers.example.org")
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql")])
def store(request: pytest.FixtureRequest) -> Engine:
    """Open a new store in each of the two databases."""
    engine: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")
    return engine


def mails(engine: Engine, kind: DeliveryKind | None = None) -> list[Row[Any]]:
    """Return the rows of the outbox, oldest first; only those of one kind if it is given."""
    statement = select(delivery).order_by(delivery.c.id)
    with reading(engine) as connection:
        return list(connection.execute(statement if kind is None else statement.where(delivery.c.kind == kind)))


def recipients(engine: Engine) -> list[tuple[str, str]]:
    """Return the kind and recipient of each row of the outbox, oldest first."""
    return [(row.kind, row.recipient) for row in mails(engine)]


def grant_of(row: Row[Any]) -> Grant:
    """Return what the link of a notice allows."""
    details = decode_notice_details(row.details)
    return Grant(LinkPurpose(details.link), details.request_id)


def newest_grant(engine: Engine) -> Grant:
    """Return what the link of the newest notice allows."""
    return grant_of([row for row in mails(engine) if row.kind != DeliveryKind.WELCOME][-1])


def sign_up(engine: Engine, email: str = ANN, now: datetime = MONDAY, **asked: Any) -> Grant:
    """Ask to sign up as a page does, and return the grant of the newest mail."""
    request_sign_up(engine, PAGES, SignUp(email, **({"topics": ("all",)} | asked)), now)
    return newest_grant(engine)


def confirmed(engine: Engine, email: str = ANN, now: datetime = MONDAY, **asked: Any) -> Subscriber:
    """Sign up and confirm, and return the subscriber."""
    found = confirm(engine, PAGES, sign_up(engine, email, now, **asked), now)
    assert found is not None
    return found


def session_of(engine: Engine, email: str = ANN, now: datetime = MONDAY) -> str:
    """Sign in by a mail, and return the secret of the session."""
    request_sign_in(engine, PAGES, email, now)
    token = sign_in(engine, newest_grant(engine), now)
    assert token is not None
    return token


@contextmanager
def no_writes(engine: Engine) -> Iterator[None]:
    """Fail if the block changes any row."""
    written: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            written.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert written == []
