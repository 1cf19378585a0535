"""The fields of a paper with several listings, and which listings announce it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from support.service import MONDAY, add_listings
from support.stored_papers import all_papers
from support.stores import new_store

from notifier.models import Announce, ListedOnFrom, Listing, Paper, ParsedDump
from notifier.papers.identity import LONGEST_IDENTITY, prepare
from notifier.store import papers, tables
from notifier.store.engine import reading, writing
from notifier.store.ingest import NewDump, add_dump

TITLE = "The Title of a Paper"
EARLY = Listing(
    1, TITLE, arxiv_id="2607.00001", version=1, published=date(2026, 6, 30), updated=date(2026, 6, 30),
    note="9 pages", pdf="https://arxiv.org/pdf/2607.00001v1", announce=Announce.NEW,
)  # fmt: skip
TRENDING = Listing(
    1, TITLE, arxiv_id="2607.00001", published=date(2026, 7, 1), upvotes=40, stars=7, comments=2,
    code="https://github.com/a/b", project="https://a.github.io", page="https://huggingface.co/papers/2607.00001",
    summary="A summary.",
)  # fmt: skip
LATE = Listing(
    1, TITLE, arxiv_id="2607.00001", version=2, updated=date(2026, 7, 3), doi="10.1000/1", note="10 pages",
    announce=Announce.REPLACE,
)  # fmt: skip
DUMPS = [
    ("early", date(2026, 7, 1), EARLY, 4),
    ("trending", date(2026, 7, 2), TRENDING, 3),
    ("fewer stars", date(2026, 7, 2), replace(TRENDING, stars=3, upvotes=None, page=None), 3),
    ("late", date(2026, 7, 3), LATE, 4),
]


def stored(engine: Engine) -> list[Paper]:
    with reading(engine) as connection:
        return all_papers(connection)


def store_deletions(engine: Engine, *arxiv_ids: str) -> None:
    with writing(engine) as connection:
        new = NewDump("gone", "gone", "OAI-PMH", date(2026, 7, 1), ListedOnFrom.OPTION, MONDAY)
        add_dump(connection, new, [], deleted=arxiv_ids)


def keys_after(engine: Engine, after: int = 0) -> list[str]:
    with reading(engine) as connection:
        return [paper.key for paper in papers.papers_after(connection, after, papers.newest_sequence(connection))]


def test_a_paper_keeps_the_best_value_of_each_field_whatever_the_order_of_its_dumps(tmp_path: Path) -> None:
    seen: set[Paper] = set()
    for shuffle in range(20):
        engine = new_store(tmp_path / f"{shuffle}.db")
        for name, day, listing, precedence in random.Random(shuffle).sample(DUMPS, len(DUMPS)):
            add_listings(engine, name, day, listing, precedence=precedence)
        seen.update(replace(paper, id=0, sequence=0) for paper in stored(engine))
        engine.dispose()
    (paper,) = seen
    assert (paper.version, paper.updated, paper.stars, paper.upvotes) == (2, date(2026, 7, 3), 7, 40)
    assert (paper.published, paper.note, paper.doi) == (date(2026, 6, 30), "10 pages", "10.1000/1")
    assert (paper.pdf, paper.page, paper.code) == (EARLY.pdf, TRENDING.page, TRENDING.code)
    assert paper.summary == "A summary."


def test_a_later_dump_empties_no_field(engine: Engine) -> None:
    for name, day, listing, precedence in DUMPS:
        add_listings(engine, name, day, listing, precedence=precedence)
    before = stored(engine)
    add_listings(engine, "bare", date(2026, 7, 9), Listing(1, TITLE, arxiv_id="2607.00001"), precedence=4)
    assert stored(engine) == before


@pytest.mark.parametrize("deleted_first", [True, False])
def test_a_deleted_record_marks_its_paper_as_withdrawn_whichever_comes_first(
    engine: Engine, deleted_first: bool
) -> None:
    if deleted_first:
        store_deletions(engine, "2607.00001", "2607.00009")
    add_listings(
        engine, "one", date(2026, 7, 1), EARLY, replace(EARLY, title="Another Paper of Ours", arxiv_id="2607.2")
    )
    if not deleted_first:
        store_deletions(engine, "2607.00001", "2607.00009")
    assert [(paper.key, paper.withdrawn) for paper in stored(engine)] == [("2607.00001", True), ("2607.2", False)]


def test_a_paper_first_listed_as_a_replacement_is_announced_when_another_kind_of_listing_comes(engine: Engine) -> None:
    add_listings(engine, "one", date(2026, 7, 1), LATE)
    assert keys_after(engine) == []
    assert len(stored(engine)) == 1
    with reading(engine) as connection:
        assert papers.newest(connection, None, 10) == []
        cursor = papers.start_at(connection, MONDAY, MONDAY, MONDAY)[0]
    add_listings(engine, "two", date(2026, 7, 2), TRENDING)
    assert keys_after(engine, cursor) == ["2607.00001"]


def test_an_announced_paper_is_not_announced_again_by_later_listings_of_it(engine: Engine) -> None:
    add_listings(engine, "one", date(2026, 7, 1), replace(EARLY, abstract="It is long."))
    with reading(engine) as connection:
        cursor = papers.newest_sequence(connection)
    for name, kind in enumerate((Announce.REPLACE, Announce.CROSS, Announce.REPLACE_CROSS, Announce.NEW)):
        add_listings(engine, str(name), date(2026, 7, 2), replace(LATE, announce=kind, abstract="It is long."))
    assert keys_after(engine, cursor) == []
    with reading(engine) as connection:
        kinds = connection.scalars(select(tables.listing.c.announce).order_by(tables.listing.c.id)).all()
    assert kinds == ["new", "replace", "cross", "replace-cross", "new"]


def test_the_day_that_a_listing_gives_is_used_unless_the_operator_gives_one() -> None:
    dump = ParsedDump("x", (replace(EARLY, listed_on=date(2026, 7, 2)),))
    day_of_dump, given = date(2026, 7, 5), True
    assert prepare(dump, day_of_dump, "sha")[0].facts.listed_on == date(2026, 7, 2)
    assert prepare(dump, day_of_dump, "sha", given)[0].facts.listed_on == day_of_dump


def test_a_title_of_any_length_has_an_identity_that_an_index_can_hold() -> None:
    long = " ".join(f"word{number}" for number in range(1000))
    dump = ParsedDump("x", (Listing(1, long), Listing(2, f"{long} more"), Listing(3, long.upper())))
    one, other, again = (each.identity for each in prepare(dump, date(2026, 7, 1), "sha"))
    assert one == again != other
    assert len(one) <= LONGEST_IDENTITY
