"""Archives: papers that can be searched and ranked, and that no digest or feed announces."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.planned_papers import digests_of, plan_and_accept
from support.service import MONDAY, add_listings_as, add_subscriber, page_text, run_notifier

from notifier.config import Config
from notifier.models import Cadence, Listing
from notifier.store import papers, tags
from notifier.store.engine import reading
from notifier.store.ingest import ANNOUNCED, AnnouncePolicy
from notifier.subscribers.subscribing import SignUp

ARCHIVE = AnnouncePolicy(archive=True)
AT_EIGHT = MONDAY.replace(hour=8)
A_DAY = timedelta(days=1)
OLD = Listing(1, "The Old Paper of the Archive", abstract="About growth.", arxiv_id="2301.00001", upvotes=10)
NEW = Listing(1, "The New Paper of the Day", abstract="About growth.", arxiv_id="2607.00001")

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs the command line in a folder, and asserts that the command succeeds."""

    def command(*arguments: str) -> str:
        done = run_notifier(*arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return command


def announced_after(engine: Engine, cursor: int) -> list[str]:
    with reading(engine) as connection:
        return [paper.title for paper in papers.papers_after(connection, cursor, papers.newest_sequence(connection))]


def write(folder: Path, name: str, *titles: str) -> str:
    (folder / name).write_text(page_text(titles), encoding="utf-8")
    return name


def feed(folder: Path, slug: str) -> list[str]:
    document = json.loads((folder / "var" / "feeds" / f"{slug}.json").read_text(encoding="utf-8"))
    return [item["title"] for item in document["items"]]


def matches(run: Run, query: str) -> list[str]:
    return [match["title"] for match in json.loads(run("preview", query, "--json"))["matches"]]


@pytest.mark.slow
def test_an_archive_is_searched_and_ranked_but_sent_to_nobody(run: Run, tmp_path: Path) -> None:
    old = write(tmp_path, "2026-07-01.txt", "The First Paper of All", "The Second Paper of All")
    new = write(tmp_path, "2026-07-06.txt", "A Paper of This Morning", "And Its Companion Today")
    run("subscribe", "ann@example.org", "--topic", "all", "--confirmed", "--now", "2026-07-05T09:00Z")
    run("ingest", old, "--archive", "--now", "2026-07-06T01:00Z")
    for cadence in ("daily", "weekly", "monthly"):
        email = f"{cadence}@example.org"
        run("subscribe", email, "--topic", "all", "--cadence", cadence, "--confirmed", "--now", "2026-07-06T02:00Z")
    plan = ("plan", "--json", "--now", "2026-08-03T08:00Z")
    assert json.loads(run(*plan)) == {"due": 4, "digests": 0, "skipped": 4}
    run("publish")
    assert feed(tmp_path, "all") == feed(tmp_path, "trending") == []
    assert sorted(matches(run, "first OR second")) == ["The First Paper of All", "The Second Paper of All"]
    ranked = json.loads(run("trending", "--json", "--now", "2026-07-06T02:00Z"))
    assert [each["title"] for each in ranked] == ["The First Paper of All", "The Second Paper of All"]
    assert json.loads(run("status", "--json"))["papers"] == 2

    run("ingest", new, "--now", "2026-08-03T09:00Z")
    run("publish")
    assert sorted(feed(tmp_path, "all")) == ["A Paper of This Morning", "And Its Companion Today"]
    plan = ("plan", "--json", "--now", "2026-08-04T08:00Z")
    assert json.loads(run(*plan)) == {"due": 2, "digests": 2, "skipped": 0}


@pytest.mark.slow
def test_a_file_is_known_whether_it_was_ingested_as_an_archive_or_not(run: Run, tmp_path: Path) -> None:
    old = write(tmp_path, "2026-07-01.txt", "The First Paper of All", "The Second Paper of All")

    def status(*arguments: str) -> str:
        (dump,) = json.loads(run("ingest", old, "--json", *arguments))["dumps"]
        return str(dump["status"])

    assert [status("--archive"), status("--archive"), status()] == ["ingested", "known", "known"]
    run("publish")
    assert feed(tmp_path, "all") == []


@pytest.mark.parametrize("cursor", [-1000, -1, 0, 1])
def test_an_archive_is_not_after_any_cursor(engine: Engine, cursor: int) -> None:
    add_listings_as(engine, ARCHIVE, "one", OLD, replace(OLD, title="A Second Old Paper", arxiv_id="2301.00002"))
    add_listings_as(engine, ARCHIVE, "two", replace(OLD, title="A Third Old Paper", arxiv_id="2301.00003"))
    assert announced_after(engine, cursor) == []


@pytest.mark.parametrize("cadence", [Cadence.DAILY, Cadence.WEEKLY, Cadence.MONTHLY, Cadence.INSTANT])
def test_the_first_digest_leaves_out_an_archive_from_just_before_the_sign_up(engine: Engine, cadence: Cadence) -> None:
    add_listings_as(
        engine, ANNOUNCED, "one", replace(NEW, title="A Paper of Last Year", arxiv_id="2507.00001"), now=MONDAY
    )
    later = MONDAY + timedelta(days=100)
    add_listings_as(engine, ARCHIVE, "two", OLD, now=later)
    subscriber = add_subscriber(
        engine, SignUp("ann@example.org", topics=("all",), cadence=cadence, confirmed=True), now=later
    )
    add_listings_as(engine, ANNOUNCED, "three", NEW, now=later + timedelta(minutes=1))
    assert announced_after(engine, subscriber.cursor) == [NEW.title]


@pytest.mark.parametrize("first", [ARCHIVE, ANNOUNCED])
def test_a_paper_is_announced_only_if_it_was_not_in_an_archive_before(engine: Engine, first: AnnouncePolicy) -> None:
    add_listings_as(engine, first, "first", OLD)
    add_listings_as(engine, ARCHIVE if first is ANNOUNCED else ANNOUNCED, "second", OLD, NEW, now=MONDAY + A_DAY)
    assert announced_after(engine, 0) == ([OLD.title] if first is ANNOUNCED else [NEW.title])


def test_an_archived_paper_is_sent_once_when_its_upvotes_reach_the_number_in_a_query(engine: Engine) -> None:
    add_subscriber(engine, SignUp("ann@example.org", ("growth upvotes:>=50",), ("all",), confirmed=True))
    add_listings_as(engine, ARCHIVE, "old", OLD)
    add_listings_as(engine, ANNOUNCED, "same", OLD, now=MONDAY)
    plan_and_accept(engine, Config(), AT_EIGHT)
    assert digests_of(engine, "ann@example.org") == []
    add_listings_as(engine, ANNOUNCED, "grown", replace(OLD, upvotes=50), now=AT_EIGHT)
    plan_and_accept(engine, Config(), AT_EIGHT + A_DAY)
    add_listings_as(engine, ANNOUNCED, "written", replace(OLD, authors=("Ann Lee",)), now=AT_EIGHT + A_DAY)
    plan_and_accept(engine, Config(), AT_EIGHT + 2 * A_DAY)
    assert digests_of(engine, "ann@example.org") == [("2026-07-07", [OLD.title])]


def test_text_and_upvotes_from_an_archive_do_not_announce_a_paper(engine: Engine) -> None:
    add_subscriber(engine, SignUp("ann@example.org", ("upvotes:>=50",), confirmed=True))
    add_listings_as(engine, ANNOUNCED, "one", replace(OLD, abstract=""))
    with reading(engine) as connection:
        cursor = papers.newest_sequence(connection)
    add_listings_as(engine, ARCHIVE, "two", replace(OLD, upvotes=60), NEW, now=MONDAY + A_DAY)
    assert announced_after(engine, cursor) == []
    assert announced_after(engine, 0) == [OLD.title]


def test_an_archived_paper_that_is_merged_with_an_announced_one_leaves_it_announced(engine: Engine) -> None:
    bare = replace(OLD, arxiv_id=None, title="Another Title of the New Paper")
    add_listings_as(engine, ARCHIVE, "one", bare)
    add_listings_as(engine, ANNOUNCED, "two", NEW)
    add_listings_as(engine, ANNOUNCED, "three", replace(NEW, title=bare.title), now=MONDAY + A_DAY)
    assert len(announced_after(engine, 0)) == 1


def test_an_archive_that_is_not_tagged_yet_delays_no_digest(engine: Engine) -> None:
    add_listings_as(engine, ARCHIVE, "one", OLD)
    with reading(engine) as connection:
        assert tags.first_untagged(connection, "any", after=0) is None
    add_listings_as(engine, ANNOUNCED, "two", NEW)
    with reading(engine) as connection:
        assert tags.first_untagged(connection, "any", after=0) == 1
