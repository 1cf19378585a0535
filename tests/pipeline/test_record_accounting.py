"""Nothing vanishes: of every file each record is new, merged or skipped, whatever order the files come in."""

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

from notifier.config import Config
from notifier.errors import DumpError
from notifier.models import DumpStatus, Paper
from notifier.pipeline.ingesting import DumpReport, ingest
from notifier.pipeline.tagging import tag
from notifier.sources import parse_dump
from notifier.store import papers
from notifier.store.engine import reading
from notifier.store.schema import open_store
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


def records_in(path: Path) -> int:
    """How many records a file has, counted without this project."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".xml":
        return len(re.findall(r"<(?:entry|item|record)>", text))
    if path.suffix == ".jsonl":
        return sum(1 for line in text.splitlines() if line.strip())
    document = json.loads(text)
    found = document.get("data", []) if isinstance(document, dict) else document
    return sum(1 for each in found if isinstance(each, dict) or ast.literal_eval(each))


def test_every_record_of_every_real_dump_is_accounted_for(engine: Engine) -> None:
    refused = 0
    for path in real_files("hf_daily", "hf_same_day", "arxiv_api", "arxiv_rss", "arxiv_jsonl", "arxiv_oai"):
        report = ingest(engine, path, None, MONDAY)
        if report.status is DumpStatus.QUARANTINED:
            refused += 1
            continue
        if report.status is DumpStatus.KNOWN:
            continue
        assert report.records == records_in(path), path
        assert report.new + report.merged + len(report.skipped) == report.records, path
        assert not report.skipped, path
    assert refused == 2  # arXiv's error document, and a capture that is the digit 1


def test_repeats_within_one_file_are_merged(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "2026-07-06.jsonl"
    file.write_text(json_lines() + json_lines() + "{}\n", encoding="utf-8")
    report = ingest(engine, file, None, MONDAY)
    assert (report.records, report.papers, report.new, report.merged) == (7, 3, 3, 3)
    assert [each.where for each in report.skipped] == ["line 7"]


def stored_by(folder: Path, files: list[Path], now: datetime = MONDAY) -> tuple[list[DumpReport], frozenset[Paper]]:
    """What a new store holds after these files, without what tells the order in which they came."""
    engine = open_store(f"sqlite:///{folder}/{random.random()}.db")
    reports = [ingest(engine, path, None, now) for path in files]
    tag(engine, catalogue_of(Config()))
    with reading(engine) as connection:
        found = [paper for block in papers.in_blocks(connection, 100) for paper in block]
    engine.dispose()
    return reports, frozenset(replace(paper, id=0, sequence=0) for paper in found)


def assert_any_order_gives_the_same(folder: Path, files: list[Path], shuffles: int) -> None:
    orders = [random.Random(shuffle).sample(files, len(files)) for shuffle in range(shuffles)]
    first, *others = [stored_by(folder, order)[1] for order in orders]
    assert first
    assert all(other == first for other in others)


def test_small_dumps_of_every_format_give_the_same_papers_in_any_order(tmp_path: Path) -> None:
    files = [tmp_path / name for name in DOCUMENTS]
    for file in files:
        file.write_text(DOCUMENTS[file.name], encoding="utf-8")
    assert_any_order_gives_the_same(tmp_path, files, SHUFFLES)


def test_real_dumps_of_every_kind_give_the_same_papers_in_any_order(tmp_path: Path) -> None:
    files = real_files("hf_same_day", "arxiv_api", "arxiv_rss")[::4]
    files += [path for path in real_files("hf_daily") if path.name.startswith(("2024-12", "2025-01"))]
    assert_any_order_gives_the_same(tmp_path, files, SHUFFLES)


def outcome(content: bytes) -> tuple[int, int] | None:
    """How many listings and skips a document gives; None where it is refused as a whole."""
    try:
        dump = parse_dump(content)
    except DumpError as error:
        assert str(error)
        return None
    assert all(each.where and each.reason for each in dump.skipped)
    return len(dump.listings), len(dump.skipped)


documents = st.sampled_from([text.encode() for text in DOCUMENTS.values()])


@settings(deadline=None, max_examples=200)
@given(document=documents, place=st.floats(0, 1), cut=st.integers(0, 40), junk=st.binary(max_size=12))
def test_a_mutated_document_is_read_or_refused_and_loses_no_record(
    document: bytes, place: float, cut: int, junk: bytes
) -> None:
    start = int(place * len(document))
    whole = outcome(document)
    damaged = outcome(document[:start] + junk + document[start + cut :])
    assert whole is not None
    if damaged is not None:
        assert sum(damaged) >= sum(whole) - 1, "two records may run into each other, and no more"
        assert damaged[0] >= whole[0] - 2, "the damage may touch two records, and no more"
        edges = set(document[start : start + cut]) & set(b"{}<>\n")  # where a record begins or ends
        joined = bool(edges) and sum(damaged) == sum(whole) - 1
        assert damaged[0] >= whole[0] or damaged[1] or joined, "what is lost is told, but for two records made one"


@settings(deadline=None, max_examples=100)
@given(document=documents, place=st.floats(0, 1))
def test_a_truncated_document_keeps_the_records_before(document: bytes, place: float) -> None:
    kept = document[: int(place * len(document))]
    found = outcome(kept)
    ends = max(
        kept.count(end) for end in (b"</item>", b"</entry>", b"</record>", b'"Ann Lee"]}\n', b'"numComments": 2}')
    )
    if found is not None and ends:
        assert sum(found) >= ends


@settings(deadline=None, max_examples=100)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"{", b'[{"title":', b"<rss>", b"<feed><entry>", b"\x1f\x8b", b"\xfd7zXZ\x00"]),
)
def test_any_bytes_are_read_or_refused(junk: bytes, before: bytes) -> None:
    outcome(before + junk)
