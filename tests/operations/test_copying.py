"""`db copy` moves a store to another database, which then makes the same digests, mails and feeds."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text, update
from support.outbox import AT_EIGHT
from support.postgres import PostgresDatabases
from support.service import MONDAY, SEEDS, add_subscriber, ingest_page, run_notifier
from support.stores import copy_store, new_store, open_again
from support.web_site import deliver_and_read_mails, write_config

from notifier.errors import StoreError, UsageError
from notifier.models import Cadence
from notifier.operations.copying import copy_database
from notifier.pipeline.ingesting import ingest
from notifier.pipeline.planning import plan
from notifier.pipeline.publishing import publish
from notifier.pipeline.tagging import tag
from notifier.search import preview
from notifier.store import open_store, reading, writing
from notifier.store.tables import Table, delivery, paper, subscriber
from notifier.subscribers.subscribing import SignUp
from notifier.topics import catalogue_of

pytestmark = pytest.mark.sqlite  # it has stores in both databases

TUESDAY = AT_EIGHT + timedelta(days=1)
ASKED = ["reasoning", "diffusion OR video", '"language models"', "agents -robot", "title:learning"]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Fill a store with real pages, subscribers of several kinds, and digests that wait."""
    tmp_path = tmp_path_factory.mktemp("filled")
    engine, config = new_store(tmp_path / "notifier.db"), write_config(tmp_path)
    for seed in SEEDS[:3]:
        ingest(engine, seed, None, MONDAY)
    tag(engine, catalogue_of(config))
    rng = random.Random(27)
    for number in range(30):
        asked = SignUp(f"reader{number}@example.org", tuple(rng.sample(ASKED, 2)), confirmed=True)
        topics = ("all", "trending", "agents")[number % 3 : number % 3 + 1]
        cadence = (Cadence.DAILY, Cadence.INSTANT)[number % 2]
        add_subscriber(engine, replace(asked, topics=topics, cadence=cadence), settings=config)
    ingest_page(engine, tmp_path, ["How Language Models Reason about Diffusion", "Agents of Learning in a Video"])
    plan(engine, config, AT_EIGHT)
    ingest_page(engine, tmp_path, ["Reasoning Agents for Language Models", "A Robot of the Next Day"], now=TUESDAY)
    engine.dispose()
    return engine


@pytest.fixture
def full(filled: Engine, tmp_path: Path) -> Iterator[Engine]:
    """Open a copy of the filled store."""
    engine = copy_store(filled, tmp_path / "full.db")
    yield engine
    engine.dispose()


@pytest.fixture
def target(postgres_databases: PostgresDatabases) -> Iterator[str]:
    url = postgres_databases.make()
    yield url
    postgres_databases.drop(url)


def rows(engine: Engine) -> dict[str, list[str]]:
    with reading(engine) as connection:
        return {
            each.name: sorted(repr(tuple(row)) for row in connection.execute(select(each)))
            for each in Table.metadata.sorted_tables
        }


def ignore(_done: int, _total: int) -> None:
    pass


def what_is_made(engine: Engine, folder: Path) -> tuple[Any, ...]:
    """Plan, publish and deliver, and return the rows, the bytes of mails and feeds, and what a search finds.

    The Message-IDs of new digests are random, and are left out.
    """
    folder.mkdir()
    config = write_config(folder)
    report = plan(engine, config, TUESDAY)
    with writing(engine) as connection:
        for number, (row_id,) in enumerate(connection.execute(select(delivery.c.id).order_by(delivery.c.id)).all()):
            message_id = f"<{number}@example.org>"
            connection.execute(update(delivery).where(delivery.c.id == row_id).values(message_id=message_id))
    planned = rows(engine)
    publish(engine, config)
    deliver_and_read_mails(engine, config, TUESDAY)
    mails = {file.name: file.read_bytes() for file in (folder / "mail/new").iterdir()}
    feeds = {file.name: file.read_bytes() for file in config.path(config.feeds.folder).iterdir() if file.is_file()}
    found = [match.key for asked in ASKED for match in preview(engine, asked, None, TUESDAY).matches]
    return report, planned, mails, feeds, found


def test_a_copy_in_postgresql_makes_the_same_digests_mails_and_feeds(full: Engine, target: str, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    made = copy_database(full, target, lambda done, total: steps.append((done, total)))
    copy = open_store(target)
    assert rows(copy) == rows(full)
    assert steps[-1] == (made.rows, made.rows)
    old, new = what_is_made(full, tmp_path / "old"), what_is_made(copy, tmp_path / "new")
    report, _, mails, feeds, found = new
    assert report.digests >= 10
    assert len(mails) >= 30
    assert len(feeds) >= 10
    assert len(found) >= 10
    assert new == old
    copy.dispose()


def test_a_copy_goes_back_to_sqlite_unchanged(full: Engine, target: str, tmp_path: Path) -> None:
    copy_database(full, target, ignore)
    server = open_store(target)
    copy_database(server, f"sqlite:///{tmp_path}/back.db", ignore)
    back = open_store(f"sqlite:///{tmp_path}/back.db")
    assert rows(back) == rows(full)
    assert what_is_made(back, tmp_path / "b") == what_is_made(full, tmp_path / "a")
    for engine in (server, back):
        engine.dispose()


def test_new_rows_of_a_copy_get_ids_that_no_lost_row_had(full: Engine, target: str, tmp_path: Path) -> None:
    with writing(full) as connection:
        connection.execute(text("UPDATE sqlite_sequence SET seq = 5000 WHERE name = 'subscriber'"))
    copy_database(full, target, ignore)
    server = open_store(target)
    assert add_subscriber(server, SignUp("new@example.org", confirmed=True)).id == 5001
    copy_database(server, f"sqlite:///{tmp_path}/back.db", ignore)
    back = open_store(f"sqlite:///{tmp_path}/back.db")
    assert add_subscriber(back, SignUp("newer@example.org", confirmed=True)).id == 5002
    ingest_page(server, tmp_path, ["A Paper after the Copy"])
    for engine in (server, back):
        engine.dispose()


def test_a_database_that_is_not_empty_is_refused_and_stays_as_it_is(full: Engine, postgres_store: Engine) -> None:
    add_subscriber(postgres_store, SignUp("ann@example.org", confirmed=True))
    before, url = rows(postgres_store), postgres_store.url.render_as_string(hide_password=False)
    with pytest.raises(UsageError, match=r"is not empty: it has rows in the table .*; name a new, empty one"):
        copy_database(full, url, ignore)
    assert rows(postgres_store) == before


def test_a_copy_that_is_interrupted_leaves_nothing_and_is_made_again(full: Engine, target: str) -> None:
    def stop(done: int, _total: int) -> None:
        if done > 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_database(full, target, stop)
    copy = open_store(target)
    assert not any(rows(copy).values())
    copy_database(full, target, ignore)
    assert rows(copy) == rows(full)
    copy.dispose()


def test_what_is_written_meanwhile_is_not_in_the_copy(full: Engine, target: str) -> None:
    before, other = rows(full), open_again(full)

    def write(_done: int, _total: int) -> None:
        with writing(other) as connection:
            connection.execute(update(paper).values(title=paper.c.title + "!"))
            connection.execute(update(subscriber).values(cursor=subscriber.c.cursor + 1))

    copy_database(full, target, write)
    copy = open_store(target)
    assert rows(copy) == before
    for engine in (copy, other):
        engine.dispose()


def test_a_copy_that_differs_is_found_and_undone(full: Engine, target: str) -> None:
    spoil = text(
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.label := NEW.label || '.'; RETURN NEW; END $$; "
        "CREATE TRIGGER spoil BEFORE INSERT ON subscription FOR EACH ROW EXECUTE FUNCTION spoil()"
    )
    copy = open_store(target)
    with writing(copy) as connection:
        connection.execute(spoil)
    with pytest.raises(StoreError, match=r"the copy of the table subscription differs: .* nothing was copied"):
        copy_database(full, target, ignore)
    assert not any(rows(copy).values())
    copy.dispose()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://x", "use sqlite:///FILE or postgresql"),
        ("postgresql+psycopg://nobody@127.0.0.1:1/x", "127.0.0.1"),
    ],
)
def test_the_command_copies_and_explains_what_it_cannot_do(
    engine: Engine, tmp_path: Path, target: str, url: str, reason: str
) -> None:
    write_config(tmp_path)
    add_subscriber(engine, SignUp("ann@example.org", ("bees",), confirmed=True))
    refused = run_notifier("db", "copy", url, cwd=tmp_path)
    assert refused.returncode != 0
    assert reason in refused.stderr
    assert "Traceback" not in refused.stderr
    done = run_notifier("db", "copy", target, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r": \d+ rows of \d+ tables; all counts and sums agree\nnext: set \[store\] url", done.stdout)
    again = run_notifier("db", "copy", f"sqlite:///{tmp_path}/other.db", "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["tables"]["subscriber"]["rows"] == 1
