"""The child process of one contender.

It receives the queries once. For each line of its input it matches a batch of papers and prints a line of JSON.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import resource
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.matching import samples
from benchmarks.matching.contender import Contender, Pair, tokens_of
from benchmarks.matching.engine import Engine
from notifier import queries
from notifier.matching import tokenise

PEERS = {
    "fts5": "benchmarks.matching.fts5:Fts5",
    "tantivy": "benchmarks.matching.tantivy_search:Tantivy",
    "postgres": "benchmarks.matching.postgres:Postgres",
    "regexes": "benchmarks.matching.regexes:Regexes",
}
ADDED_QUERIES = 200


def main(name: str, stored: Path, papers: int, step: int) -> None:
    """Run one contender.

    `stored` is a file with the canonical form of the distinct queries; a pickle beside it has the parsed queries.
    `papers` is the number of papers in a batch. The pairs of every `step`-th query are also summarised separately.
    """
    if name == "engine":
        _run_engine(stored, papers, step)
        return
    module, maker = PEERS[name].split(":")
    contender: Contender = getattr(import_module(module), maker)()
    stored_queries = pickle.loads(stored.with_suffix(".pickle").read_bytes())
    timed = _wall_time if name == "postgres" else _cpu_time
    _print({"build": timed(partial(contender.set_queries, stored_queries))})
    for batch in map(int, sys.stdin):
        given = [tokens_of(paper) for paper in samples.papers(papers, batch)]
        take, match = timed(partial(contender.set_papers, given)), timed(contender.match)
        _print({"take": take, "match": match, "memory": _memory()} | _summary(contender.pairs(), step))


def _run_engine(stored: Path, papers: int, step: int) -> None:
    """Run this project's engine: it parses the canonical forms, and gets papers with tokens as ingest stores them."""
    engine = Engine()
    canonical = stored.read_text(encoding="utf-8").splitlines()
    build = _cpu_time(lambda: engine.set_queries(map(queries.parse, canonical)))
    _print({"build": build, "add": _cost_of_one_more(engine, canonical)})
    for batch in map(int, sys.stdin):
        given = samples.papers(papers, batch)
        tokenised = list(map(tokenise, given))
        take, match = _cpu_time(partial(engine.set_papers, given, tokenised)), _cpu_time(engine.match)
        _print({"take": take, "match": match, "memory": _memory()} | _summary(engine.pairs(), step))


def _cost_of_one_more(engine: Engine, canonical: list[str]) -> float:
    """Return the average seconds for parsing one more query and adding it to the set, which holds many already."""
    new = [f"({each}) one{number}" for number, each in enumerate(canonical[:ADDED_QUERIES])]
    numbers: list[int] = []
    seconds = _cpu_time(lambda: numbers.extend(engine.queries.add(queries.parse(each)) for each in new))
    for number in numbers:
        engine.queries.discard(number)
    return seconds / len(new)


def _summary(pairs: Iterable[Pair], step: int) -> dict[str, Any]:
    """Return the number of pairs, a hash of all pairs, and a hash of the pairs of every `step`-th query."""
    found = np.sort(np.fromiter((query << 32 | paper for query, paper in pairs), np.int64))
    query, paper = found >> 32, found & 0xFFFFFFFF
    sample = (query // step << 32 | paper)[query % step == 0]
    return {"pairs": len(found), "hash": _hash(found), "sample": _hash(sample)}


def _hash(pairs: np.ndarray[Any, Any]) -> str:
    return hashlib.sha256(pairs.tobytes()).hexdigest()


def _cpu_time(work: Callable[[], object]) -> float:
    """Return the seconds of user and system CPU that the work takes, including child processes that have ended."""
    before = _cpu_seconds()
    work()
    return _cpu_seconds() - before


def _cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _wall_time(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def _memory() -> float:
    """Return the peak memory of this process so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _print(document: dict[str, Any]) -> None:
    print(json.dumps(document), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
