"""How often similar papers have a label in common, on real papers that two readers labelled.

NOTIFIER_REAL_DATA names their folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from notifier.config import Config
from notifier.models import Paper
from notifier.pipeline.ingesting import ingest, settings_for
from notifier.pipeline.tagging import tag
from notifier.search.similar import RankedId, rank_by_similarity
from notifier.store import papers, reading
from notifier.topics import catalogue_of

NEAREST = 5
LABELLED = date(2026, 8, 31)


def ingest_all(engine: Engine, folder: Path) -> None:
    """Ingest the daily papers, the arXiv listings and the labelled papers, and compute their topics and vectors."""
    files = [*(folder / "hf_daily").iterdir(), *(folder / "arxiv_jsonl").iterdir()]
    for file in [*sorted(files), folder / "topic_labels" / "papers.jsonl"]:
        day = LABELLED if file.stem == "papers" else date.fromisoformat(file.stem)
        ingest(engine, file, day, datetime.combine(day, time(12), UTC), settings_for(engine, Config()))
    tag(engine, catalogue_of(Config()))


def share_with_a_common_label(engine: Engine, labels: dict[str, set[str]], score: Callable[[RankedId], float]) -> float:
    """Return the share of the nearest labelled papers that have a label in common with the paper they are near to."""
    with reading(engine) as connection:
        id_of = papers.ids_of_keys(connection, labels)
        stored: dict[int, Paper] = papers.papers_by_id(connection, id_of.values())
        labels_of = {paper_id: labels[key] for key, paper_id in id_of.items() if labels[key]}
        hits = []
        for paper_id, own in labels_of.items():
            ranked = rank_by_similarity(connection, stored[paper_id], labels_of.keys() - {paper_id})
            nearest = sorted(ranked, key=lambda each: -score(each))[:NEAREST]
            hits += [bool(labels_of[each.paper_id] & own) for each in nearest]
    return sum(hits) / len(hits)


@pytest.mark.slow
def test_similar_papers_have_a_label_in_common_more_often_than_by_words_alone(engine: Engine) -> None:
    root = os.environ.get("NOTIFIER_REAL_DATA")
    if not root:
        pytest.skip("NOTIFIER_REAL_DATA does not name the folder of real dumps")
    ingest_all(engine, Path(root))
    lines = (Path(root) / "topic_labels" / "papers.jsonl").read_text(encoding="utf-8").splitlines()
    labels = {each["id"]: set(each["labels_a"]) & set(each["labels_b"]) for each in map(json.loads, lines)}
    similar = share_with_a_common_label(engine, labels, lambda each: each.score)
    by_words = share_with_a_common_label(engine, labels, lambda each: each.parts.tfidf)
    print(f"similar papers: {similar:.3f}; by words alone: {by_words:.3f}")
    assert similar >= 0.72
    assert similar >= by_words + 0.03
