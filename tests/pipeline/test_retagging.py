"""After a change of topics, papers have the topics that they would have if all had been matched with all topics."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, update
from support.service import MONDAY, SEEDS, ingest_page
from support.stored_papers import all_papers
from support.stores import new_store

from notifier import search
from notifier.config import Config, TopicConfig
from notifier.pipeline import retagging
from notifier.pipeline.ingesting import ingest
from notifier.pipeline.tagging import tag
from notifier.queries import Query
from notifier.store import open_store, tags
from notifier.store.engine import reading, writing
from notifier.store.tables import paper
from notifier.topics import Catalogue, catalogue_of

QUERIES = (
    "model",
    "agent OR robot",
    "reason*",
    "title:learning -video",
    '"large language model"',
    "author:wang",
    "bees",
)


def catalogue(*chosen: str) -> Catalogue:
    """Return a catalogue with a topic for each query; the topic of the same place has the same slug."""
    topics = {f"topic-{place}": TopicConfig(title="A topic", query=query) for place, query in enumerate(chosen)}
    return catalogue_of(Config(built_in_topics=False, topics=topics))


def topics_of_papers(engine: Engine) -> dict[str, frozenset[str]]:
    with reading(engine) as connection:
        return {each.key: each.topics for each in all_papers(connection)}


def forget_tags(engine: Engine) -> None:
    """Make all papers untagged, so that all are matched with all topics."""
    with writing(engine) as connection:
        connection.execute(update(paper).values(tagged_by=None))


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a store with the papers of all sample pages."""
    file = tmp_path_factory.mktemp("seeds") / "notifier.db"
    engine = new_store(file)
    for seed in SEEDS:
        ingest(engine, seed, None, MONDAY)
    engine.dispose()
    return file


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (QUERIES[:3], QUERIES[:4]),
        (QUERIES[:3], QUERIES[:2]),
        (QUERIES[:3], (QUERIES[5], QUERIES[1], QUERIES[4])),
        (QUERIES, QUERIES[::-1]),
        ((), QUERIES),
        (QUERIES, ()),
    ],
)
def test_tags_are_as_if_all_papers_were_matched_with_all_topics(
    seeds: Path, tmp_path: Path, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    engine = open_store(f"sqlite:///{shutil.copy(seeds, tmp_path)}")
    tag(engine, catalogue(*before))
    assert tag(engine, catalogue(*after)) == 0, "no paper had to be matched with all topics"
    retagged = topics_of_papers(engine)
    forget_tags(engine)
    tag(engine, catalogue(*after))
    assert retagged == topics_of_papers(engine)
    assert any(retagged.values()) == bool(after)
    engine.dispose()


def test_a_paper_that_changes_while_topics_are_matched_is_matched_again(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest_page(engine, tmp_path, ["A Study of Bees", "A Study of Wasps"])
    tag(engine, catalogue("bees"))

    def find_and_change(connection: Connection, query: Query) -> list[int]:
        ids = search.matching_ids(connection, query)
        with writing(engine) as other:
            changed = paper.c.title == "A Study of Bees"
            other.execute(update(paper).where(changed).values(revision=paper.c.revision + 1, tagged_by=None))
        return ids

    monkeypatch.setattr("notifier.pipeline.retagging.matching_ids", find_and_change)
    assert tag(engine, catalogue("bees", "wasps")) == 2
    assert sorted(map(sorted, topics_of_papers(engine).values())) == [["topic-0"], ["topic-1"]]


def test_many_changed_topics_are_matched_at_once(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, ["A Study of Bees", "A Study of Wasps"])
    tag(engine, catalogue("bees"))
    many = [f"word{number}" for number in range(retagging.MAX_CHANGED)]
    assert tag(engine, catalogue("wasps", *many)) == 2
    with reading(engine) as connection:
        assert len(tags.kept_catalogues(connection)) == 2
    assert tag(engine, catalogue("wasps", *many, "more")) == 0
    assert tag(engine, catalogue("wasps", *many, "more", "and more")) == 0
    with reading(engine) as connection:
        assert len(tags.kept_catalogues(connection)) == 2, "this one and the one before; older ones are forgotten"
