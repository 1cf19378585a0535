"""Part `search`: the first page of a search and a new topic in a large store, beside SQLite's FTS5 alone.

FTS5 alone only gives the ids of all papers that match, from an index of the same texts with its own stemmer. notifier
gives the 30 newest papers, after it has read them and evaluated the exact query.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from sqlalchemy import Engine

from benchmarks.matching import samples
from benchmarks.measuring import ROUNDS
from notifier import queries, search
from notifier.config import Config, TopicConfig
from notifier.models import Paper
from notifier.pipeline import ingest, settings_for, tag
from notifier.search import Search
from notifier.store import open_store, reading
from notifier.topics import catalogue_of

SIZES = (8_000, 80_000)
A_DAY = 80
FIRST_DAY = date(2024, 1, 1)
PAGE = 30
REPEATS = 10  # of each query in a process, after a first one that fills the caches


class Asked(NamedTuple):
    """A query in the language of notifier and in that of FTS5."""

    ours: str
    fts5: str


QUERIES: Mapping[str, Asked] = {
    "a common word": Asked("model", "model"),
    "a rare word": Asked("tokenizer", "tokenizer"),
    "a phrase": Asked('"large language model"', '"large language model"'),
    "a boolean query": Asked("(diffusion OR flow) -image", "(diffusion OR flow) NOT image"),
    "a prefix": Asked("quanti*", "quanti*"),
}
NEW_TOPIC = TopicConfig(title="Compression", query='quantization OR pruning OR "knowledge distillation"')


def run() -> None:
    """Build the stores, and print the figures of each size."""
    with TemporaryDirectory() as folder:
        for size in SIZES:
            _run(Path(folder), size)


def _run(folder: Path, size: int) -> None:
    store, peer = folder / f"{size}.db", folder / f"{size}-fts5.db"
    build(store, peer, size)
    figures: dict[str, list[dict[str, float]]] = {"ours": [], "fts5": []}
    for _ in range(ROUNDS):
        figures["ours"].append(_child("ours", store))
        figures["fts5"].append(_child("fts5", peer))
    _print(size, figures["ours"], figures["fts5"], _bytes_a_paper(store, size))


def build(store: Path, peer: Path, size: int) -> None:
    """Ingest the papers into a new store, 80 a day, and index their texts with FTS5 alone."""
    engine = open_store(f"sqlite:///{store}")
    settings = settings_for(engine, Config())
    alone = sqlite3.connect(peer)
    alone.execute("CREATE VIRTUAL TABLE texts USING fts5(title, abstract, content='', tokenize='porter unicode61')")
    every = samples.papers(size, 0)
    for day, papers in enumerate(every[start : start + A_DAY] for start in range(0, size, A_DAY)):
        alone.executemany("INSERT INTO texts (title, abstract) VALUES (?, ?)", [(p.title, p.abstract) for p in papers])
        listed_on = FIRST_DAY + timedelta(days=day)
        dump = store.with_suffix(".jsonl")
        dump.write_text("\n".join(_lines(papers, day)), encoding="utf-8")
        ingest(engine, dump, listed_on, datetime.combine(listed_on, datetime.min.time(), UTC), settings)
    alone.commit()
    tag(engine, catalogue_of(Config()))
    engine.dispose()


def _lines(papers: Sequence[Paper], day: int) -> Iterator[str]:
    for place, paper in enumerate(papers):
        paper_id = f"{2401 + day // 365 * 100}.{day * A_DAY + place:05d}"
        yield json.dumps({"id": paper_id, "title": f"{paper.title} {day}-{place}", "abstract": paper.abstract})


def _bytes_a_paper(store: Path, size: int) -> float:
    """Return how many bytes the index takes for each paper. The older column of tokens is not counted."""
    connection = sqlite3.connect(store)
    names = "name LIKE 'search_text%' OR name LIKE '%search_word%' OR name LIKE '%paper_tokens%search_key%'"
    try:
        (found,) = connection.execute(f"SELECT sum(pgsize) FROM dbstat WHERE {names}").fetchone()
    except sqlite3.OperationalError:  # this SQLite was built without the table of sizes
        return float("nan")
    return float(found / size)


def _child(contender: str, file: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.searching", contender, str(file)]
    figures: dict[str, float] = json.loads(subprocess.check_output(command, text=True))
    return figures


def _print(size: int, ours: Sequence[Mapping[str, float]], fts5: Sequence[Mapping[str, float]], index: float) -> None:
    print(f"search: {size:,} papers from {samples.source()}, ms of CPU; the index takes {index:,.0f} bytes a paper")
    medians = {}
    for name in ours[0]:
        values = [figures[name] for figures in ours]
        medians[name] = statistics.median(values)
        ratios = [one[name] / other[name] for one, other in zip(ours, fts5, strict=True) if name in other]
        beside = f"{statistics.median(ratios):5.1f} x FTS5   ({min(ratios):.1f} to {max(ratios):.1f})" if ratios else ""
        print(f"  {name:<30} {medians[name]:>9.2f}   ({min(values):.2f} to {max(values):.2f})   {beside}")
    print(json.dumps({f"search {size}": medians}))


def main(contender: str, file: str) -> None:
    """Print the CPU time of each query in ms as JSON, and for notifier also that of adding and removing a topic."""
    if contender == "fts5":
        connection = sqlite3.connect(file)
        print(json.dumps({name: _time(partial(_ids, connection, asked.fts5)) for name, asked in QUERIES.items()}))
        return
    engine = open_store(f"sqlite:///{file}")
    figures = {name: _time(partial(_first_page, engine, asked.ours)) for name, asked in QUERIES.items()}
    print(json.dumps({**figures, "a new topic": _new_topic(engine), "the topic removed": _tagging(engine, Config())}))


def _time(find: Callable[[], object]) -> float:
    """Return the milliseconds of CPU that one call takes."""
    find()
    start = time.process_time()
    for _ in range(REPEATS):
        find()
    return (time.process_time() - start) * 1000 / REPEATS


def _ids(connection: sqlite3.Connection, words: str) -> list[tuple[int]]:
    return connection.execute("SELECT rowid FROM texts WHERE texts MATCH ?", (words,)).fetchall()


def _first_page(engine: Engine, text: str) -> None:
    with reading(engine) as connection:
        search.find_newest(connection, Search(queries.parse(text)), PAGE)


def _new_topic(engine: Engine) -> float:
    return _tagging(engine, Config(topics={"compression-of-models": NEW_TOPIC}))


def _tagging(engine: Engine, config: Config) -> float:
    catalogue = catalogue_of(config)
    start = time.process_time()
    tag(engine, catalogue)
    return (time.process_time() - start) * 1000


if __name__ == "__main__":
    main(*sys.argv[1:])
