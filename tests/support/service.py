"""Steps that tests of the whole service share: dumps, readers, and the command line as a user runs it."""

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
from support.paths import CHECKOUT

from notifier.config import Config, load
from notifier.models import ListedOnFrom, Listing, ParsedDump, Subscriber
from notifier.papers.identity import prepare
from notifier.pipeline.ingesting import DumpReport, ingest
from notifier.pipeline.planning import plan
from notifier.store.engine import writing
from notifier.store.ingest import AnnouncePolicy, NewDump, add_dump
from notifier.store.schema import open_store
from notifier.subscribers.subscribing import SignUp, check_sign_up, sign_up_all, subscribe
from notifier.topics import catalogue_of

SEEDS = sorted((CHECKOUT / "seeds").iterdir())
MONDAY = datetime(2026, 7, 6, 6, tzinfo=UTC)

ABSTRACT = "We study {} in depth. Our experiments show that the proposed method works better than all earlier ones."


def page(titles: Sequence[str], abstracts: Sequence[str] | None = None) -> str:
    """The copied text of a papers page with these papers."""
    texts = abstracts or [ABSTRACT.format(title) for title in titles]
    return "".join(f"{title}\n{text}\n" for title, text in zip(titles, texts, strict=True))


def add_page(
    engine: Engine, folder: Path, titles: Sequence[str], now: datetime = MONDAY, abstracts: Sequence[str] | None = None
) -> DumpReport:
    """Ingest a page with these papers at `now`."""
    text = page(titles, abstracts)
    file = folder / f"{abs(hash(text)):x}.txt"
    file.write_text(text, encoding="utf-8")
    return ingest(engine, file, None, now)


def add_listings(
    engine: Engine, name: str, day: date, *listings: Listing, rank: int = 1, now: datetime = MONDAY
) -> None:
    """Store a dump that says just this."""
    dump = ParsedDump(f"rank {rank}", _numbered(listings), rank=rank)
    with writing(engine) as connection:
        arrival = NewDump(name, name, dump.format, day, ListedOnFrom.OPTION, now)
        add_dump(connection, arrival, prepare(dump, day, name))


def announce(engine: Engine, announcing: AnnouncePolicy, name: str, *listings: Listing, now: datetime = MONDAY) -> None:
    """Store a dump of the day of `now` that says just this, and is announced like this."""
    dump = ParsedDump("rank 1", _numbered(listings))
    with writing(engine) as connection:
        arrival = NewDump(name, name, dump.format, now.date(), ListedOnFrom.OPTION, now)
        add_dump(connection, arrival, prepare(dump, now.date(), name), announcing)


def _numbered(listings: Sequence[Listing]) -> tuple[Listing, ...]:
    return tuple(replace(each, position=place) for place, each in enumerate(listings, 1))


def add_readers(engine: Engine, config: Config, sign_ups: Sequence[SignUp]) -> None:
    """Subscribe many readers at once."""
    catalogue = catalogue_of(config)
    with writing(engine) as connection:
        sign_up_all(connection, [check_sign_up(each, catalogue) for each in sign_ups], config.digest, MONDAY)


def add_reader(engine: Engine, sign_up: SignUp, now: datetime = MONDAY, settings: Config | None = None) -> Subscriber:
    """Subscribe a reader; daily at 08:00 UTC unless the sign-up says otherwise."""
    return subscribe(engine, settings or Config(), sign_up, now)


def notifier(
    *arguments: str | Path, cwd: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder, as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "notifier", *map(str, arguments)],
        cwd=cwd,
        env={**clean_environment(), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def clean_environment() -> dict[str, str]:
    """This process's environment without settings for notifier, and with this checkout to import from."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFIER_")}
    return {**kept, "PYTHONPATH": f"{CHECKOUT}{os.pathsep}{CHECKOUT / 'tests'}", "COLUMNS": "200"}


def wait_until(true: Callable[[], object], seconds: float = 60) -> None:
    """Return once something has come true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.005)


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens at, each another one."""
    with ExitStack() as held:
        found = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in found]


def configure(folder: Path, port: int) -> None:
    """A config.toml that sends mail to a relay on loopback."""
    text = f'[mail]\ntransport = "smtp"\n[smtp]\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\n'
    (folder / "config.toml").write_text(text, encoding="utf-8")


def gather(readers: int, folder: Path) -> Engine:
    """A store in `folder` with a dump and this many daily readers of everything, due at MONDAY 08:00 UTC."""
    engine = open_store(load(folder / "config.toml").store_url)
    for number in range(readers):
        add_reader(engine, SignUp(f"reader{number}@example.org", topics=("all",), confirmed=True))
    add_page(engine, folder, ["The Title of a Paper", "Another Paper of Ours"])
    return engine


def plan_for(readers: int, folder: Path, port: int) -> None:
    """A store in `folder` with a digest waiting for each of this many readers."""
    configure(folder, port)
    engine = gather(readers, folder)
    plan(engine, load(folder / "config.toml"), MONDAY.replace(hour=8))
    engine.dispose()
