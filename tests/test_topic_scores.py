"""`scripts/topic_scores.py` compares the built-in topics with the labels of two people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from topic_scores import Score, labelled_papers, labels_found, main, score


def labels_file(folder: Path, *papers: tuple[str, Sequence[str], Sequence[str]]) -> Path:
    """Write a file with a paper for each title, and the labels that the two people gave it."""
    file = folder / "papers.jsonl"
    records = [{"title": title, "abstract": "", "labels_a": a, "labels_b": b} for title, a, b in papers]
    file.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return file


def score_of(label: str, file: Path) -> Score:
    labelled = labelled_papers(file)
    return score([label], labelled, labels_found(labelled))


def test_a_topic_is_right_where_both_readers_gave_its_label_and_wrong_where_neither_did(tmp_path: Path) -> None:
    file = labels_file(
        tmp_path,
        ("Speech recognition in noise", ["speech"], ["speech"]),
        ("The voice of the customer", [], []),
        ("Whistles of dolphins", ["speech"], ["speech"]),
    )
    assert score_of("speech", file) == Score(right=1, wrong=1, missed=1)


def test_a_label_that_only_one_reader_gave_is_not_counted(tmp_path: Path) -> None:
    file = labels_file(
        tmp_path,
        ("The voice of the customer", ["speech"], []),
        ("Whistles of dolphins", [], ["speech"]),
    )
    assert score_of("speech", file) == Score(right=0, wrong=0, missed=0)


def test_a_label_may_stand_for_several_topics(tmp_path: Path) -> None:
    both = ["quantization-and-compression"]
    file = labels_file(tmp_path, ("Pruning of large networks", both, both), ("Quantization to four bits", both, both))
    assert score_of("quantization-and-compression", file) == Score(right=2, wrong=0, missed=0)


def test_precision_recall_and_f1_follow_from_the_numbers() -> None:
    some = Score(right=6, wrong=2, missed=4)
    assert (some.precision, some.recall) == (0.75, 0.6)
    assert some.f1 == pytest.approx(2 / 3)
    nothing = Score(right=0, wrong=0, missed=0)
    assert (nothing.precision, nothing.recall, nothing.f1) == (1, 1, 1)
    assert Score(right=0, wrong=3, missed=0).f1 == 0


def test_the_script_prints_a_line_for_each_label_and_the_titles_of_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = labels_file(tmp_path, ("Ward rounds at night", ["medicine"], ["medicine"]))
    main([str(file), "--errors"])
    assert capsys.readouterr().out.splitlines() == [
        "label                            precision recall    F1 right wrong missed",
        "medicine                              1.00   0.00  0.00     0     0      1",
        "all                                   1.00   0.00  0.00     0     0      1",
        "medicine - Ward rounds at night",
    ]
