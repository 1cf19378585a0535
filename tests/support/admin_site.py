"""Helpers for tests of the pages of administrators: Ann is one, Cleo is a curator, and Bob is neither."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from sqlalchemy import Engine
from support.service import add_subscriber, free_ports, ingest_page
from support.visitors import as_visitor, asked_session_token
from support.web_site import ANN, BASE_URL, HOST, serve_pages, write_config

from notifier.config import Config, load
from notifier.models import AdminEntry
from notifier.operations import read_admin_log
from notifier.subscribers import SignUp

BOB, CLEO = "bob@example.org", "cleo@example.org"
OWN = {"Sec-Fetch-Site": "same-origin"}
TITLES = ("Quantization of Large Models", "Mixture of Experts at Scale")


def admin_config(folder: Path, base_url: str = BASE_URL, more: str = "") -> Config:
    """Write a config in which Ann is an administrator and Cleo a curator; `more` are tables."""
    write_config(folder, base_url)
    with (folder / "config.toml").open("a", encoding="utf-8") as file:
        file.write(more)
    written = load(folder / "config.toml")
    changed = written.model_copy(
        update={"web": written.web.model_copy(update={"admins": ("ANN@Example.ORG",), "curators": (CLEO,)})}
    )
    changed._base = written.base
    return changed


def local_admin_config(folder: Path) -> Config:
    """Return the config with a base URL on this machine, for tests with a browser."""
    return admin_config(folder, f"http://{HOST}:{free_ports(1)[0]}")


def add_everybody(engine: Engine, config: Config) -> None:
    """Subscribe Ann, Bob and Cleo, and ingest two papers."""
    for email in (ANN, BOB, CLEO):
        add_subscriber(engine, SignUp(email, topics=("all",), confirmed=True), settings=config)
    ingest_page(engine, config.base, TITLES)


@contextmanager
def serve_to_admin(engine: Engine, config: Config) -> Iterator[httpx.Client]:
    """Serve the pages to Ann, who is signed in, beside Bob and Cleo."""
    add_everybody(engine, config)
    with serve_pages(engine, config) as client:
        as_visitor(client, asked_session_token(engine))
        yield client


def send(client: httpx.Client, page: str, /, **fields: str) -> httpx.Response:
    """Send a form to the path `page` below that of the administrators."""
    return client.post(f"/admin/{page}", data=fields, headers=OWN)


def logged_entries(engine: Engine) -> list[AdminEntry]:
    """Return the whole log, the newest entry first."""
    return read_admin_log(engine, 1000)
