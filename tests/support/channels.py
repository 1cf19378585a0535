"""Helpers for tests of channels: a config with a secret key, channels that are subscribed, and their deliveries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Row, select
from support.chat_services import ChatServices
from support.outbox import AT_EIGHT
from support.service import MONDAY, add_subscriber, ingest_page
from support.webhooks import KEY

from notifier.config import Config
from notifier.models import EndpointKind
from notifier.operations.adding_channels import ChannelUrl, add_channel
from notifier.pipeline.planning import plan
from notifier.store import endpoints
from notifier.store.endpoints import NewEndpoint
from notifier.store.engine import reading, writing
from notifier.store.tables import delivery, endpoint
from notifier.subscribers.subscribing import SignUp

TITLES = ("Quantization of Language Models", "Pruning Vision Transformers")


def channel_config(folder: Path, chats: ChatServices, **tables: Any) -> Config:
    """Return a config whose requests reach the chat services, and make its secret key."""
    (folder / "var").mkdir(exist_ok=True)
    (folder / "var" / "secret.key").write_text(KEY, encoding="ascii")
    (folder / "var" / "secret.key").chmod(0o600)
    return Config(fetching=chats.fetching, **tables).located_in(folder)


def subscribe_channel(engine: Engine, config: Config, name: str, url: str) -> None:
    """Add a channel, and subscribe it to all papers, daily at eight."""
    add_channel(engine, config, name, ChannelUrl(url), MONDAY)
    add_subscriber(engine, SignUp(f"channel:{name}", topics=("all",)))


def add_stored_channel(engine: Engine, name: str = "lab") -> int:
    """Add the row of a channel to which nothing is sent, and return its id."""
    with writing(engine) as connection:
        new = NewEndpoint("", "Slack (hooks.slack.com)", (), "/nowhere", "", EndpointKind.CHANNEL, name)
        return endpoints.add(connection, new, MONDAY)


def plan_for_channels(engine: Engine, folder: Path, config: Config, titles: tuple[str, ...] = TITLES) -> None:
    """Ingest papers, and plan the digests of all at eight."""
    ingest_page(engine, folder, list(titles))
    plan(engine, config, AT_EIGHT)


def rows(engine: Engine) -> dict[str, Row[Any]]:
    """Return the rows of the outbox by recipient."""
    with reading(engine) as connection:
        return {row.recipient: row for row in connection.execute(select(delivery).order_by(delivery.c.id))}


def endpoint_row(engine: Engine, name: str) -> Row[Any]:
    """Return the row of a channel."""
    with reading(engine) as connection:
        return connection.execute(select(endpoint).where(endpoint.c.name == name)).one()
