"""Helpers for tests of the whole service: they add dumps and subscribers, and run the command line as a user does."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Engine
from support.chosen_store import IS_CHOSEN, STORE_URL
from support.command_server import run_forked
from support.paths import CHECKOUT, PYTHON_PATH
from support.stores import new_store

from notifier.config import Config, load
from notifier.models import PAGE_TEXT, ListedOnFrom, Listing, ParsedDump, Subscriber
from notifier.papers.identity import prepare
from notifier.pipeline.ingesting import DumpReport, ingest
from notifier.pipeline.planning import plan
from notifier.store import simulated_clock
from notifier.store.engine import writing
from notifier.store.ingest import AnnouncePolicy, NewDump, add_dump, lock
from notifier.store.schema import open_store
from notifier.subscribers.subscribing import SignUp, check_sign_up, sign_up_all, subscribe
from notifier.topics import catalogue_of

SEEDS = sorted((CHECKOUT / "seeds").iterdir())
COMMAND_SECONDS = 120
MONDAY = datetime(2026, 7, 6, 6, tzinfo=UTC)

ABSTRACT = "We study {} in depth. Our experiments show that the proposed method works better than all earlier ones."


def page_text(titles: Sequence[str], abstracts: Sequence[str] | None = None) -> str:
    """Return the text of a web page that lists these papers, as if a user had copied it."""
    texts = abstracts or [ABSTRACT.format(title) for title in titles]
    return "".join(f"{title}\n{text}\n" for title, text in zip(titles, texts, strict=True))


def ingest_page(
    engine: Engine, folder: Path, titles: Sequence[str], now: datetime = MONDAY, abstracts: Sequence[str] | None = None
) -> DumpReport:
    """Write a page with these papers into `folder`, and ingest it at `now`."""
    text = page_text(titles, abstracts)
    file = folder / f"{abs(hash(text)):x}.txt"
    file.write_text(text, encoding="utf-8")
    return ingest(engine, file, None, now)


def add_listings(
    engine: Engine, name: str, day: date, *listings: Listing, precedence: int = 1, now: datetime = MONDAY
) -> None:
    """Store a dump of `day` that holds only these listings, as page text; `precedence` is that of its format."""
    dump = ParsedDump(PAGE_TEXT, _numbered(listings), precedence=precedence)
    with writing(engine) as connection:
        lock(connection)
        new = NewDump(name, name, dump.format, day, ListedOnFrom.OPTION, now)
        add_dump(connection, new, prepare(dump, day, name))


def add_listings_as(
    engine: Engine, announcing: AnnouncePolicy, name: str, *listings: Listing, now: datetime = MONDAY
) -> None:
    """Store a dump of the day of `now` that holds only these listings, and announce its papers as `announcing` says."""
    dump = ParsedDump(PAGE_TEXT, _numbered(listings))
    with writing(engine) as connection:
        lock(connection)
        new = NewDump(name, name, dump.format, now.date(), ListedOnFrom.OPTION, now)
        add_dump(connection, new, prepare(dump, now.date(), name), announcing)


def _numbered(listings: Sequence[Listing]) -> tuple[Listing, ...]:
    return tuple(replace(listing, position=position) for position, listing in enumerate(listings, 1))


def add_subscribers(engine: Engine, config: Config, sign_ups: Sequence[SignUp]) -> None:
    """Subscribe all these people in one transaction."""
    catalogue = catalogue_of(config)
    with writing(engine) as connection:
        sign_up_all(connection, [check_sign_up(each, catalogue) for each in sign_ups], config.digest, MONDAY)


def add_subscriber(
    engine: Engine, sign_up: SignUp, now: datetime = MONDAY, settings: Config | None = None
) -> Subscriber:
    """Subscribe one person, daily at 08:00 UTC unless the sign-up says otherwise."""
    return subscribe(engine, settings or Config(), sign_up, now)


def run_notifier(
    *arguments: str | Path, cwd: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `notifier` with these arguments in the folder `cwd`, as a user would.

    The command runs in a forked process (see `command_server`). With variables that are not notifier's, a new Python is
    started, because Python may read them at its start.
    """
    words = [str(argument) for argument in arguments]
    variables = {**clean_environment(), **(environment or {})}
    if all(name.startswith("NOTIFIER_") for name in environment or {}):
        return run_forked(words, cwd, variables, COMMAND_SECONDS)
    return subprocess.run(
        [sys.executable, "-m", "notifier", *words],
        cwd=cwd,
        env=variables,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )


def clean_environment() -> dict[str, str]:
    """Return the environment for a child process: without notifier's settings, and with this checkout in PYTHONPATH.

    The URL of the store stays, if a database was chosen for all tests; see `chosen_store`.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFIER_")}
    if IS_CHOSEN and STORE_URL in os.environ:
        kept[STORE_URL] = os.environ[STORE_URL]
    return {**kept, "PYTHONPATH": PYTHON_PATH, "COLUMNS": "200"}


def wait_until(is_true: Callable[[], object], seconds: float = 60) -> None:
    """Wait until a condition is true; fail if it is still false after `seconds` seconds."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, f"the condition was still false after {seconds} seconds"
        time.sleep(0.005)


def free_ports(count: int) -> list[int]:
    """Return `count` different ports of 127.0.0.1 on which nothing listens."""
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in servers]


def write_smtp_config(folder: Path, port: int) -> None:
    """Write a config.toml that sends mail to a relay on this port of 127.0.0.1."""
    text = f'[mail]\ntransport = "smtp"\n[smtp]\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\n'
    (folder / "config.toml").write_text(text, encoding="utf-8")


def open_simulated_store(url: str) -> Engine:
    """Open the new store at `url`, a SQLite file or the database of the test, that accepts the `--now` of these tests.

    It is like a store whose first command had a `--now`.
    """
    engine = new_store(Path(url.removeprefix("sqlite:///"))) if url.startswith("sqlite") else open_store(url)
    with writing(engine) as connection:
        assert simulated_clock.mark_if_empty(connection, MONDAY)
    return engine


def open_store_in(folder: Path) -> Engine:
    """Open the store that commands in this folder use."""
    file = folder / "config.toml"
    config = load(file) if file.exists() else Config().located_in(folder)
    return open_store(os.environ.get(STORE_URL, config.store_url))


def open_store_with_subscribers(count: int, folder: Path) -> Engine:
    """Open a store with two papers and `count` daily subscribers to all papers, who are due at MONDAY 08:00 UTC."""
    engine = open_simulated_store(load(folder / "config.toml").store_url)
    for number in range(count):
        add_subscriber(engine, SignUp(f"subscriber{number}@example.org", topics=("all",), confirmed=True))
    ingest_page(engine, folder, ["The Title of a Paper", "Another Paper of Ours"])
    return engine


def plan_digests(count: int, folder: Path, port: int) -> None:
    """Make a store in `folder` with `count` subscribers, and plan a digest for each of them."""
    write_smtp_config(folder, port)
    engine = open_store_with_subscribers(count, folder)
    plan(engine, load(folder / "config.toml"), MONDAY.replace(hour=8))
    engine.dispose()
