"""Storing a dump takes time in proportion to the number of its listings, whatever they have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from sqlalchemy import Engine, select
from support.stores import new_store

from notifier.garbage import collecting_new_objects
from notifier.models import ListedOnFrom, Listing, ParsedDump
from notifier.papers.identity import PreparedListing, prepare
from notifier.papers.placing import ListingPlacer
from notifier.store import reading, tables, writing
from notifier.store.ingest import NewDump, add_dump

Dumps = tuple[list[Listing], list[Listing]]
Kind = Callable[[int], Dumps]

DAY = date(2026, 7, 6)
NOW = datetime(2026, 7, 6, 6, tzinfo=UTC)
SIZE = 300
FACTOR = 8
MAX_GROWTH = 2.5 * FACTOR  # of the time, for so many times the listings: larger data also leave the processor's caches

_numbers = count()


def listing(title: str, arxiv_id: int | None = None, **fields: Any) -> Listing:
    number = None if arxiv_id is None else f"{2601 + arxiv_id // 90_000}.{arxiv_id % 90_000 + 10_000}"
    return Listing(position=1, title=title, arxiv_id=number, **fields)


def letter(number: int | None = None, **fields: Any) -> Listing:
    return listing("Letter to the Editor", number, **fields)


def namesakes(size: int) -> Dumps:
    """Return papers that have only their title in common, twice."""
    letters = [letter(url=f"https://a.example/{n}", authors=(f"Ann Lee{n}", f"Bo Ray{n}")) for n in range(size)]
    return letters, letters


def one_doi(size: int) -> Dumps:
    """Return papers with one title and one DOI, and then the same with different ids."""
    return [letter(doi="10.1000/1") for _ in range(size)], [letter(n, doi="10.1000/1") for n in range(size)]


def joins(size: int) -> Dumps:
    """Return papers with ids, the same papers under other titles without ids, and the proofs that they are the same."""
    known = [listing(f"First Title of {n}", n) for n in range(size)]
    known += [listing(f"Second Title of {n}") for n in range(size)]
    return known, [listing(f"Second Title of {n}", n) for n in reversed(range(size))]


def joins_of_namesakes(size: int) -> Dumps:
    """Return papers of one title, each of which proves to be an older paper of another title."""
    known = [listing(f"First Title of {n}") for n in range(size)]
    known += [letter(n) for n in range(size)]
    proofs = [listing(f"First Title of {n}", n) for n in range(size)]
    return known, proofs + [letter(n) for n in range(size)]


def chain_to_older(size: int) -> Dumps:
    """Return papers and the proofs that all are one paper, from the newest paper to the oldest."""
    known = [listing(f"One of the Titles {n}") for n in range(size)]
    known.append(listing("The Title with an Id", 1))
    return known, [listing(f"One of the Titles {n}", 1) for n in reversed(range(size))]


def chain_to_newer(size: int) -> Dumps:
    """Return papers and the proofs that all are one paper, from the oldest paper to the newest."""
    known, proofs = chain_to_older(size)
    return [known[-1], *known[:-1]], proofs[::-1]


KINDS = [namesakes, one_doi, joins, joins_of_namesakes, chain_to_older, chain_to_newer]


def prepared(listings: list[Listing]) -> list[PreparedListing]:
    numbered = tuple(replace(each, position=number) for number, each in enumerate(listings, 1))
    return prepare(ParsedDump("JSON lines", numbered), DAY, "dump")


def time_of_placing(kind: Kind, size: int) -> float:
    """Return the time for finding the papers of all listings, without the database."""
    known, proofs = kind(size)
    listings = prepared(known + proofs)
    placer = ListingPlacer([], 0, 0, NOW)
    with collecting_new_objects():
        start = process_time()
        for each in listings:
            placer.place(each)
        return process_time() - start


def time_of_storing(folder: Path, kind: Kind, size: int) -> float:
    """Return the time for storing a dump of the second listings after the papers of the first were stored."""
    engine = new_store(folder / f"{next(_numbers)}.db")
    for number, listings in enumerate(map(prepared, kind(size))):
        start = process_time()
        with collecting_new_objects(), writing(engine) as connection:
            new = NewDump(f"sha{number}", "dump", "JSON lines", DAY, ListedOnFrom.OPTION, NOW)
            add_dump(connection, new, listings)
        used = process_time() - start
    engine.dispose()
    return used


def growth(measured: Callable[[int], float], size: int) -> float:
    """Return the ratio of the times for FACTOR times the size and for the size, each the less of two trials."""
    return min(measured(FACTOR * size) for _ in range(2)) / min(measured(size) for _ in range(2))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_time_for_placing_grows_with_the_number_of_listings_not_with_its_square(kind: Kind) -> None:
    assert growth(lambda size: time_of_placing(kind, size), 2 * SIZE) < MAX_GROWTH


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_time_for_storing_grows_with_the_number_of_listings_not_with_its_square(kind: Kind, tmp_path: Path) -> None:
    assert growth(lambda size: time_of_storing(tmp_path, kind, size), SIZE) < MAX_GROWTH


@pytest.mark.parametrize("kind", [chain_to_older, chain_to_newer])
def test_stored_papers_that_prove_to_be_one_keep_their_keys_as_aliases(kind: Kind, engine: Engine) -> None:
    keys: set[str] = set()
    for number, listings in enumerate(map(prepared, kind(5))):
        with writing(engine) as connection:
            new = NewDump(f"sha{number}", "dump", "JSON lines", DAY, ListedOnFrom.OPTION, NOW)
            add_dump(connection, new, listings)
            keys |= set(connection.scalars(select(tables.paper.c.key)))
    with reading(engine) as connection:
        (paper,) = connection.execute(select(tables.paper.c.id, tables.paper.c.key))
        aliases = list(connection.execute(select(tables.paper_alias.c.old_key, tables.paper_alias.c.paper_id)))
    assert {key for key, _ in aliases} | {paper.key} == keys
    assert {paper_id for _, paper_id in aliases} == {paper.id}
