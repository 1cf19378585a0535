"""Dumps that are committed while digests are planned: each paper reaches each subscriber once."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from support.interleaving import before_statement
from support.planned_papers import accept_waiting
from support.service import MONDAY, add_subscriber, clean_environment, ingest_page

from notifier.config import Config, TopicConfig
from notifier.digests import items
from notifier.models import Cadence
from notifier.pipeline.planning import plan
from notifier.store import papers
from notifier.store.engine import reading
from notifier.store.tables import delivery
from notifier.subscribers.subscribing import SignUp

BEES = Config(topics={"bees": TopicConfig(title="Bees", query="bees")})
SUBSCRIBERS = {
    "topic@example.org": SignUp("topic@example.org", topics=("bees",), confirmed=True),
    "all@example.org": SignUp("all@example.org", topics=("all",), confirmed=True),
    "query@example.org": SignUp("query@example.org", queries=("bee",), confirmed=True),
    "instant@example.org": SignUp("instant@example.org", topics=("bees",), cadence=Cadence.INSTANT, confirmed=True),
}
STATEMENTS = 80  # more statements than one run of `plan` executes


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")
    return engine


def titles_by_subscriber(engine: Engine) -> dict[str, Counter[str]]:
    """Return, for each subscriber, how often each paper is in the digests."""
    found: dict[str, Counter[str]] = {}
    with reading(engine) as connection:
        digests = connection.execute(select(delivery.c.recipient, delivery.c["items"], delivery.c.state)).all()
        for recipient, text, state in digests:
            if state != "EXPIRED":  # its papers are in a later digest
                titles = (paper.title for paper in papers.papers_by_id(connection, items.paper_ids(text)).values())
                found.setdefault(recipient, Counter()).update(titles)
    return found


def assert_each_paper_once(engine: Engine, titles: list[str]) -> None:
    for email, got in titles_by_subscriber(engine).items():
        assert got == Counter(titles), email


def test_a_dump_committed_at_any_statement_of_planning_reaches_each_subscriber_once(
    store: Engine, tmp_path: Path
) -> None:
    for sign_up in SUBSCRIBERS.values():
        add_subscriber(store, sign_up, settings=BEES)
    titles: list[str] = []

    def add_one() -> None:
        titles.append(f"On bees and number {len(titles)}")
        ingest_page(store, tmp_path, [titles[-1]], now=now)

    now = MONDAY.replace(hour=8)
    for number in range(STATEMENTS):
        now += timedelta(days=1)
        add_one()
        with before_statement(store, number, add_one) as count:
            plan(store, BEES, now)
        if number % 10 == 9:  # a digest holds about a hundred of these papers
            accept_waiting(store)
    assert count[0] < STATEMENTS
    now += timedelta(days=1)
    plan(store, BEES, now)
    assert_each_paper_once(store, titles)


# Each process opens the store, prints `ready`, and waits for a line on stdin. The arguments are the store's URL and a
# folder.
START = """
import sys
from datetime import timedelta
from pathlib import Path
from journeys.test_ingest_beside_planning import BEES
from notifier.pipeline.planning import plan
from notifier.store.schema import open_store
from support.planned_papers import accept_waiting
from support.service import MONDAY, ingest_page
engine, folder, at_eight = open_store(sys.argv[1]), Path(sys.argv[2]), MONDAY.replace(hour=8)
print("ready", flush=True)
sys.stdin.readline()
"""
INGEST = """
for number in range(90):
    ingest_page(engine, folder, [f"On bees and number {number}"], now=MONDAY)
"""
# Each paper comes as a title alone, and a little later as an article of arXiv, which joins the first listing.
JOINING = """
from notifier.models import Listing
from support.service import add_listings
def add(name, number, **fields):
    listing = Listing(position=1, title=f"On bees and number {number}", **fields)
    add_listings(engine, name, MONDAY.date(), listing, now=MONDAY)
for number in range(PAPERS + 3):
    if number < PAPERS:
        add(f"title {number}", number)
    if number >= 3:
        add(f"article {number}", number - 3, arxiv_id=f"2607.{number:05}", abstract=f"Bees of kind {number}.")
"""
# Digests count as sent at once; what does not fit into one is in those of the next days.
PLAN = """
day = last = 0
while not last or day < last + 9:
    day += 1
    if not last and (folder / "done").exists():
        last = day
    plan(engine, BEES, at_eight + timedelta(days=day))
    accept_waiting(engine)
"""


def ingest_beside_planning(store: Engine, folder: Path, ingesting_code: str) -> None:
    """Run a process that ingests beside one that plans, and wait for both."""
    for sign_up in SUBSCRIBERS.values():
        add_subscriber(store, sign_up, settings=BEES)
    url = store.url.render_as_string(hide_password=False)
    ingesting, planning = (
        subprocess.Popen(
            [sys.executable, "-c", START + work, url, str(folder)],
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for work in (ingesting_code, PLAN)
    )
    for run in (ingesting, planning):
        assert run.stdout and run.stdout.readline() == "ready\n"
    for run in (ingesting, planning):
        assert run.stdin
        run.stdin.write("go\n")
        run.stdin.flush()
    assert ingesting.wait(timeout=300) == 0
    (folder / "done").touch()
    assert planning.wait(timeout=300) == 0
    for run in (ingesting, planning):
        run.communicate()


def test_each_of_90_papers_ingested_beside_a_process_that_plans_reaches_each_subscriber_once(
    store: Engine, tmp_path: Path
) -> None:
    ingest_beside_planning(store, tmp_path, INGEST)
    assert_each_paper_once(store, [f"On bees and number {number}" for number in range(90)])


def test_papers_that_join_others_beside_a_process_that_plans_reach_each_subscriber_once(
    store: Engine, tmp_path: Path
) -> None:
    ingest_beside_planning(store, tmp_path, JOINING.replace("PAPERS", "60"))
    assert_each_paper_once(store, [f"On bees and number {number}" for number in range(60)])
