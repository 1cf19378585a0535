"""The rounds: contenders take turns, their pairs must be equal, and the medians are compared."""

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

REGEX_SAMPLE = 40  # queries; the time of the others is taken to be like theirs
OF_A_KIND = 20_000
_NOTES = {
    "engine": "  builds from text: its queries are parsed",
    "postgres": "  by the wall clock; memory is its client's",
    "regexes": f"  extrapolated from {REGEX_SAMPLE} queries",
}


class Case(NamedTuple):
    """So many papers, subscriptions, and the peers that are quick enough for them."""

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
    """Print a table and a line of JSON for every case, then what kinds of queries cost."""
    for case in CASES:
        asked = samples.stored_queries(case.subscriptions)
        counts = f"{case.papers:,} papers, {case.subscriptions:,} subscriptions, {len(asked):,} distinct queries"
        _report(f"{counts}, sentences of {samples.source()}", _compare(asked, case), len(asked))
    _report_kinds()


def _compare(asked: Sequence[Query], case: Case) -> dict[str, list[dict[str, Any]]]:
    """By contender: what it said of its build, and of each round."""
    with ExitStack() as stack:
        children = {name: stack.enter_context(_child(name, asked, case.papers)) for name in ("engine", *case.peers)}
        said: dict[str, list[dict[str, Any]]] = {name: [child.heard()] for name, child in children.items()}
        for batch in range(case.rounds):
            for name, child in children.items():
                said[name].append(child.ask(batch))
            _agree({name: rounds[-1] for name, rounds in said.items()})
    return said


def _agree(said: dict[str, dict[str, Any]]) -> None:
    """All pairs must be equal; those who were asked a sample alone must agree on that."""
    wrong = [name for name, each in said.items() if name != "regexes" and each["hash"] != said["engine"]["hash"]]
    if "regexes" in said and said["regexes"]["hash"] != said["engine"]["sample"]:
        wrong.append("regexes")
    if wrong:
        sys.exit(f"{' and '.join(wrong)} found other pairs: { ({name: each['pairs'] for name, each in said.items()}) }")


def _step(queries: int) -> int:
    """Every so manieth query is in the sample."""
    return max(1, queries // REGEX_SAMPLE)


class _Child:
    """A contender's process, one line for each answer."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, batch: int) -> dict[str, Any]:
        """Let it match a batch of papers."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{batch}\n")
        self._process.stdin.flush()
        return self.heard()

    def heard(self) -> dict[str, Any]:
        """What it says next."""
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline() or "null")
        return answer


@contextmanager
def _child(name: str, asked: Sequence[Query], papers: int) -> Iterator[_Child]:
    step = _step(len(asked))
    if name == "regexes":
        asked, step = asked[::step], 1
    with tempfile.TemporaryDirectory() as folder:
        stored = Path(folder) / "queries.txt"
        stored.write_text("\n".join(map(queries.canonical, asked)), encoding="utf-8")
        stored.with_suffix(".pickle").write_bytes(pickle.dumps(list(asked)))
        command = [sys.executable, "-m", "benchmarks.matching.child", name, str(stored), str(papers), str(step)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            yield _Child(process)


def _report(title: str, said: dict[str, list[dict[str, Any]]], distinct: int) -> None:
    """Seconds of CPU: the median, and from the least to the greatest."""
    print(f"\nmatching: {title}")
    print(f"  {'':<10}{'queries':>10}{'papers':>10}{'match':>10}   {'from':>8} {'to':>8} {'ratio':>10}{'memory':>9}")
    engine = statistics.median(each["match"] for each in said["engine"][1:])
    document: dict[str, Any] = {}
    for name, (build, *rounds) in said.items():
        scale = distinct / len(range(0, distinct, _step(distinct))) if name == "regexes" else 1
        matches = sorted(each["match"] * scale for each in rounds)
        match, take = statistics.median(matches), statistics.median(each["take"] for each in rounds)
        memory = rounds[0]["memory"]  # later ones hold what the pairs were compared by
        document[name] = {"queries": build["build"] * scale, "papers": take, "match": match, "memory": memory}
        print(
            f"  {name:<10}{build['build'] * scale:>10.3f}{take:>10.3f}{match:>10.4f}   {matches[0]:>8.4f} "
            f"{matches[-1]:>8.4f} {match / engine:>10.1f}{memory:>9.0f}{_NOTES.get(name, '')}"
        )
    built = said["engine"][0]
    print(f"  one more query, parsed and added: 1/{built['build'] / built['add']:,.0f} of a build")
    print(json.dumps({title: document | {"added": built["add"], "regex sample": REGEX_SAMPLE}}))


def _report_kinds() -> None:
    """Queries of four leaves each, flat, nested, and broad."""
    case = Case(1_000, 0, ())
    medians = {}
    for kind in ("flat", "nested", "broad"):
        said = _compare(samples.typed(kind, OF_A_KIND), case)["engine"][1:]
        medians[kind] = statistics.median(each["match"] for each in said)
    print(f"\nmatching: {OF_A_KIND:,} distinct queries of four leaves, 1,000 papers, seconds of CPU")
    for kind, median in medians.items():
        print(f"  {kind:<10}{median:>10.4f}{median / medians['flat']:>10.2f}")
    print(json.dumps({"kinds": medians}))
