"""Helpers for tests of the outbox: plan digests, make a sender with a clock, deliver, and read the rows."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Row, select
from support.scripted_relay import HOST, ScriptedRelay
from support.service import MONDAY, add_subscribers, ingest_page

from notifier.config import Config, MailConfig, SmtpConfig
from notifier.delivery.smtp.transport import SmtpTransport
from notifier.delivery.transport import RelaySettings, Timeouts
from notifier.models import RelayState
from notifier.pipeline.planning import plan
from notifier.sending.report import DeliveryReport
from notifier.sending.run import send_due
from notifier.sending.sender import Sender, sender_for
from notifier.store import relays
from notifier.store.engine import reading
from notifier.store.tables import delivery, subscriber
from notifier.subscribers.subscribing import SignUp

AT_EIGHT = MONDAY.replace(hour=8)
A_MINUTE = timedelta(minutes=1)


class SettableClock:
    """A clock that stands still until it is set."""

    def __init__(self, now: datetime = AT_EIGHT) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def plan_many(engine: Engine, folder: Path, emails: list[str]) -> None:
    """Plan a digest for each of these addresses at eight on Monday."""
    config = Config()
    add_subscribers(engine, config, [SignUp(email, topics=("all",), confirmed=True) for email in emails])
    ingest_page(engine, folder, ["The Title of a Paper", "Another Paper of Ours"])
    plan(engine, config, AT_EIGHT)


def sender_to(
    engine: Engine, folder: Path, port: int, clock: SettableClock, *, timeouts: Timeouts | None = None, **smtp: Any
) -> Sender:
    """Return a sender to a relay on loopback."""
    config = Config(
        mail=MailConfig(sender="Daily Papers <papers@example.org>", transport="smtp"),
        smtp=SmtpConfig(**{"host": HOST, "port": port, "tls": "none", **smtp}),
    )
    sender = replace(sender_for(engine, config, clock), owners_folder=folder / "owners", relay="the relay")
    if timeouts is None:
        return sender
    return replace(sender, transports=[SmtpTransport(RelaySettings(HOST, port, "none", timeouts=timeouts))])


def run(
    engine: Engine, folder: Path, relay: ScriptedRelay, clock: SettableClock | None = None, **more: Any
) -> DeliveryReport:
    """Run `deliver` once, and return its report."""
    return asyncio.run(send_due(sender_to(engine, folder, relay.port, clock or SettableClock(), **more)))


def rows(engine: Engine) -> dict[str, Row[Any]]:
    """Return the rows of the outbox by recipient."""
    with reading(engine) as connection:
        return {row.recipient: row for row in connection.execute(select(delivery))}


def states(engine: Engine) -> dict[str, str]:
    """Return the state of each delivery by recipient."""
    return {recipient: row.state for recipient, row in rows(engine).items()}


def subscriber_states(engine: Engine) -> dict[str, str]:
    """Return the state of each subscriber by address."""
    with reading(engine) as connection:
        return dict(connection.execute(select(subscriber.c.email, subscriber.c.state)).all())


def relay_state(engine: Engine) -> RelayState:
    """Return the stored state of the relay."""
    with reading(engine) as connection:
        return relays.read(connection, "the relay")
