"""Several processes or threads that use one PostgreSQL database at the same moment."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, Table, create_engine, func, select, text
from sqlalchemy.engine import URL
from support.service import MONDAY, add_subscriber, add_subscribers, clean_environment, ingest_page, run_notifier

from notifier.config import Config
from notifier.errors import ConflictError
from notifier.models import DeliveryKind, SubscriberState
from notifier.pipeline.planning import plan
from notifier.store import simulated_clock
from notifier.store.engine import reading, retried, writing
from notifier.store.tables import delivery, query, subscriber, subscription
from notifier.subscribers.pausing import pause
from notifier.subscribers.subscribing import SignUp, subscribe, unsubscribe

AT_EIGHT = MONDAY.replace(hour=8)


def configure(folder: Path, url: URL) -> None:
    text = f'[store]\nurl = "{url.render_as_string(hide_password=False)}"\n'
    (folder / "config.toml").write_text(text, encoding="utf-8")


@pytest.fixture
def empty_database(postgres: URL) -> Iterator[URL]:
    """Yield the URL of a new database without tables."""
    name = f"empty_{uuid4().hex}"
    root = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with root.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    root.dispose()
    yield postgres.set(database=name)


def run_at_once(processes: int, folder: Path, *arguments: str) -> list[str]:
    """Run the same command line in several processes at once; each must succeed. Returns what each wrote to stdout."""
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "notifier", *arguments],
            cwd=folder,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(processes)
    ]
    ended = [(*run.communicate(timeout=120), run.returncode) for run in runs]
    assert [(errors, code) for _, errors, code in ended] == [("", 0)] * processes
    return [output for output, _, _ in ended]


def count(engine: Engine, table: Table) -> int:
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_six_first_starts_on_an_empty_database_all_succeed(empty_database: URL, tmp_path: Path) -> None:
    configure(tmp_path, empty_database)
    outputs = run_at_once(6, tmp_path, "status", "--json")
    assert [json.loads(output)["papers"] for output in outputs] == [0] * 6


def test_three_simultaneous_plans_give_each_of_500_subscribers_one_digest(
    postgres_store: Engine, tmp_path: Path
) -> None:
    configure(tmp_path, postgres_store.url)
    with writing(postgres_store) as connection:
        assert simulated_clock.mark_if_empty(connection, MONDAY)
    emails = [f"subscriber{number}@example.org" for number in range(500)]
    add_subscribers(postgres_store, Config(), [SignUp(email, topics=("all",), confirmed=True) for email in emails])
    ingest_page(postgres_store, tmp_path, ["The Title of a Paper", "Another Paper of Ours"])
    outputs = run_at_once(3, tmp_path, "plan", "--json", "--now", AT_EIGHT.isoformat())
    assert sum(json.loads(output)["digests"] for output in outputs) == 500
    assert count(postgres_store, delivery) == 500


def test_simultaneous_imports_of_the_same_file_add_each_subscriber_once(postgres_store: Engine, tmp_path: Path) -> None:
    configure(tmp_path, postgres_store.url)
    rows = [f"subscriber{number}@example.org,ACTIVE,bees {number % 50}" for number in range(1200)]
    (tmp_path / "all.csv").write_text("\n".join(["email,state,query", *rows]), encoding="utf-8")
    run_at_once(3, tmp_path, "subscribers", "import", "all.csv")
    assert [count(postgres_store, table) for table in (subscriber, subscription, query)] == [1200, 1200, 50]


def in_threads(*acts: Callable[[], object]) -> list[Exception | None]:
    """Call functions at the same moment, each in a thread, and return the exception of each."""
    barrier = Barrier(len(acts))

    def call(act: Callable[[], object]) -> Exception | None:
        barrier.wait()
        try:
            act()
        except Exception as error:
            return error
        return None

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(call, acts))


def test_simultaneous_sign_ups_for_one_query_all_succeed(postgres_store: Engine) -> None:
    def sign_up(address: str, words: str) -> None:
        subscribe(postgres_store, Config(), SignUp(address, queries=(words,), confirmed=True), MONDAY)

    for attempt in range(10):
        ann, bob = f"Ann{attempt}@example.org", f"bob{attempt}@example.org"
        words = f"bees{attempt}x upvotes:>={attempt}"
        acts = [partial(sign_up, address, words) for address in (ann, ann.lower(), bob, ann)]
        assert in_threads(*acts) == [None] * 4
    assert [count(postgres_store, table) for table in (subscriber, subscription, query)] == [20, 20, 10]


def test_unsubscribing_wins_against_a_pause_and_a_digest_at_the_same_moment(
    postgres_store: Engine, tmp_path: Path
) -> None:
    ingest_page(postgres_store, tmp_path, ["The Title of a Paper"])
    for attempt in range(10):
        email = f"ann{attempt}@example.org"
        add_subscriber(postgres_store, SignUp(email, topics=("all",), confirmed=True))
        tomorrow = AT_EIGHT.date() + timedelta(days=1)
        in_threads(
            partial(unsubscribe, postgres_store, email, AT_EIGHT),
            partial(pause, postgres_store, email, tomorrow, AT_EIGHT),
            partial(plan, postgres_store, Config(), AT_EIGHT),
        )
    with reading(postgres_store) as connection:
        assert set(connection.scalars(select(subscriber.c.state))) == {SubscriberState.UNSUBSCRIBED}
        assert set(connection.scalars(select(delivery.c.state))) <= {"CANCELLED"}


def test_a_conflict_that_does_not_end_is_reported_in_one_sentence_without_values(postgres_store: Engine) -> None:
    row: dict[str, Any] = {
        "subscriber_id": None,
        "kind": DeliveryKind.ALERT,
        "period": "x",
        "message_id": "<secret@example.org>",
    }
    row |= {"recipient": "", "subject": "", "items": "", "planned_at": MONDAY, "state": "HELD"}
    tries = 0

    @retried
    def add_row() -> None:
        nonlocal tries
        tries += 1
        with writing(postgres_store) as connection:
            connection.execute(delivery.insert().values(row))

    add_row()
    with pytest.raises(ConflictError, match="another process changed the same rows") as raised:
        add_row()
    assert tries > 3
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_database_that_does_not_exist_is_reported_in_one_sentence(postgres: URL, tmp_path: Path) -> None:
    configure(tmp_path, postgres.set(database="there_is_no_such_database"))
    run = run_notifier("status", cwd=tmp_path)
    assert (run.returncode, run.stderr.count("\n")) == (1, 1)
    assert run.stderr.startswith("notifier: the database reports")
