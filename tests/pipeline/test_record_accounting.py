"""Every record of every file becomes a new paper, is merged or is skipped, in whatever order the files are ingested."""

from __future__ import annotations

import ast
import json
import os
import random
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from support.format_samples import OAI_ARXIV, OTHER_RSS, api, daily, json_lines, oai, oai_record, rss
from support.service import MONDAY
from support.stored_papers import all_papers
from support.stores import new_store
from support.thoroughness import examples

from notifier.config import Config
from notifier.errors import DumpError
from notifier.models import DumpStatus, Paper
from notifier.pipeline.ingesting import DumpReport, ingest
from notifier.pipeline.tagging import tag
from notifier.sources import parse_dump
from notifier.store.engine import reading
from notifier.topics import catalogue_of

SHUFFLES = 20
DOCUMENTS = {
    "daily.json": json.dumps(daily()),
    "lines.jsonl": json_lines(),
    "rss.xml": rss("new", "replace", "cross"),
    "api.xml": api(),
    "oai.xml": oai(oai_record(OAI_ARXIV), oai_record("", 1, ' status="deleted"')),
    "other.xml": OTHER_RSS,
}


def real_files(*folders: str) -> list[Path]:
    root = os.environ.get("NOTIFIER_REAL_DATA")
    if not root:
        pytest.skip("NOTIFIER_REAL_DATA does not name the folder of real dumps")
    return [path for folder in folders for path in sorted((Path(root) / folder).iterdir())]


def count_records(path: Path) -> int:
    """Count the records of a file without the code under test."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".xml":
        return len(re.findall(r"<(?:entry|item|record)>", text))
    if path.suffix == ".jsonl":
        return sum(1 for line in text.splitlines() if line.strip())
    document = json.loads(text)
    found = document.get("data", []) if isinstance(document, dict) else document
    return sum(1 for record in found if isinstance(record, dict) or ast.literal_eval(record))


def test_every_record_of_every_real_dump_is_accounted_for(engine: Engine) -> None:
    refused = 0
    for path in real_files("hf_daily", "hf_same_day", "arxiv_api", "arxiv_rss", "arxiv_jsonl", "arxiv_oai"):
        report = ingest(engine, path, None, MONDAY)
        if report.status is DumpStatus.QUARANTINED:
            refused += 1
            continue
        if report.status is DumpStatus.KNOWN:
            continue
        assert report.records == count_records(path), path
        assert report.new + report.merged + len(report.skipped) == report.records, path
        assert not report.skipped, path
    assert refused == 2  # an error message of arXiv, and a file that contains only the digit 1


def test_repeats_within_one_file_are_merged(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "2026-07-06.jsonl"
    file.write_text(json_lines() + json_lines() + "{}\n", encoding="utf-8")
    report = ingest(engine, file, None, MONDAY)
    assert (report.records, report.papers, report.new, report.merged) == (7, 3, 3, 3)
    assert [skipped.where for skipped in report.skipped] == ["line 7"]


def ingest_into_new_store(
    folder: Path, files: list[Path], now: datetime = MONDAY
) -> tuple[list[DumpReport], frozenset[Paper]]:
    """Ingest files into a new store, and return the reports and the papers.

    The ids and sequence numbers of the papers, which depend on the order of the files, are set to 0.
    """
    engine = new_store(folder / f"{random.random()}.db")
    reports = [ingest(engine, path, None, now) for path in files]
    tag(engine, catalogue_of(Config()))
    with reading(engine) as connection:
        found = all_papers(connection)
    engine.dispose()
    return reports, frozenset(replace(paper, id=0, sequence=0) for paper in found)


def assert_any_order_gives_the_same_papers(folder: Path, files: list[Path], shuffles: int) -> None:
    orders = [random.Random(shuffle).sample(files, len(files)) for shuffle in range(shuffles)]
    first, *others = [ingest_into_new_store(folder, order)[1] for order in orders]
    assert first
    assert all(other == first for other in others)


def test_small_dumps_of_every_format_give_the_same_papers_in_any_order(tmp_path: Path) -> None:
    files = [tmp_path / name for name in DOCUMENTS]
    for file in files:
        file.write_text(DOCUMENTS[file.name], encoding="utf-8")
    assert_any_order_gives_the_same_papers(tmp_path, files, SHUFFLES)


def test_real_dumps_of_every_kind_give_the_same_papers_in_any_order(tmp_path: Path) -> None:
    files = real_files("hf_same_day", "arxiv_api", "arxiv_rss")[::4]
    files += [path for path in real_files("hf_daily") if path.name.startswith(("2024-12", "2025-01"))]
    assert_any_order_gives_the_same_papers(tmp_path, files, SHUFFLES)


def counts_of(content: bytes) -> tuple[int, int] | None:
    """Return the numbers of listings and of skipped records in a document, or None if the document is refused."""
    try:
        dump = parse_dump(content)
    except DumpError as error:
        assert str(error)
        return None
    assert all(skipped.where and skipped.reason for skipped in dump.skipped)
    return len(dump.listings), len(dump.skipped)


documents = st.sampled_from([text.encode() for text in DOCUMENTS.values()])


@settings(deadline=None, max_examples=examples(200))
@given(document=documents, place=st.floats(0, 1), cut=st.integers(0, 40), junk=st.binary(max_size=12))
def test_a_damaged_document_is_refused_or_every_record_is_read_or_reported(
    document: bytes, place: float, cut: int, junk: bytes
) -> None:
    start = int(place * len(document))
    whole = counts_of(document)
    damaged = counts_of(document[:start] + junk + document[start + cut :])
    assert whole is not None
    if damaged is not None:
        assert sum(damaged) >= sum(whole) - 1, "damage merges at most two records"
        assert damaged[0] >= whole[0] - 2, "damage affects at most two records"
        edges = set(document[start : start + cut]) & set(b"{}<>\n")  # a record may begin or end at such a byte
        has_merged = bool(edges) and sum(damaged) == sum(whole) - 1
        assert damaged[0] >= whole[0] or damaged[1] or has_merged, (
            "a lost record is reported as skipped, unless damage has merged two records"
        )


@settings(deadline=None, max_examples=examples(100))
@given(document=documents, place=st.floats(0, 1))
def test_a_truncated_document_keeps_the_records_before_the_cut(document: bytes, place: float) -> None:
    kept = document[: int(place * len(document))]
    counts = counts_of(kept)
    complete_records = max(
        kept.count(end) for end in (b"</item>", b"</entry>", b"</record>", b'"Ann Lee"]}\n', b'"numComments": 2}')
    )
    if counts is not None and complete_records:
        assert sum(counts) >= complete_records


@settings(deadline=None, max_examples=examples(100))
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"{", b'[{"title":', b"<rss>", b"<feed><entry>", b"\x1f\x8b", b"\xfd7zXZ\x00"]),
)
def test_any_bytes_are_read_or_refused(junk: bytes, before: bytes) -> None:
    counts_of(before + junk)
