"""A paper is announced again when its upvotes reach a number that a query names, such as 50 in `upvotes:>=50`.

No subscriber gets the paper twice.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from alembic import command
from alembic.config import Config as AlembicConfig
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text
from support.planned_papers import digests_of, plan_and_accept
from support.query_samples import SAMPLE_PAPERS, SAMPLE_QUERIES, SampleQuery, is_sample_true, spelled
from support.service import MONDAY, add_listings, add_listings_as, add_subscriber
from support.stores import new_store
from support.thoroughness import examples

from notifier import queries
from notifier.config import Config, TopicConfig
from notifier.models import Listing, Paper
from notifier.queries import upvotes_named
from notifier.store import papers, schema, subscriptions
from notifier.store.engine import connect, reading, writing
from notifier.store.ingest import ANNOUNCED, AnnouncePolicy
from notifier.store.tables import named_upvotes
from notifier.subscribers.leaving import erase
from notifier.subscribers.subscribing import SignUp
from notifier.topics import catalogue_of

CONFIG = Config()
AT_EIGHT = MONDAY.replace(hour=8)
A_DAY = timedelta(days=1)
TITLE = "The Paper That Grows on People"
PAPER = Listing(1, TITLE, abstract="It is about growth.", arxiv_id="2607.00001")
HOT = TopicConfig(title="Hot", query="upvotes:>=50")


def capture(
    engine: Engine, upvotes: int | None, now: datetime = MONDAY, announcing: AnnouncePolicy = ANNOUNCED
) -> None:
    """Store a dump of `now` in which the paper has this many upvotes."""
    add_listings_as(engine, announcing, f"{upvotes} at {now}", replace(PAPER, upvotes=upvotes), now=now)


def titles_after(engine: Engine, cursor: int) -> list[str]:
    with reading(engine) as connection:
        return [paper.title for paper in papers.papers_after(connection, cursor, papers.newest_sequence(connection))]


def head(engine: Engine) -> int:
    with reading(engine) as connection:
        return papers.newest_sequence(connection)


def subscribe_to(engine: Engine, *asked: str, email: str = "ann@example.org") -> None:
    add_subscriber(engine, SignUp(email, asked, confirmed=True))


@given(SAMPLE_QUERIES, SAMPLE_PAPERS, st.none() | st.integers(0, 60), st.integers(0, 60), st.randoms())
def test_a_query_changes_its_answer_only_at_the_upvotes_that_it_names(
    asked: SampleQuery, paper: Paper, before: int | None, rise: int, chance: object
) -> None:
    after = (before or 0) + rise
    named = upvotes_named(queries.parse(spelled(asked, chance)))  # type: ignore[arg-type]
    if not any(-1 if before is None else before < number <= after for number in named):
        assert is_sample_true(asked, replace(paper, upvotes=before)) == is_sample_true(
            asked, replace(paper, upvotes=after)
        )


@pytest.mark.parametrize(
    ("asked", "early", "late"),
    [
        ("upvotes:>=50", 49, 50),
        ("upvotes:>50", 50, 51),
        ("upvotes:=50", 49, 50),
        ("upvotes:<50", None, 0),
        ("upvotes:<=50", None, 50),
        ("growth -upvotes:<50", 49, 50),
        ("growth -upvotes:<=50", 50, 51),
        ("growth -upvotes:=50", 50, 51),
        ("growth (upvotes:>=1000 OR upvotes:>=50)", 3, 999),
    ],
)
def test_a_subscriber_gets_a_paper_when_it_reaches_the_upvotes_they_asked_for(
    engine: Engine, asked: str, early: int | None, late: int
) -> None:
    subscribe_to(engine, asked)
    capture(engine, early)
    plan_and_accept(engine, CONFIG, AT_EIGHT)
    assert digests_of(engine, "ann@example.org") == []
    capture(engine, late, AT_EIGHT + A_DAY / 2)
    plan_and_accept(engine, CONFIG, AT_EIGHT + A_DAY)
    assert digests_of(engine, "ann@example.org") == [("2026-07-07", [TITLE])]


def test_nobody_gets_a_paper_twice_when_it_reaches_several_numbers(engine: Engine) -> None:
    add_subscriber(engine, SignUp("all@example.org", topics=("all",), confirmed=True))
    subscribe_to(engine, "upvotes:>=50", "upvotes:>=100")
    for day, upvotes in enumerate([20, 50, 60, 100, 101, 300]):
        capture(engine, upvotes, MONDAY + day * A_DAY)
        plan_and_accept(engine, CONFIG, AT_EIGHT + day * A_DAY)
    assert digests_of(engine, "all@example.org") == [("2026-07-06", [TITLE])]
    assert digests_of(engine, "ann@example.org") == [("2026-07-07", [TITLE])]


def test_a_number_of_upvotes_announces_a_paper_once_although_upvotes_fall_and_rise_again(engine: Engine) -> None:
    subscribe_to(engine, "upvotes:>=50")
    capture(engine, 50)
    cursor = head(engine)
    capture(engine, 30, MONDAY + timedelta(hours=1))
    capture(engine, 49, MONDAY + timedelta(hours=2))
    capture(engine, 55, MONDAY + timedelta(hours=3))
    assert titles_after(engine, cursor) == []


@pytest.mark.slow
@settings(max_examples=examples(10), deadline=None)
@given(st.lists(st.tuples(st.none() | st.integers(0, 9), st.booleans()), min_size=1, max_size=6), st.integers(1, 9))
def test_a_subscriber_gets_a_paper_once_or_not_at_all_if_an_archive_brought_the_upvotes(
    captures: list[tuple[int | None, bool]], number: int
) -> None:
    with TemporaryDirectory() as folder:
        engine = new_store(Path(folder) / "notifier.db")
        subscribe_to(engine, f"upvotes:>={number}")
        expected, highest = [], 0
        for days, (upvotes, archive) in enumerate(captures):
            now = MONDAY + days * A_DAY
            capture(engine, upvotes, now, AnnouncePolicy(archive=archive))
            plan_and_accept(engine, CONFIG, now.replace(hour=8))
            if highest < number <= (upvotes or 0) and not archive:
                expected.append((f"{now:%Y-%m-%d}", [TITLE]))
            highest = max(highest, upvotes or 0)
        assert digests_of(engine, "ann@example.org") == expected
        engine.dispose()


def test_upvotes_that_no_query_names_announce_nothing(engine: Engine) -> None:
    subscribe_to(engine, "growth")
    capture(engine, 1)
    cursor = head(engine)
    capture(engine, 500, MONDAY + A_DAY)
    assert titles_after(engine, cursor) == []


def test_after_14_days_upvotes_announce_nothing(engine: Engine) -> None:
    subscribe_to(engine, "upvotes:>=50", "upvotes:>=60")
    capture(engine, 1)
    cursor = head(engine)
    capture(engine, 50, MONDAY + timedelta(days=14))
    assert titles_after(engine, cursor) == [TITLE]
    cursor = head(engine)
    capture(engine, 60, MONDAY + timedelta(days=14, seconds=1))
    assert titles_after(engine, cursor) == []


def test_a_number_is_deleted_with_the_last_query_that_names_it(engine: Engine) -> None:
    subscribe_to(engine, "upvotes:>=50", "growth upvotes:>=70")
    subscribe_to(engine, "upvotes:>=50", email="bob@example.org")
    assert stored_numbers(engine) == {50, 70}
    erase(engine, "ann@example.org", MONDAY)
    assert stored_numbers(engine) == {50}
    erase(engine, "bob@example.org", MONDAY)
    assert stored_numbers(engine) == set()
    with reading(engine) as connection:
        assert connection.execute(select(named_upvotes)).all() == []


def test_only_named_numbers_up_to_a_limit_are_read(engine: Engine) -> None:
    subscribe_to(engine, *(f"upvotes:>={number}" for number in range(10, 100, 10)), "upvotes:>=40 growth")
    assert stored_numbers(engine, until=40) == {10, 20, 30, 40}
    assert stored_numbers(engine, until=9) == set()


@pytest.mark.parametrize(
    "asked",
    [
        "upvotes:>=50",
        "growth upvotes:>50",
        "growth -upvotes:<=50",
        "(upvotes:=50 OR growth) -upvotes:<7",
        '"upvotes 5"',
    ],
)
@pytest.mark.sqlite
def test_an_upgrade_stores_the_numbers_that_stored_queries_name(tmp_path: Path, asked: str) -> None:
    query = queries.parse(asked)
    url = f"sqlite:///{tmp_path}/old.db"
    old, settings = connect(url), AlembicConfig()
    settings.set_main_option("script_location", str(schema.MIGRATIONS))
    with writing(old) as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0004")
        values = {"canonical": queries.canonical(query)}
        connection.execute(text("INSERT INTO query (canonical, text_version) VALUES (:canonical, 1)"), values)
    old.dispose()
    upgraded = schema.open_store(url)
    assert stored_numbers(upgraded) == upvotes_named(query)
    upgraded.dispose()


def stored_numbers(engine: Engine, until: int = 1000) -> set[int]:
    with reading(engine) as connection:
        return subscriptions.upvotes_named(connection, until)


def test_upvotes_that_a_topic_names_announce_the_paper_and_change_its_tags(engine: Engine) -> None:
    config = Config(built_in_topics=False, topics={"hot": HOT})
    announcing = AnnouncePolicy(catalogue_of(config).upvotes_named)
    add_subscriber(engine, SignUp("ann@example.org", topics=("hot",), confirmed=True), settings=config)
    add_subscriber(engine, SignUp("bob@example.org", ("topic:hot growth",), confirmed=True), settings=config)
    capture(engine, 49, announcing=announcing)
    plan_and_accept(engine, config, AT_EIGHT)
    capture(engine, 50, AT_EIGHT + A_DAY / 2, announcing)
    plan_and_accept(engine, config, AT_EIGHT + A_DAY)
    for email in ("ann@example.org", "bob@example.org"):
        assert digests_of(engine, email) == [("2026-07-07", [TITLE])]


def test_a_paper_takes_one_new_sequence_number_for_all_that_a_dump_adds_to_it(engine: Engine) -> None:
    subscribe_to(engine, "upvotes:>=50")
    add_listings(engine, "one", MONDAY.date(), Listing(1, TITLE), Listing(2, "Another Paper of Ours"))
    cursor = head(engine)
    grown = [replace(PAPER, upvotes=60), replace(PAPER, upvotes=70, authors=("Ann Lee",))]
    add_listings(engine, "two", MONDAY.date(), *grown, Listing(3, "A Third Paper of Ours"))
    assert titles_after(engine, cursor) == ["A Third Paper of Ours", TITLE]
    assert head(engine) == cursor + 2


def test_two_rows_that_become_one_paper_are_announced_if_both_gain_text(engine: Engine) -> None:
    numbered = Listing(1, "The Old Title of It", arxiv_id="2607.00001", categories=("cs.LG",))
    titled = Listing(1, "The New Title of It", abstract="About growth.")
    subscribe_to(engine, "growth category:cs.LG")
    add_listings(engine, "one", MONDAY.date(), numbered)
    add_listings(engine, "two", MONDAY.date(), titled)
    plan_and_accept(engine, CONFIG, AT_EIGHT)
    add_listings(
        engine, "three", MONDAY.date(), replace(numbered, title="The New Title of It", categories=()), now=AT_EIGHT
    )
    plan_and_accept(engine, CONFIG, AT_EIGHT + A_DAY)
    assert digests_of(engine, "ann@example.org") == [("2026-07-07", ["The Old Title of It"])]


def test_two_rows_that_become_one_paper_are_not_announced_if_one_gains_nothing(engine: Engine) -> None:
    add_listings(engine, "one", MONDAY.date(), Listing(1, "The Old Title of It", arxiv_id="2607.00001"))
    add_listings(engine, "two", MONDAY.date(), Listing(1, "The New Title of It", abstract="About growth."))
    cursor = head(engine)
    add_listings(engine, "three", MONDAY.date(), Listing(1, "The New Title of It", arxiv_id="2607.00001"))
    assert titles_after(engine, cursor) == []
