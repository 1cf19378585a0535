"""Compare the built-in topics with labels that people gave to papers: `topic_scores.py FILE [--errors]`.

Each line of the file is a JSON object with the `title` and the `abstract` of a paper, and with the labels of two
people in `labels_a` and `labels_b`. A label that both gave is right, a label that neither gave is wrong, and a label
that one of them gave is not counted. A label is the slug of a topic, or one of those in `TOPICS_OF`. `--errors` also
lists the papers that have a label wrongly (+) or lack it (-).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from notifier.config import Config
from notifier.matching import index
from notifier.models import Paper
from notifier.topics import catalogue_of

# The slugs of the topics that a label stands for, if it is not simply the slug of one topic.
TOPICS_OF = {
    "quantization-and-compression": ("quantization", "model-compression"),
    "code-generation": ("code-generation", "program-synthesis"),
    "diffusion-models": ("diffusion",),
    "3d-and-scenes": ("3d",),
    "vision-language": ("multimodal-models",),
    "speech-and-audio": ("speech",),
    "datasets-and-benchmarks": ("data-sets-and-benchmarks",),
    "scientific-machine-learning": ("pdes-and-scientific-machine-learning",),
    "theory": ("theory-of-computation",),
}
Labels = frozenset[str]


@dataclass(frozen=True)
class LabelledPaper:
    """A paper with the labels that both people gave, and those that only one of them gave."""

    paper: Paper
    both: Labels
    one: Labels


@dataclass(frozen=True)
class Score:
    """The numbers of papers that were found rightly, found wrongly, and missed."""

    right: int
    wrong: int
    missed: int

    def __str__(self) -> str:
        return f"{self.precision:9.2f} {self.recall:6.2f} {self.f1:5.2f} {self.right:5} {self.wrong:5} {self.missed:6}"

    @property
    def precision(self) -> float:
        """The share of the papers found that are right, or 1 if none is found."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """The share that was found of all papers that should be found, or 1 if none should be found."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall, or 1 if no paper should be found and none was."""
        errors = self.wrong + self.missed
        return 2 * self.right / (2 * self.right + errors) if self.right + errors else 1.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the scores of each label in the file, and of all together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--errors", action="store_true")
    options = parser.parse_args(arguments)
    labelled = labelled_papers(options.file)
    found = labels_found(labelled)
    by_label = {label: score([label], labelled, found) for label in sorted(labels_of(labelled))}
    print(f"{'label':32} precision recall    F1 right wrong missed")
    for label, its_score in by_label.items():
        print(f"{label:32} {its_score}")
    print(f"{'all':32} {score(list(by_label), labelled, found)}")
    if options.errors:
        print_errors(labelled, found)


def labelled_papers(file: Path) -> list[LabelledPaper]:
    """Read the papers and labels of a file."""
    records = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [_labelled(number, record) for number, record in enumerate(records)]


def _labelled(number: int, record: Mapping[str, str]) -> LabelledPaper:
    seen, day = datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1)
    paper = Paper(number, str(number), record["title"], record["abstract"], number, seen, day)
    first, second = frozenset(record["labels_a"]), frozenset(record["labels_b"])
    return LabelledPaper(paper, first & second, first ^ second)


def labels_of(labelled: Iterable[LabelledPaper]) -> Labels:
    """Return all labels that either person gave."""
    return frozenset().union(*(paper.both | paper.one for paper in labelled))


def labels_found(labelled: Sequence[LabelledPaper]) -> dict[str, frozenset[int]]:
    """Return the positions of the papers that the topics of each label have."""
    searched = index([paper.paper for paper in labelled])
    queries = catalogue_of(Config()).parsed_queries
    topics_of = {label: queries.keys() & TOPICS_OF.get(label, (label,)) for label in labels_of(labelled)}
    return {
        label: frozenset(int(place) for slug in slugs for place in searched.match(queries[slug]))
        for label, slugs in topics_of.items()
    }


def score(labels: Iterable[str], labelled: Sequence[LabelledPaper], found: Mapping[str, frozenset[int]]) -> Score:
    """Return the score of these labels together."""
    outcomes = [
        (place in found[label], label in paper.both)
        for label in labels
        for place, paper in enumerate(labelled)
        if label not in paper.one
    ]
    return Score(outcomes.count((True, True)), outcomes.count((True, False)), outcomes.count((False, True)))


def print_errors(labelled: Sequence[LabelledPaper], found: Mapping[str, frozenset[int]]) -> None:
    """Print the titles of the papers that a label has wrongly (+) or lacks (-)."""
    for label in sorted(found):
        for place, paper in enumerate(labelled):
            if label not in paper.one and (place in found[label]) != (label in paper.both):
                print(f"{label} {'+' if place in found[label] else '-'} {paper.paper.title}")


if __name__ == "__main__":
    main()
