"""Ingesting turns the bytes of a dump into papers in the store."""

from __future__ import annotations

import gc
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from support.service import ABSTRACT, MONDAY, SEEDS, add_listings, ingest_page, page_text
from support.stored_papers import all_papers
from support.stores import new_store

from notifier.models import DumpStatus, ListedOnFrom, Listing, Paper, ParsedDump
from notifier.papers.identity import prepare
from notifier.pipeline.ingesting import ingest
from notifier.store import papers, tables
from notifier.store.engine import reading, writing
from notifier.store.ingest import NewDump, add_dump


def stored(engine: Engine) -> list[Paper]:
    with reading(engine) as connection:
        return all_papers(connection)


def test_the_seeds_hold_397_listings_of_364_papers(engine: Engine) -> None:
    reports = [ingest(engine, seed, None, MONDAY) for seed in SEEDS]
    assert [report.listings for report in reports] == [209, 94, 94]
    assert sum(report.new for report in reports) == 364
    assert len(stored(engine)) == 364
    assert stored(engine)[0].title == "Accelerate High-Quality Diffusion Models with Inner Loop Feedback"


def test_a_dump_with_the_same_bytes_and_another_name_is_known(engine: Engine, tmp_path: Path) -> None:
    copy = tmp_path / "copy.txt"
    copy.write_bytes(SEEDS[1].read_bytes())
    assert ingest(engine, SEEDS[1], None, MONDAY).status is DumpStatus.INGESTED
    assert ingest(engine, copy, None, MONDAY).status is DumpStatus.KNOWN
    assert len(stored(engine)) == 94


def test_a_file_that_is_not_a_dump_is_quarantined_with_its_reason_until_it_is_corrected(
    engine: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "page.txt"
    file.write_bytes(b"\x00\x01\x02")
    report = ingest(engine, file, None, MONDAY)
    assert report.status is DumpStatus.QUARANTINED
    assert report.reason
    with reading(engine) as connection:
        assert connection.scalar(select(tables.quarantined.c.reason)) == report.reason
    file.write_text(page_text(["The First Paper of All", "Another Paper about Things"]), encoding="utf-8")
    assert ingest(engine, file, None, MONDAY).status is DumpStatus.INGESTED
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(tables.quarantined)) == 0


@pytest.mark.parametrize(
    ("name", "option", "expected"),
    [
        ("page.txt", date(2026, 7, 1), (date(2026, 7, 1), ListedOnFrom.OPTION)),
        ("papers-2026-07-03.txt", None, (date(2026, 7, 3), ListedOnFrom.NAME)),
        ("page.txt", None, (date(2026, 3, 11), ListedOnFrom.PAGE)),
    ],
)
def test_the_listing_day_is_from_the_option_else_the_name_else_the_page(
    engine: Engine, tmp_path: Path, name: str, option: date | None, expected: tuple[date, ListedOnFrom]
) -> None:
    file = tmp_path / name
    file.write_bytes(SEEDS[1].read_bytes())
    report = ingest(engine, file, option, MONDAY)
    assert (report.listed_on, report.listed_on_from) == expected


def test_the_listing_day_of_a_page_without_a_date_is_the_day_of_ingest(engine: Engine) -> None:
    report = ingest(engine, SEEDS[0], None, MONDAY)
    assert (report.listed_on, report.listed_on_from) == (MONDAY.date(), ListedOnFrom.CLOCK)


def test_a_short_title_identifies_a_paper_only_within_its_dump(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, ["Pointer Networks", "A Long Enough Title for Everyone"])
    ingest_page(engine, tmp_path, ["Pointer Networks", "A Long Enough Title for Everyone!"])
    titles = [paper.title for paper in stored(engine)]
    assert titles.count("Pointer Networks") == 2
    assert len(titles) == 3
    assert len({paper.key for paper in stored(engine)}) == 3


def test_a_listing_without_an_id_is_merged_into_the_paper_of_its_title_with_the_lowest_arxiv_id(engine: Engine) -> None:
    add_listings(engine, "one", date(2026, 7, 1), Listing(1, "Attention Is All You Need", arxiv_id="2401.00002"))
    add_listings(engine, "two", date(2026, 7, 2), Listing(1, "Attention Is All You Need", arxiv_id="2401.00001"))
    add_listings(
        engine, "three", date(2026, 7, 3), Listing(1, "attention is all you need!", abstract="About attention.")
    )
    abstracts = {paper.key: paper.abstract for paper in stored(engine)}
    assert abstracts == {"2401.00001": "About attention.", "2401.00002": ""}


def test_a_paper_without_an_arxiv_id_gets_one_from_a_later_dump_and_keeps_its_guid(engine: Engine) -> None:
    add_listings(engine, "one", date(2026, 7, 1), Listing(1, "Attention Is All You Need"))
    with reading(engine) as connection:
        guid = connection.scalar(select(tables.paper.c.guid))
    add_listings(engine, "two", date(2026, 7, 2), Listing(1, "Attention is all you need", arxiv_id="1706.03762"))
    with reading(engine) as connection:
        row = connection.execute(select(tables.paper)).one()
        assert (row.key, row.guid) == ("1706.03762", guid)
        assert (
            connection.scalar(select(tables.paper_alias.c.paper_id).where(tables.paper_alias.c.old_key == guid))
            == row.id
        )


def test_two_rows_of_one_paper_are_merged_into_the_older_row(engine: Engine) -> None:
    add_listings(engine, "one", date(2026, 7, 1), Listing(1, "The Old Title of It", arxiv_id="2607.00001"))
    add_listings(engine, "two", date(2026, 7, 2), Listing(1, "The New Title of It", abstract="Long known."))
    old, new = (paper.id for paper in stored(engine))
    add_listings(engine, "three", date(2026, 7, 3), Listing(1, "The new title of it", arxiv_id="2607.00001"))
    (paper,) = stored(engine)
    assert (paper.id, paper.title, paper.abstract) == (old, "The new title of it", "Long known.")
    with reading(engine) as connection:
        assert papers.papers_by_id(connection, {new})[new].id == old
        listings = connection.scalars(select(tables.listing.c.paper_id)).all()
    assert listings == [old, old, old]


def test_a_later_dump_fills_empty_fields_and_clears_no_field(engine: Engine) -> None:
    full = Listing(1, "The Title of a Paper", abstract="Long.", arxiv_id="2607.00001", authors=("Ann Lee",), upvotes=7)
    add_listings(engine, "one", date(2026, 7, 1), full, precedence=1)
    add_listings(
        engine, "two", date(2026, 7, 2), Listing(1, "The Title of a Paper", arxiv_id="2607.00001"), precedence=4
    )
    (paper,) = stored(engine)
    assert (paper.abstract, paper.authors, paper.upvotes) == ("Long.", ("Ann Lee",), 7)
    assert paper.listed_on == date(2026, 7, 1)


def test_any_order_of_the_same_dumps_gives_the_same_papers(tmp_path: Path) -> None:
    dumps = [
        ("a", date(2026, 7, 1), 1, [Listing(1, "The Title of a Paper"), Listing(2, "Another Paper of Ours", "Short.")]),
        ("b", date(2026, 7, 2), 3, [Listing(1, "the Title of a paper", "Longer.", arxiv_id="2607.00001", upvotes=3)]),
        ("c", date(2026, 7, 3), 1, [Listing(1, "Another paper of ours", "A longer abstract.", upvotes=9)]),
        ("d", date(2026, 7, 3), 1, [Listing(1, "THE TITLE OF A PAPER", "Short."), Listing(2, "Pointer Networks")]),
        ("e", date(2026, 7, 4), 4, [Listing(1, "A Third Name of It", arxiv_id="2607.00001", authors=("A", "B"))]),
        ("f", date(2026, 7, 5), 1, [Listing(1, "A Third Name of It", "Short but new.", upvotes=1)]),
    ]
    seen = set()
    for shuffle in range(20):
        engine = new_store(tmp_path / f"{shuffle}.db")
        for name, day, precedence, listings in random.Random(shuffle).sample(dumps, len(dumps)):
            add_listings(engine, name, day, *listings, precedence=precedence)
        found = [replace(paper, id=0, sequence=0) for paper in stored(engine)]
        seen.add(tuple(sorted(found, key=lambda paper: paper.key)))
        engine.dispose()
    assert len(seen) == 1


def test_a_paper_that_gains_its_abstract_within_14_days_is_announced_again(engine: Engine) -> None:
    add_listings(
        engine, "one", date(2026, 7, 1), Listing(1, "The Title of a Paper"), Listing(2, "Another Paper of Ours")
    )
    with reading(engine) as connection:
        cursor = papers.newest_sequence(connection)
    late, too_late = MONDAY + timedelta(days=13), MONDAY + timedelta(days=15)
    add_listings(engine, "two", date(2026, 7, 2), Listing(1, "The Title of a Paper", "At last."), now=late)
    add_listings(engine, "three", date(2026, 7, 3), Listing(1, "Another Paper of Ours", "At last."), now=too_late)
    with reading(engine) as connection:
        announced = papers.papers_after(connection, cursor, papers.newest_sequence(connection))
    assert [paper.title for paper in announced] == ["The Title of a Paper"]


def test_a_dump_that_fails_half_way_stores_nothing(engine: Engine) -> None:
    twice = Listing(1, "The Title of a Paper")
    dump = ParsedDump("page text", (twice, replace(twice, title="Another Paper of Ours")))  # both at position 1
    new = NewDump("sha", "name", "page text", date(2026, 7, 1), ListedOnFrom.OPTION, MONDAY)
    with pytest.raises(Exception, match=r"(?i)unique constraint"), writing(engine) as connection:
        add_dump(connection, new, prepare(dump, date(2026, 7, 1), "sha"))
    assert stored(engine) == []
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(tables.dump)) == 0


def test_the_listing_day_of_a_paper_is_the_earliest_of_its_listings(engine: Engine, tmp_path: Path) -> None:
    for day in (5, 3, 4):
        file = tmp_path / f"2026-07-0{day}.txt"
        file.write_text(page_text(["The Same Paper Every Day", f"A Paper of Day {day}"]), encoding="utf-8")
        ingest(engine, file, None, datetime(2026, 7, 6, tzinfo=UTC))
    assert next(paper for paper in stored(engine) if "Same" in paper.title).listed_on == date(2026, 7, 3)


def test_abstracts_are_stored_whole(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, ["The Title of a Paper", "Another Paper of Ours"])
    assert [paper.abstract for paper in stored(engine)] == [
        ABSTRACT.format(t) for t in ("The Title of a Paper", "Another Paper of Ours")
    ]


def test_the_garbage_collector_examines_all_objects_again_after_a_dump(engine: Engine, tmp_path: Path) -> None:
    broken = tmp_path / "page.txt"
    broken.write_bytes(b"\x00\x01\x02")
    for file in (SEEDS[1], broken):
        ingest(engine, file, None, MONDAY)
        assert gc.get_freeze_count() == 0
