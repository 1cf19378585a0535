"""Several processes or threads that use one PostgreSQL database at the same moment."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, Table, create_engine, event, func, select, text, update
from sqlalchemy.engine import URL
from support.service import (
    MONDAY,
    add_listings,
    add_subscriber,
    add_subscribers,
    clean_environment,
    ingest_page,
    run_notifier,
    wait_until,
)

from notifier.config import Config
from notifier.errors import ConflictError, UsageError
from notifier.models import DeliveryKind, Listing, SubscriberState, Tags
from notifier.operations.deliveries import hold_delivery, retry_delivery
from notifier.pipeline.planning import plan
from notifier.pipeline.vectorising import vectorise
from notifier.store import simulated_clock, subscribers, tags
from notifier.store.engine import reading, retried, writing
from notifier.store.subscriptions import remove
from notifier.store.tables import delivery, paper, query, subscriber, subscription
from notifier.subscribers.csv_import import import_subscribers
from notifier.subscribers.leaving import unsubscribe, unsubscribe_from_one
from notifier.subscribers.pausing import pause
from notifier.subscribers.subscribing import SignUp, check_sign_up, sign_up_all, subscribe
from notifier.topics import catalogue_of

AT_EIGHT = MONDAY.replace(hour=8)


def configure(folder: Path, url: URL) -> None:
    text = f'[store]\nurl = "{url.render_as_string(hide_password=False)}"\n'
    (folder / "config.toml").write_text(text, encoding="utf-8")
    (folder / "config.toml").chmod(0o600)  # it holds a password


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


def in_threads(*functions: Callable[[], object]) -> list[Exception | None]:
    """Call functions at the same moment, each in a thread, and return the exception of each."""
    barrier = Barrier(len(functions))

    def call(function: Callable[[], object]) -> Exception | None:
        barrier.wait()
        try:
            function()
        except Exception as error:
            return error
        return None

    with ThreadPoolExecutor(len(functions)) as threads:
        return list(threads.map(call, functions))


def test_simultaneous_sign_ups_for_one_query_all_succeed(postgres_store: Engine) -> None:
    def sign_up(address: str, words: str) -> None:
        subscribe(postgres_store, Config(), SignUp(address, queries=(words,), confirmed=True), MONDAY)

    for attempt in range(10):
        ann, bob = f"Ann{attempt}@example.org", f"bob{attempt}@example.org"
        words = f"bees{attempt}x upvotes:>={attempt}"
        functions = [partial(sign_up, address, words) for address in (ann, ann.lower(), bob, ann)]
        assert in_threads(*functions) == [None] * 4
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


@contextmanager
def waiting_for_lock(engine: Engine, write: Callable[[], object]) -> Iterator[Connection]:
    """Begin a transaction that locks all subscribers, run `write` in a thread, and yield when that waits for the lock.

    The transaction is committed when the block ends, and then `write` must succeed.
    """
    with ThreadPoolExecutor(1) as pool:
        with writing(engine) as connection:
            connection.execute(select(subscriber.c.id).with_for_update())
            run = pool.submit(write)
            wait_until(lambda: run.done() or connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))
            yield connection
        run.result(timeout=30)


def test_a_paper_changes_while_it_is_tagged_and_neither_transaction_is_aborted(postgres_store: Engine) -> None:
    add_listings(postgres_store, "title", MONDAY.date(), Listing(position=1, title="How Bees Fly at Night"))
    vectorise(postgres_store)
    with reading(postgres_store) as connection:
        ((found, revision),) = tags.untagged(connection, "catalogue", 2)

    def tag() -> None:
        with writing(postgres_store) as connection:
            tags.tag(connection, [tags.TaggedPaper(found.id, revision, Tags("catalogue", (), b""))])

    runs: list[Future[None]] = []

    def tag_now(_connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE paper ") and not runs:
            runs.append(pool.submit(tag))
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            with reading(postgres_store) as another:
                wait_until(lambda: runs[0].done() or another.scalar(waiting))

    article = Listing(position=1, title=found.title, arxiv_id="2607.00001", abstract="They do not.")
    event.listen(postgres_store, "before_cursor_execute", tag_now)
    with ThreadPoolExecutor(1) as pool:
        add_listings(postgres_store, "article", MONDAY.date(), article)
        runs[0].result(timeout=30)
    with reading(postgres_store) as connection:
        assert connection.scalars(select(paper.c.key)).all() == ["2607.00001"]


@pytest.mark.parametrize("subscriptions", [2, 3])
def test_a_doubled_request_to_end_one_subscription_ends_only_that_one(
    postgres_store: Engine, subscriptions: int
) -> None:
    queries = tuple(f"bees{number}" for number in range(subscriptions))
    ann = add_subscriber(postgres_store, SignUp("ann@example.org", queries, confirmed=True))
    ended = ann.subscriptions[0]
    results: list[object] = []
    second = partial(unsubscribe_from_one, postgres_store, ended.id, AT_EIGHT)
    with waiting_for_lock(postgres_store, lambda: results.append(second())) as first:
        remove(first, ended)
    assert results == [None], "as for a repeated request"
    with reading(postgres_store) as connection:
        after = subscribers.find(connection, "ann@example.org")
    assert after == replace(ann, subscriptions=ann.subscriptions[1:])


def test_a_delivery_is_not_retried_while_its_subscriber_unsubscribes(postgres_store: Engine, tmp_path: Path) -> None:
    ann = add_subscriber(postgres_store, SignUp("ann@example.org", topics=("all",), confirmed=True))
    ingest_page(postgres_store, tmp_path, ["How Bees Fly at Night"])
    plan(postgres_store, Config(), AT_EIGHT)
    with reading(postgres_store) as connection:
        delivery_id = connection.scalar(select(delivery.c.id)) or 0
    hold_delivery(postgres_store, delivery_id, AT_EIGHT)

    def retry() -> None:
        with pytest.raises(UsageError, match="UNSUBSCRIBED"):
            retry_delivery(postgres_store, delivery_id)

    with waiting_for_lock(postgres_store, retry) as connection:
        subscribers.update_subscriber(connection, ann.id, {"state": SubscriberState.UNSUBSCRIBED})


def test_an_import_does_not_bring_back_who_signed_up_and_left_while_it_ran(
    postgres_store: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_text("email,state\nann@example.org,ACTIVE\n", encoding="utf-8")
    with ThreadPoolExecutor(1) as pool:
        with writing(postgres_store) as connection:
            request = check_sign_up(SignUp("ann@example.org", topics=("all",)), catalogue_of(Config()))
            sign_up_all(connection, [request], Config().digest, MONDAY)
            run = pool.submit(import_subscribers, postgres_store, Config(), file, AT_EIGHT)
            wait_until(lambda: connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))
            connection.execute(update(subscriber).values(state=SubscriberState.UNSUBSCRIBED))
        report = run.result(timeout=30)
    assert [refused.reason.split(";")[0] for refused in report.refused] == ["ann@example.org is UNSUBSCRIBED here"]
    with reading(postgres_store) as connection:
        assert connection.scalar(select(subscriber.c.state)) == SubscriberState.UNSUBSCRIBED
