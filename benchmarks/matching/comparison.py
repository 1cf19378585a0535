"""Run the rounds of the benchmark. Contenders take turns and must find equal pairs; their times are compared."""

from __future__ import annotations

import json
import pickle
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.matching import samples
from benchmarks.measuring import ROUNDS
from notifier import queries
from notifier.queries import Query

REGEX_SAMPLE = 40  # the regexes run about this many queries; the time for all queries is extrapolated from these
QUERIES_OF_A_KIND = 20_000
_NOTES = {
    "engine": "  the time for queries includes parsing",
    "postgres": "  wall-clock time; memory of the client only",
    "regexes": f"  extrapolated from {REGEX_SAMPLE} queries",
}


class Case(NamedTuple):
    """A number of papers and of subscriptions, and the peers that are fast enough for them."""

    papers: int
    subscriptions: int
    peers: tuple[str, ...]
    rounds: int = ROUNDS


CASES = (
    Case(1_000, 1_000, ("fts5", "tantivy", "postgres", "regexes")),
    Case(1_000, 10_000, ("fts5", "tantivy", "postgres", "regexes")),
    Case(1_000, 100_000, ("fts5", "tantivy", "postgres", "regexes")),
    Case(1_000, 1_000_000, ("fts5", "tantivy")),
    Case(10_000, 100_000, ("fts5",)),
)


def run() -> None:
    """Print a table and a line of JSON for every case, and then one table and one line for the kinds of queries."""
    for case in CASES:
        stored_queries = samples.stored_queries(case.subscriptions)
        distinct = len(stored_queries)
        counts = f"{case.papers:,} papers, {case.subscriptions:,} subscriptions, {distinct:,} distinct queries"
        _report(f"{counts}, sentences of {samples.source()}", _compare(stored_queries, case), distinct)
    _report_kinds()


def _compare(stored_queries: Sequence[Query], case: Case) -> dict[str, list[dict[str, Any]]]:
    """Run the rounds of a case; return the answers of each contender: one for the queries, then one for each round."""
    with ExitStack() as stack:
        names = ("engine", *case.peers)
        children = {name: stack.enter_context(_child(name, stored_queries, case.papers)) for name in names}
        answers: dict[str, list[dict[str, Any]]] = {name: [child.answer()] for name, child in children.items()}
        for batch in range(case.rounds):
            for name, child in children.items():
                answers[name].append(child.ask(batch))
            _check_agreement({name: rounds[-1] for name, rounds in answers.items()})
    return answers


def _check_agreement(answers: dict[str, dict[str, Any]]) -> None:
    """Exit if a contender found other pairs than the engine; the regexes are compared on their sample of queries."""
    wrong = [name for name, each in answers.items() if name != "regexes" and each["hash"] != answers["engine"]["hash"]]
    if "regexes" in answers and answers["regexes"]["hash"] != answers["engine"]["sample"]:
        wrong.append("regexes")
    if wrong:
        counts = {name: each["pairs"] for name, each in answers.items()}
        sys.exit(f"{' and '.join(wrong)} found other pairs than the engine; the numbers of pairs are {counts}")


def _step(query_count: int) -> int:
    """Return the n for which every n-th query makes a sample of about REGEX_SAMPLE queries."""
    return max(1, query_count // REGEX_SAMPLE)


class _Child:
    """The process of a contender, which prints each answer as one line of JSON."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, batch: int) -> dict[str, Any]:
        """Let the contender match a batch of papers, and return its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{batch}\n")
        self._process.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """Wait for the next answer of the contender, and return it."""
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline() or "null")
        return answer


@contextmanager
def _child(name: str, stored_queries: Sequence[Query], papers: int) -> Iterator[_Child]:
    step = _step(len(stored_queries))
    if name == "regexes":
        stored_queries, step = stored_queries[::step], 1
    with tempfile.TemporaryDirectory() as folder:
        stored = Path(folder) / "queries.txt"
        stored.write_text("\n".join(map(queries.canonical, stored_queries)), encoding="utf-8")
        stored.with_suffix(".pickle").write_bytes(pickle.dumps(list(stored_queries)))
        command = [sys.executable, "-m", "benchmarks.matching.child", name, str(stored), str(papers), str(step)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            yield _Child(process)


def _report(title: str, answers: dict[str, list[dict[str, Any]]], distinct: int) -> None:
    """Print the seconds of CPU and the memory of each contender, as a table and as a line of JSON.

    For matching, the table gives the median of the rounds, and the least and the greatest time.
    """
    print(f"\nmatching: {title}")
    print(f"  {'':<10}{'queries':>10}{'papers':>10}{'match':>10}   {'from':>8} {'to':>8} {'ratio':>10}{'memory':>9}")
    engine = statistics.median(each["match"] for each in answers["engine"][1:])
    document: dict[str, Any] = {}
    for name, (build, *rounds) in answers.items():
        scale = distinct / len(range(0, distinct, _step(distinct))) if name == "regexes" else 1
        matches = sorted(each["match"] * scale for each in rounds)
        match, take = statistics.median(matches), statistics.median(each["take"] for each in rounds)
        memory = rounds[0]["memory"]  # later figures include the arrays that were made to compare pairs
        document[name] = {"queries": build["build"] * scale, "papers": take, "match": match, "memory": memory}
        print(
            f"  {name:<10}{build['build'] * scale:>10.3f}{take:>10.3f}{match:>10.4f}   {matches[0]:>8.4f} "
            f"{matches[-1]:>8.4f} {match / engine:>10.1f}{memory:>9.0f}{_NOTES.get(name, '')}"
        )
    built = answers["engine"][0]
    print(f"  one more query, parsed and added: 1/{built['build'] / built['add']:,.0f} of a build")
    print(json.dumps({title: document | {"added": built["add"], "regex sample": REGEX_SAMPLE}}))


def _report_kinds() -> None:
    """Print the cost of flat, nested and broad queries of four leaves each."""
    case = Case(1_000, 0, ())
    medians = {}
    for kind in ("flat", "nested", "broad"):
        answers = _compare(samples.queries_of_kind(kind, QUERIES_OF_A_KIND), case)["engine"][1:]
        medians[kind] = statistics.median(each["match"] for each in answers)
    print(f"\nmatching: {QUERIES_OF_A_KIND:,} distinct queries of four leaves, 1,000 papers, seconds of CPU")
    for kind, median in medians.items():
        print(f"  {kind:<10}{median:>10.4f}{median / medians['flat']:>10.2f}")
    print(json.dumps({"kinds": medians}))
