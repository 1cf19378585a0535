"""Tagging at ingest: the papers of a large dump are stored with their tags and tokens."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from support.service import MONDAY, SEEDS
from support.stored_papers import all_papers
from support.stores import new_store

from notifier.config import Config, TopicConfig
from notifier.matching import PaperIndex, tokenise
from notifier.models import Paper
from notifier.pipeline.ingesting import ingest, settings_for
from notifier.pipeline.tagging import LARGE_DUMP, tag
from notifier.store.engine import reading
from notifier.store.tables import paper, paper_tokens
from notifier.topics import catalogue_of

BUILT_IN = Config()
BEES = Config(built_in_topics=False, topics={"bees": TopicConfig(title="Bees", query="bee OR honey")})


def stored(engine: Engine) -> list[Paper]:
    with reading(engine) as connection:
        return all_papers(connection)


def tagged(engine: Engine) -> dict[str, set[str]]:
    return {paper.title: set(paper.topics) for paper in stored(engine)}


def stored_tokens(engine: Engine) -> list[bytes]:
    with reading(engine) as connection:
        return list(connection.scalars(select(paper_tokens.c.tokenised).order_by(paper_tokens.c.paper_id)))


def add_lines(engine: Engine, file: Path, *lines: dict[str, str], others: int = LARGE_DUMP) -> None:
    """Ingest a dump of these papers and `others` more, by default so many that it is a large dump."""
    more = ({"title": f"One of Many Papers: {number}"} for number in range(others))
    file.write_text("\n".join(map(json.dumps, [*lines, *more])), encoding="utf-8")
    ingest(engine, file, None, MONDAY, settings_for(engine, BEES))


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_the_papers_of_a_large_dump_get_the_same_tags_at_ingest_as_later(tmp_path: Path, seed: Path) -> None:
    at_once, later = (new_store(tmp_path / f"{name}.db") for name in ("at_once", "later"))
    ingest(at_once, seed, None, MONDAY, settings_for(at_once, BUILT_IN))
    ingest(later, seed, None, MONDAY)
    assert tag(at_once, catalogue_of(BUILT_IN)) == 0
    assert tag(later, catalogue_of(BUILT_IN)) == len(stored(later))
    assert tagged(at_once) == tagged(later)
    assert any(tagged(at_once).values())
    assert stored_tokens(at_once) == stored_tokens(later) == list(map(tokenise, stored(later)))


def test_a_paper_with_two_listings_in_a_dump_is_tagged_later_by_both(engine: Engine, tmp_path: Path) -> None:
    numbered = {"title": "About Something Else", "id": "2607.00001", "abstract": "Short."}
    longer = {"title": "About Something Else", "abstract": "It is honey that this is about."}
    alone = {"title": "How Bees Fly at Night", "id": "2607.00002"}
    add_lines(engine, tmp_path / "papers.jsonl", numbered, longer, alone)
    assert tagged(engine)["How Bees Fly at Night"] == {"bees"}
    assert tag(engine, catalogue_of(BEES)) == 1
    assert tagged(engine)["About Something Else"] == {"bees"}


def test_a_paper_that_a_later_dump_changes_is_tagged_again(engine: Engine, tmp_path: Path) -> None:
    for abstract in ("Short.", "It is honey that this is about.", "Or not."):
        add_lines(engine, tmp_path / f"{len(abstract)}.jsonl", {"title": "About Something Else", "abstract": abstract})
    assert tag(engine, catalogue_of(BEES)) == 1
    assert tagged(engine)["About Something Else"] == {"bees"}
    assert stored_tokens(engine) == list(map(tokenise, stored(engine)))


def test_papers_that_were_tagged_at_ingest_are_tagged_again_by_another_catalogue(
    engine: Engine, tmp_path: Path
) -> None:
    add_lines(engine, tmp_path / "papers.jsonl", {"title": "How Bees Fly at Night"})
    assert tag(engine, catalogue_of(BEES)) == 0
    night = Config(built_in_topics=False, topics={"nights": TopicConfig(title="Nights", query="night")})
    tag(engine, catalogue_of(night))
    assert tagged(engine)["How Bees Fly at Night"] == {"nights"}


def test_small_dumps_are_tagged_together(engine: Engine, tmp_path: Path) -> None:
    add_lines(engine, tmp_path / "one.jsonl", {"title": "How Bees Fly at Night"}, others=0)
    add_lines(engine, tmp_path / "two.jsonl", {"title": "Where Honey Comes from Today"}, others=0)
    assert tag(engine, catalogue_of(BEES)) == 2
    assert tagged(engine) == {"How Bees Fly at Night": {"bees"}, "Where Honey Comes from Today": {"bees"}}


@pytest.mark.sqlite
def test_sqlite_and_postgresql_store_the_same_papers_and_tokens(engine: Engine, postgres_store: Engine) -> None:
    for store in (engine, postgres_store):
        for seed in SEEDS:
            ingest(store, seed, None, MONDAY, settings_for(store, BUILT_IN))
        tag(store, catalogue_of(BUILT_IN))
    assert stored(postgres_store) == stored(engine)
    assert stored_tokens(postgres_store) == stored_tokens(engine)


@pytest.mark.sqlite
def test_another_process_can_write_while_papers_are_matched(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    match_all, written = PaperIndex.match_all, []

    def while_another_writes(*arguments: Any) -> Any:
        with closing(sqlite3.connect(engine.url.database or "", timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")
            written.append(True)
        return match_all(*arguments)

    monkeypatch.setattr(PaperIndex, "match_all", while_another_writes)
    add_lines(engine, tmp_path / "papers.jsonl")
    assert tag(engine, catalogue_of(BUILT_IN)) == LARGE_DUMP
    assert len(written) >= 2, "papers are matched at ingest, and again for another catalogue"


def test_dumps_ingested_at_the_same_time_are_stored_one_after_the_other_in_postgresql(
    postgres_store: Engine, tmp_path: Path
) -> None:
    def stored_in_a_thread(number: int) -> int:
        lines = [{"title": f"A Paper of Dump {number}: {place}"} for place in range(200)]
        file = tmp_path / f"{number}.jsonl"
        file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        return ingest(postgres_store, file, None, MONDAY, settings_for(postgres_store, BEES)).new

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(stored_in_a_thread, range(4))) == [200] * 4
    with reading(postgres_store) as connection:
        assert sorted(connection.scalars(select(paper.c.sequence))) == list(range(1, 801))
