"""One contender in a process of its own: told of the queries, then of a batch of papers for every line of input."""

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
ADDED = 200  # queries, one after the other


def main(name: str, stored: Path, papers: int, step: int) -> None:
    """Serve one contender; `stored` holds the distinct queries in canonical form, and beside it parsed ones.

    The pairs of every query at a multiple of `step` are summed up by themselves too.
    """
    if name == "engine":
        _serve_engine(stored, papers, step)
        return
    module, maker = PEERS[name].split(":")
    contender: Contender = getattr(import_module(module), maker)()
    asked = pickle.loads(stored.with_suffix(".pickle").read_bytes())
    clocked = _walled if name == "postgres" else _clocked
    _say({"build": clocked(partial(contender.store, asked))})
    for batch in map(int, sys.stdin):
        given = [tokens_of(paper) for paper in samples.papers(papers, batch)]
        take, match = clocked(partial(contender.take, given)), clocked(contender.match)
        _say({"take": take, "match": match, "memory": _memory()} | _summary(contender.pairs(), step))


def _serve_engine(stored: Path, papers: int, step: int) -> None:
    """The build parses the canonical forms; tokens are what ingest keeps."""
    engine = Engine()
    canonical = stored.read_text(encoding="utf-8").splitlines()
    build = _clocked(lambda: engine.store(map(queries.parse, canonical)))
    _say({"build": build, "add": _cost_of_one_more(engine, canonical)})
    for batch in map(int, sys.stdin):
        given = samples.papers(papers, batch)
        tokenised = list(map(tokenise, given))
        take, match = _clocked(partial(engine.take, given, tokenised)), _clocked(engine.match)
        _say({"take": take, "match": match, "memory": _memory()} | _summary(engine.pairs(), step))


def _cost_of_one_more(engine: Engine, canonical: list[str]) -> float:
    new = [f"({each}) one{number}" for number, each in enumerate(canonical[:ADDED])]
    numbers: list[int] = []
    seconds = _clocked(lambda: numbers.extend(engine.queries.add(queries.parse(each)) for each in new))
    for number in numbers:
        engine.queries.discard(number)
    return seconds / len(new)


def _summary(pairs: Iterable[Pair], step: int) -> dict[str, Any]:
    """How many pairs there are, a hash of them all, and one of those of the sample."""
    found = np.sort(np.fromiter((query << 32 | paper for query, paper in pairs), np.int64))
    query, paper = found >> 32, found & 0xFFFFFFFF
    sample = (query // step << 32 | paper)[query % step == 0]
    return {"pairs": len(found), "hash": _hash(found), "sample": _hash(sample)}


def _hash(pairs: np.ndarray[Any, Any]) -> str:
    return hashlib.sha256(pairs.tobytes()).hexdigest()


def _clocked(step: Callable[[], object]) -> float:
    """Seconds of user and system CPU, those of ended children too."""
    before = _used()
    step()
    return _used() - before


def _used() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _walled(step: Callable[[], object]) -> float:
    before = time.perf_counter()
    step()
    return time.perf_counter() - before


def _memory() -> float:
    """The peak so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _say(document: dict[str, Any]) -> None:
    print(json.dumps(document), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
