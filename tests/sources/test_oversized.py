"""Titles, names and texts that are far too long are cut, the report says so, and parsing them takes little time."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from time import process_time

import pytest
from sqlalchemy import Engine
from support.service import MONDAY, page_text, run_notifier
from support.stored_papers import all_papers

from notifier.errors import REASON_LIMIT, DumpError
from notifier.models import Skipped
from notifier.pipeline.ingesting import ingest
from notifier.service.logs import redacted
from notifier.sources import parse_dump
from notifier.store import reading

TITLES = ("The First Paper of All", "Another Paper about Things")
LONG = 1_000_000


def test_a_title_of_a_megabyte_is_cut_at_500_characters_and_the_report_says_so(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "2026-07-06.jsonl"
    file.write_text("".join(json.dumps({"title": f"Paper {n} {'word ' * (LONG // 5)}"}) + "\n" for n in range(4)))
    report = ingest(engine, file, None, MONDAY)
    assert (report.new, report.skipped) == (4, ())
    assert [cut.where for cut in report.cut] == ["line 1", "line 2", "line 3", "line 4"]
    assert "title" in report.cut[0].reason
    assert "500" in report.cut[0].reason
    with reading(engine) as connection:
        titles = [paper.title for paper in all_papers(connection)]
    assert all(450 < len(title) <= 500 and title.endswith("…") for title in titles)


@pytest.mark.slow
def test_the_command_line_says_what_was_cut(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"title": "word " * 1_000}), encoding="utf-8")
    run = run_notifier("ingest", "a.jsonl", "--json", cwd=tmp_path)
    (dump,) = json.loads(run.stdout)["dumps"]
    assert (dump["new"], dump["skipped"], len(dump["cut"])) == (1, [], 1)


@pytest.mark.parametrize(
    ("field", "value", "longest"),
    [
        ("abstract", "word " * LONG, 20_000),
        ("comment", "word " * LONG, 2_000),
        ("authors", ["A" * LONG, "Ann Lee"], 200),
        ("authors", [f"Ann {n} {'Lee' * 60}" for n in range(4_000)], 100_000),
        ("keywords", [f"{n} {'bees ' * 30}" for n in range(4_000)], 5_000),
        ("categories", [f"cs.{n}{'A' * 90}" for n in range(1_000)], 2_000),
        ("doi", f"10.1000/{'a' * LONG}", 300),
        ("url", f"https://a.example/{'a' * LONG}", 2_000),
        ("pdf", f"https://a.example/{'a' * LONG}", 2_000),
    ],
)
def test_every_other_field_is_bounded_too(field: str, value: object, longest: int) -> None:
    (listing,) = parse_dump(json.dumps({"title": "The First Paper of All", field: value}).encode()).listings
    stored = getattr(listing, {"comment": "note"}.get(field, field))
    assert listing.title == "The First Paper of All"
    assert sum(map(len, stored or "")) <= max(longest, 300 if field == "authors" else 0)


@pytest.mark.parametrize(
    "token", ["a", "a b ", "<a ", "&amp;", "\\frac{", "A-", "a@", "http://", "Ab, ", "(", "中", "[a]("]
)
@pytest.mark.parametrize("length", [60_000, LONG])
def test_a_very_long_line_is_parsed_in_less_than_a_second(token: str, length: int) -> None:
    line = token * (length // len(token))
    dumps = (f"{page_text(TITLES)}{line}\n", json.dumps({"title": "T", "authors": line, "abstract": line, "doi": line}))
    for dump in dumps:
        start = process_time()
        with suppress(DumpError):
            parse_dump(dump.encode())
        assert process_time() - start < 1


def test_reasons_are_cut_at_300_characters() -> None:
    assert REASON_LIMIT == 300
    assert len(str(DumpError("a" * LONG))) == 300
    assert len(Skipped("line 1", "a" * LONG).reason) == 300
    with pytest.raises(DumpError) as refused:
        parse_dump(json.dumps({"error": "a" * 250_000}).encode())
    assert len(str(refused.value)) == 300


def test_addresses_in_a_long_line_are_redacted_without_delay() -> None:
    start = process_time()
    assert redacted("a" * 250_000) == "a" * 250_000
    assert redacted(f"{'a' * 250_000}@example.org, b@b@example.org and <c@example.org>") == "…@…, …@… and <…@…>"
    assert process_time() - start < 1


def test_unclosed_sections_in_a_broken_record_are_read_without_delay() -> None:
    sections = "<![CDATA[" * 100_000
    start = process_time()
    with suppress(DumpError):
        parse_dump(f"<rss><channel><item><title>T &nbsp; <x{sections}</title></item></channel></rss>".encode())
    assert process_time() - start < 2
