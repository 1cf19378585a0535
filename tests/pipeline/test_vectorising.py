"""Every stored paper has a vector in one basis, whatever happens while a new basis is made; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sqlalchemy import Engine, func, select
from support.service import MONDAY, add_listings

from notifier.config import Config
from notifier.models import Listing
from notifier.pipeline import vectorising
from notifier.pipeline.tagging import tag
from notifier.pipeline.vectorising import refit
from notifier.search import taste_vectors
from notifier.store import paper_vectors, papers, reading
from notifier.store.paper_vectors import BasisInUse
from notifier.store.tables import paper, paper_terms, paper_vector, similarity_basis
from notifier.topics import catalogue_of

TOPICS = catalogue_of(Config())


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")
    return engine


def add(engine: Engine, first: int, last: int) -> None:
    """Store the papers with the numbers from `first` to `last` - 1, and make their tags and vectors."""
    listings = [
        Listing(position=1, title=f"Paper {number} about subject {number % 5}", abstract=f"We study word{number}.")
        for number in range(first, last)
    ]
    add_listings(engine, f"{first} to {last}", MONDAY.date(), *listings)
    tag(engine, TOPICS)


def in_use(engine: Engine) -> BasisInUse:
    with reading(engine) as connection:
        used = paper_vectors.basis_in_use(connection)
    assert used is not None
    return used


def vectors(engine: Engine) -> dict[int, list[int]]:
    """Return the vectors in the basis in use, by paper id."""
    used = in_use(engine)
    with reading(engine) as connection:
        rows = paper_vectors.read_vectors_after(connection, used, 0)
    return dict(zip(rows.ids.tolist(), rows.vectors.integers.tolist(), strict=True))


def counts(engine: Engine) -> tuple[int, int, int]:
    """Return the numbers of rows of terms, of vectors and of bases."""
    with reading(engine) as connection:
        tables = (paper_terms, paper_vector, similarity_basis)
        terms, all_vectors, bases = (connection.scalar(select(func.count()).select_from(each)) for each in tables)
    return terms or 0, all_vectors or 0, bases or 0


def test_every_paper_gets_a_vector_and_half_as_many_again_make_a_new_basis(store: Engine) -> None:
    add(store, 0, 10)
    first = in_use(store)
    assert (first.papers, counts(store)) == (10, (10, 10, 1))
    add(store, 10, 14)
    assert in_use(store) == first
    assert counts(store) == (14, 14, 1)
    before = vectors(store)
    tag(store, TOPICS)
    assert refit(store) == 0
    assert vectors(store) == before
    add(store, 14, 15)
    assert in_use(store).papers == 15
    assert counts(store) == (15, 15, 1)
    assert len(vectors(store)) == 15


def killed_at(call: int) -> Iterator[bool]:
    """Yield True for each call before this one, and raise KeyboardInterrupt at this one."""
    while call > 1:
        call -= 1
        yield True
    raise KeyboardInterrupt


@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_process_killed_while_it_makes_a_basis_leaves_the_earlier_one(
    store: Engine, call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectorising, "SMALL", 0)  # leave it to `refit`
    monkeypatch.setattr(vectorising, "BLOCK", 8)
    add(store, 0, 10)
    first, before = in_use(store), vectors(store)
    add(store, 10, 20)
    killed = killed_at(call)
    with pytest.raises(KeyboardInterrupt):
        refit(store, lambda: next(killed))
    assert in_use(store) == first
    assert {paper_id: vectors(store)[paper_id] for paper_id in before} == before
    add(store, 20, 21)
    assert len(vectors(store)) == 21
    assert refit(store) == 21
    assert counts(store) == (21, 21, 1)
    assert in_use(store).id > first.id


def test_a_process_that_stops_leaves_the_new_basis_to_others_and_several_may_make_it_at_once(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectorising, "SMALL", 0)
    add(store, 0, 10)
    first = in_use(store)
    add(store, 10, 20)
    assert refit(store, lambda: False) == 0
    assert in_use(store) == first
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda _: refit(store), range(4)))
    refit(store)
    assert in_use(store).papers == 20
    assert counts(store) == (20, 20, 1)


def test_a_changed_text_gets_a_new_vector_and_a_merged_paper_loses_its_own(store: Engine) -> None:
    add(store, 0, 10)
    before = vectors(store)
    add_listings(
        store, "longer", MONDAY.date(), Listing(position=1, title="Paper 3 about subject 3", abstract="Bees " * 9)
    )
    assert len(vectors(store)) == 9
    tag(store, TOPICS)
    after = vectors(store)
    (changed,) = (paper_id for paper_id, vector in after.items() if before[paper_id] != vector)
    with reading(store) as connection:
        assert papers.papers_by_id(connection, [changed])[changed].title == "Paper 3 about subject 3"
    assert counts(store) == (10, 10, 1)
    add_listings(store, "one id", MONDAY.date(), Listing(position=1, title="Other Name of It", arxiv_id="2607.00001"))
    tag(store, TOPICS)
    assert counts(store)[:2] == (11, 11)
    joined = Listing(position=1, title="Paper 4 about subject 4", arxiv_id="2607.00001")
    add_listings(store, "joined", MONDAY.date(), joined)
    tag(store, TOPICS)
    with reading(store) as connection:
        stored = set(connection.scalars(select(paper.c.id)))
    assert set(vectors(store)) == stored
    assert counts(store)[:2] == (len(stored), len(stored))


def test_papers_without_words_are_stored_like_others(store: Engine) -> None:
    listings = [
        Listing(position=1, title="?!", abstract=""),
        Listing(position=1, title="One", abstract=""),
        Listing(position=1, title="Long", abstract="word " * 20_000 + " ".join(map(str, range(5_000)))),
    ]
    add_listings(store, "odd", MONDAY.date(), *listings)
    tag(store, TOPICS)
    assert counts(store) == (3, 3, 1)
    used = in_use(store)
    with reading(store) as connection:
        rows = paper_vectors.read_vectors(connection, used, [1, 2, 3, 4])
    assert rows.ids.tolist() == [1, 2, 3]
    assert np.isfinite(rows.vectors.floats()).all()


def test_vectors_of_taste_are_differences_from_the_mean_and_zero_for_a_paper_without_words(store: Engine) -> None:
    add(store, 0, 10)
    add_listings(store, "later", MONDAY.date(), Listing(position=1, title="?! ??"))
    tag(store, TOPICS)
    with reading(store) as connection:
        all_vectors, some = taste_vectors(connection, range(1, 12), {}), taste_vectors(connection, [11, 5], {})
    assert np.allclose(all_vectors.of(range(1, 11)).mean(axis=0), 0, atol=1e-6)
    assert np.array_equal(some.of([11, 5, 99]), all_vectors.of([11, 5, 99]))
    assert not some.of([11, 99]).any() and some.of([5]).any()


def test_the_vector_of_taste_of_a_paper_is_the_same_before_and_after_it_is_stored(store: Engine) -> None:
    add(store, 0, 10)
    add_listings(store, "later", MONDAY.date(), Listing(position=1, title="Paper 11 about subject 3"))
    assert len(vectors(store)) == 10
    with reading(store) as connection:
        before = taste_vectors(connection, [5, 11], {}).of([5, 11])
    vectorising.vectorise(store)
    assert len(vectors(store)) == 11
    with reading(store) as connection:
        after = taste_vectors(connection, [5, 11], {}).of([5, 11])
    assert before[1].any() and np.array_equal(before, after)
