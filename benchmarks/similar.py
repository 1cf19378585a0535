"""Part `similar`: what similar papers cost in a store of 80,000 papers, in CPU time.

It measures how long these take: making and storing the terms and the vector of a new paper, making a new basis for all
papers, finding the papers similar to one, and matching `like:` of 1,000 papers with 1,000 new ones.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine, delete, update

from benchmarks import searching
from benchmarks.matching import samples
from notifier.pipeline import refit, vectorising
from notifier.search import near_papers, similar_papers
from notifier.store import open_store, papers, reading, writing
from notifier.store.tables import paper_terms, paper_vector, similarity_basis

SIZE = 80_000
NEW = 2_000  # papers whose vectors are made again
ASKED = 50  # papers whose similar papers are found
LIKES = 1_000


def run() -> None:
    """Build the store, and print the figures."""
    with TemporaryDirectory() as folder:
        store = Path(folder, "store.db")
        searching.build(store, Path(folder, "fts5.db"), SIZE)
        engine = open_store(f"sqlite:///{store}")
        figures = measure(engine)
        engine.dispose()
    print(f"similar: {SIZE:,} papers from {samples.source()}, ms of CPU")
    for name, value in figures.items():
        print(f"  {name:<45} {value:>12.2f}")
    print(json.dumps({"similar": figures}))


def measure(engine: Engine) -> dict[str, float]:
    """Return the milliseconds of CPU by what was measured."""
    with writing(engine) as connection:
        connection.execute(update(similarity_basis).values(papers=1))
    basis = _milliseconds(partial(refit, engine))
    with writing(engine) as connection:
        last = papers.newest_id(connection) - NEW
        for table in (paper_terms, paper_vector):
            connection.execute(delete(table).where(table.c.paper_id > last))
    vector = _milliseconds(partial(vectorising.vectorise, engine)) / NEW
    with reading(engine) as connection:
        asked = list(papers.papers_by_id(connection, range(1, SIZE, SIZE // ASKED)).values())
        first = _milliseconds(partial(similar_papers, connection, asked[0]))
        each = [_milliseconds(partial(similar_papers, connection, paper)) for paper in asked]
        keys = list(papers.keys_of(connection, range(1, SIZE, SIZE // LIKES)).values())
        newest = list(papers.papers_by_id(connection, range(SIZE - LIKES, SIZE)).values())
        likes = _milliseconds(partial(near_papers, connection, keys, newest))
    return {
        "the vector of a new paper, stored": vector,
        "a new basis and a vector for each paper": basis,
        "similar papers, the first time": first,
        "similar papers": statistics.median(each),
        f"like: of {LIKES:,} papers, among {LIKES:,} new ones": likes,
    }


def _milliseconds(call: Callable[[], object]) -> float:
    begun = time.process_time()
    call()
    return (time.process_time() - begun) * 1000
