"""Listings with the same title: which are of one paper, and which are of different papers that are each announced."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from support.service import MONDAY, add_listings
from support.stored_papers import all_papers
from support.stores import new_store

from notifier.models import Listing, Paper
from notifier.papers.author_names import AuthorNames, same_authors
from notifier.papers.evidence import Evidence, contradict, doi_of, link_of
from notifier.pipeline.ingesting import ingest
from notifier.sources import parse_dump
from notifier.store import papers, tables
from notifier.store.engine import reading

DAY = date(2026, 7, 6)
LETTER = "Letter to the Editor"
ABSTRACT = "We present a suite of text games in which models play against each other."


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Yield a new store on each database."""
    if request.param == "postgresql":
        yield request.getfixturevalue("postgres_store")
    else:
        engine = new_store(tmp_path / "notifier.db")
        yield engine
        engine.dispose()


def stored(engine: Engine) -> list[Paper]:
    with reading(engine) as connection:
        return all_papers(connection)


def add_each(engine: Engine, *listings: Listing) -> None:
    """Store each listing in a dump of its own, one day after the other."""
    for number, listing in enumerate(listings):
        add_listings(engine, f"dump {number}", DAY + timedelta(days=number), listing)


def rss(*items: str, prism: str = "http://prismstandard.org/namespaces/basic/2.0/") -> str:
    feed = "".join(f"<item><title>{LETTER}</title>{item}</item>" for item in items)
    names = f'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:prism="{prism}"'
    return f'<?xml version="1.0"?><rss version="2.0" {names}><channel><title>J</title>{feed}</channel></rss>'


def test_items_of_one_title_and_three_dois_are_three_papers_that_are_each_announced(
    store: Engine, tmp_path: Path
) -> None:
    for week in range(3):
        with reading(store) as connection:
            cursor = papers.newest_sequence(connection)
        file = tmp_path / f"week{week}.xml"
        link = f"<link>https://journal.example.org/{week}</link>"
        file.write_text(rss(f"{link}<guid>https://doi.org/10.1000/letter.{week}</guid>"), encoding="utf-8")
        ingest(store, file, None, MONDAY + timedelta(weeks=week))
        with reading(store) as connection:
            (announced,) = papers.papers_after(connection, cursor, papers.newest_sequence(connection))
        assert (announced.doi, announced.url) == (f"10.1000/letter.{week}", f"https://journal.example.org/{week}")
    assert len({paper.key for paper in stored(store)}) == 3


@pytest.mark.parametrize(
    "prism",
    [
        "http://prismstandard.org/namespaces/1.2/basic/",
        "http://prismstandard.org/namespaces/basic/2.1/",
        "http://prismstandard.org/namespaces/basic/3.0/",
        "http://purl.org/rss/1.0/modules/prism/",
    ],
)
@pytest.mark.parametrize("element", ["prism:doi", "dc:identifier", "prism:identifier", "guid", "link"])
@pytest.mark.parametrize("form", ["10.1000/x.{}", "doi:10.1000/x.{}", "https://doi.org/10.1000/x.{}"])
def test_the_doi_of_an_entry_is_read_in_all_its_forms(prism: str, element: str, form: str) -> None:
    dump = parse_dump(rss(f"<{element}>{form.format(1)}</{element}>", prism=prism).encode())
    assert [doi_of(each) for each in dump.listings] == ["10.1000/x.1"]


def listing(title: str = LETTER, **fields: object) -> Listing:
    return replace(Listing(1, title), **fields)  # type: ignore[arg-type]


DIFFERENT = {
    "DOIs": (listing(doi="10.1000/a"), listing(doi="10.1000/b")),
    "DOIs in links": (listing(url="https://doi.org/10.1000/a"), listing(url="https://doi.org/10.1000/b")),
    "arXiv ids": (listing(arxiv_id="2607.00001"), listing(arxiv_id="2607.00002")),
    "links and authors": (
        listing(url="https://a.example/1", authors=("Ann Lee", "Bo Ray")),
        listing(url="https://a.example/2", authors=("Cy Lee", "Di Fox")),
    ),
    "an arXiv id and a DOI, and authors": (
        listing(arxiv_id="2607.00001", authors=("Ann Lee",)),
        listing(doi="10.1000/a", authors=("Bo Ray",)),
    ),
    "DOIs of one link": (
        listing(doi="10.1000/a", url="https://a.example/view?id=1"),
        listing(doi="10.1000/b", url="https://a.example/view?id=2"),
    ),
    "DOIs in links to the publisher": (
        listing(url="https://onlinelibrary.wiley.com/doi/abs/10.1002/x.1?af=R"),
        listing(url="https://onlinelibrary.wiley.com/doi/abs/10.1002/x.2?af=R"),
    ),
    "queries of links, and authors": (
        listing(url="https://openreview.net/forum?id=Ab0", authors=("Ann Fox",)),
        listing(url="https://openreview.net/forum?id=Ab1", authors=("Bo Ray",)),
    ),
    "parts of a page, and authors": (
        listing(url="https://a.example/issue12#article1", authors=("Ann Fox",)),
        listing(url="https://a.example/issue12#article2", authors=("Bo Ray",)),
    ),
    "links and first names": (
        listing(url="https://a.example/1", authors=("Wei Wang",)),
        listing(url="https://a.example/2", authors=("Xin Wang",)),
    ),
    "links and the first names of all authors": (
        listing(url="https://a.example/1", authors=("Wei Wang", "Jing Li")),
        listing(url="https://a.example/2", authors=("Hao Li", "Xin Wang", "Tao Chen")),
    ),
    "links and one of two authors": (
        listing(url="https://a.example/1", authors=("Ann Fox", "Bo Ray")),
        listing(url="https://a.example/2", authors=("Ann Fox", "Cy Kay")),
    ),
    "pages of one site, without authors": (
        listing(url="https://a.example/v1/letter", abstract="We answer Lee."),
        listing(url="https://a.example/v2/letter", abstract="We answer Ray."),
    ),
    "pages of one site alone": (
        listing(url="https://a.example/e1.html"),
        listing(url="https://www.a.example/e2.html"),
    ),
    "pages of one site that a query names": (
        listing(url="https://a.example/view?id=1", abstract="We answer Lee.", authors=("Ann Lee",)),
        listing(url="https://a.example/view?id=2"),
    ),
}
SAME = {
    "nothing but the title": (listing(), listing()),
    "a DOI in another form": (listing(doi="10.1000/ABC"), listing(doi="10.1000/abc", authors=("Ann Lee",))),
    "a DOI, which a link gives too": (listing(doi="10.1000/abc"), listing(url="http://dx.doi.org/10.1000/ABC")),
    "versions of a preprint": (listing(doi="10.21203/rs.3.rs-1/v1"), listing(doi="10.21203/rs.3.rs-1/v2")),
    "an arXiv id, and the DOI of the journal": (
        listing(arxiv_id="2607.00001", url="https://arxiv.org/abs/2607.00001", authors=("Ann B. Lee", "Bo Ray")),
        listing(doi="10.1000/a", url="https://a.example/1", authors=("Lee, A.", "Ray, B.")),
    ),
    "an arXiv id, and its DOI": (
        listing(arxiv_id="2607.00001", doi="10.48550/arXiv.2607.00001"),
        listing(doi="10.1000/a"),
    ),
    "one link": (
        listing(url="https://www.a.example/1/?utm_source=feed", authors=("Ann Lee",)),
        listing(url="http://a.example/1#top", authors=("Someone Else",)),
    ),
    "one of the authors": (
        listing(url="https://a.example/1", authors=("Ann Lee",)),
        listing(url="https://b.example/1", authors=("A. Lee", "B. Ray", "C. Fox")),
    ),
    "family names first": (
        listing(url="https://a.example/1", authors=("Wei Zhang", "Lee AB")),
        listing(url="https://b.example/1", authors=("Zhang Wei", "Ann Lee")),
    ),
    "a DOI, which a link to the publisher gives too": (
        listing(doi="10.1371/journal.pone.1", authors=("Ann Lee",)),
        listing(url="https://journals.plos.org/plosone/article?id=10.1371/journal.pone.1", authors=("Bo Ray",)),
    ),
    "a link with parameters in another order": (
        listing(url="https://a.example/view?id=1&issue=2&utm_medium=rss", authors=("Ann Lee",)),
        listing(url="https://a.example/view?issue=2&id=1&rss=1", authors=("Someone Else",)),
    ),
    "views of a page, without authors": (
        listing(url="https://a.example/abs/18"),
        listing(url="https://a.example/pdf/18v2.pdf"),
    ),
    "versions of a page, without authors": (
        listing(url="https://a.example/p/rs-1/v1"),
        listing(url="https://a.example/p/rs-1/v2"),
    ),
    "an abstract, at two pages of one site": (
        listing(url="https://a.example/2026/07/text", abstract=ABSTRACT),
        listing(url="https://a.example/text", abstract=f"{ABSTRACT} More of it."),
    ),
    "links to two sites, without authors": (
        listing(url="https://a.example/1", authors=("Ann Lee",)),
        listing(url="https://b.example/2"),
    ),
    "a short title and a DOI": (listing("TextArena", doi="10.1000/a"), listing("Textarena", doi="10.1000/A")),
    "a short title, an abstract and authors": (
        listing("TextArena", abstract=ABSTRACT, authors=("Ann Lee", "Bo Ray")),
        listing("TextArena", abstract=ABSTRACT, authors=("A. Lee", "B. Ray"), arxiv_id="2607.00001"),
    ),
    "a short title and a long abstract": (
        listing("TextArena", abstract=3 * ABSTRACT),
        listing("TextArena", abstract=3 * ABSTRACT, authors=("Ann Lee",)),
    ),
}
SHORT_AND_DIFFERENT = {
    "abstracts": (
        listing("Attention", abstract=ABSTRACT, authors=("Ann Lee",)),
        listing("Attention", abstract="We study bees.", authors=("Ann Lee",)),
    ),
    "authors": (
        listing("Editorial", abstract="No abstract.", authors=("Ann Lee",)),
        listing("Editorial", abstract="No abstract.", authors=("Bo Ray",)),
    ),
    "DOIs, with one abstract and authors": (
        listing("Editorial", abstract="No abstract.", authors=("Ann Lee",), doi="10.1000/a"),
        listing("Editorial", abstract="No abstract.", authors=("Ann Lee",), doi="10.1000/b"),
    ),
}


@pytest.mark.parametrize(
    "pair", [*DIFFERENT.values(), *SHORT_AND_DIFFERENT.values()], ids=[*DIFFERENT, *SHORT_AND_DIFFERENT]
)
@pytest.mark.parametrize("forwards", [True, False])
def test_papers_that_differ_in_this_are_different(engine: Engine, pair: tuple[Listing, ...], forwards: bool) -> None:
    add_each(engine, *(pair if forwards else pair[::-1]), *pair)
    assert len(stored(engine)) == 2
    with reading(engine) as connection:
        assert len(set(connection.scalars(select(tables.paper.c.guid)))) == 2


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME)
@pytest.mark.parametrize("forwards", [True, False])
def test_listings_that_share_this_are_of_one_paper(engine: Engine, pair: tuple[Listing, ...], forwards: bool) -> None:
    add_each(engine, *(pair if forwards else pair[::-1]), *pair)
    assert len(stored(engine)) == 1


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT)
def test_papers_that_differ_in_this_are_different_within_one_dump(engine: Engine, pair: tuple[Listing, ...]) -> None:
    add_listings(engine, "one", DAY, *pair, *pair)
    assert len(stored(engine)) == 2


def test_the_first_paper_of_a_title_keeps_its_key_and_each_keeps_its_guid(engine: Engine) -> None:
    add_each(engine, listing(doi="10.1000/a"))
    (first,) = stored(engine)
    add_listings(engine, "second", DAY, listing(doi="10.1000/b"))
    guids = guids_of(engine)
    assert first.key in guids
    add_listings(engine, "with id", DAY, listing(doi="10.1000/a", arxiv_id="2607.00001"))
    add_listings(engine, "third", DAY, listing(doi="10.1000/c"))
    assert guids_of(engine)[:2] == guids
    assert len(set(guids_of(engine))) == 3


def guids_of(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return list(connection.scalars(select(tables.paper.c.guid).order_by(tables.paper.c.id)))


def test_a_paper_is_still_found_by_a_doi_that_a_better_source_has_replaced(engine: Engine) -> None:
    preprint = listing(arxiv_id="2607.00001", doi="10.1000/old")
    add_listings(engine, "one", DAY, listing(doi="10.1000/other"))
    add_listings(engine, "two", DAY, listing(doi="10.1000/old"))
    add_listings(engine, "three", DAY, preprint)
    add_listings(engine, "four", DAY, replace(preprint, doi="10.1000/new"), precedence=4)
    add_listings(engine, "five", DAY, listing(doi="10.1000/old", abstract="At last."))
    assert [(paper.doi, paper.abstract) for paper in stored(engine)] == [
        ("10.1000/other", ""),
        ("10.1000/new", "At last."),
    ]


WORKS: list[Mapping[str, Any]] = [
    {"doi": "10.1000/a", "url": "https://a.example/1", "authors": ("Ann Lee", "Bo Ray")},
    {"doi": "10.1000/b", "url": "https://a.example/2", "authors": ("Cy Fox",)},
    {"url": "https://b.example/3", "authors": ("Di Poe", "Ed Kay")},
    {"arxiv_id": "2607.00004", "authors": ("Flo Day",), "url": "https://arxiv.org/abs/2607.00004"},
    {"arxiv_id": "2607.00005", "doi": "10.1000/E", "url": "https://c.example/5", "authors": ("Gil Sun",)},
]


def variants(work: Mapping[str, Any]) -> st.SearchStrategy[Listing]:
    """Return a strategy for listings of one work; each gives enough facts to tell it from the other works."""
    url = str(work["url"])
    authors = [str(name) for name in work["authors"]]
    initials = tuple(f"{name[0]}. {name.split()[1]}" for name in authors)
    return st.builds(
        lambda title, url, authors, abstract, doi: replace(
            Listing(1, title, abstract=abstract, arxiv_id=work.get("arxiv_id")),
            url=url,
            authors=authors,
            doi=doi,
        ),
        st.sampled_from(["Letter to the Editor", "LETTER TO THE EDITOR!", "Letter to the editor"]),
        st.sampled_from([url, url.replace("https", "http"), f"{url}/?from=feed", url.replace("://", "://www.")]),
        st.sampled_from([tuple(authors), initials, tuple(reversed(authors))]),
        st.sampled_from(["", "Short.", "A longer abstract."]),
        st.sampled_from([value and value.upper(), value and value.lower()] if (value := work.get("doi")) else [None]),
    )


dumps_of_works = st.lists(
    st.lists(st.one_of([variants(work) for work in WORKS]), min_size=1, max_size=3), min_size=2, max_size=6
)


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(dumps_of_works, st.randoms(use_true_random=False))
def test_any_order_of_the_same_dumps_gives_the_same_papers_of_one_title(
    tmp_path_factory: pytest.TempPathFactory, dumps: list[list[Listing]], shuffle: random.Random
) -> None:
    found = []
    for order in [range(len(dumps)), shuffle.sample(range(len(dumps)), len(dumps))]:
        engine = new_store(tmp_path_factory.mktemp("order") / "notifier.db")
        for number in order:
            add_listings(engine, f"dump {number}", DAY + timedelta(days=number), *dumps[number])
        # The order of the dumps decides the ids, and which paper of a title has the key made from the title alone.
        found.append({replace(paper, id=0, sequence=0, key="") for paper in stored(engine)})
        engine.dispose()
    assert found[0] == found[1]
    works = {str(each.arxiv_id or each.doi or each.url).lower().partition("?")[0] for dump in dumps for each in dump}
    assert len(found[0]) == len({work.replace("https", "http").replace("www.", "").rstrip("/") for work in works})


@pytest.mark.slow
def test_many_listings_of_one_title_take_time_in_proportion_to_their_number(engine: Engine) -> None:
    listings = [
        listing(
            doi=f"10.1000/{number}" if number % 2 else None,
            url=f"https://a.example/{number}",
            authors=(f"A N{number}",),
        )
        for number in range(4_000)
    ]
    start = process_time()
    add_listings(engine, "one", DAY, *listings)
    add_listings(engine, "two", DAY, *listings)
    assert process_time() - start < 10
    assert len(stored(engine)) == 4_000


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.Example.org/a/?q=1#x", "example.org/a?q=1"),
        ("https://example.org/a?utm_source=x&b=2&UTM_Medium=y&a=1&fbclid=z&ref=home", "example.org/a?a=1&b=2"),
        (
            "https://example.org/a?rss=1&source=feed&from=x&via=y&af=R&dgcid=rss&gclid=1&mc_cid=2&_hsenc=3",
            "example.org/a",
        ),
        ("https://example.org/a?reference=1&fromage=2", "example.org/a?fromage=2&reference=1"),
        ("https://example.org/a?123", "example.org/a?123="),
        ("http://example.org:8080/A", "example.org/A"),
        ("https://arxiv.org/abs/2607.00001", None),
        ("https://export.arxiv.org/abs/2607.00001", None),
        ("https://notarxiv.org/1", "notarxiv.org/1"),
        ("https://huggingface.co/papers/2607.00001", None),
        ("https://doi.org/10.1000/a", None),
    ],
)
def test_a_link_is_compared_by_its_host_path_and_query(url: str, expected: str | None) -> None:
    assert link_of(listing(url=url)) == expected


@pytest.mark.parametrize(
    ("url", "doi"),
    [
        ("https://doi.org/10.1002/X.1", "10.1002/x.1"),
        ("https://onlinelibrary.wiley.com/doi/abs/10.1002/x.1?af=R", "10.1002/x.1"),
        ("https://www.tandfonline.com/doi/full/10.1080/1.2", "10.1080/1.2"),
        ("https://dl.acm.org/doi/10.1145/1.2", "10.1145/1.2"),
        ("https://link.springer.com/content/pdf/10.1007/s1-2.pdf", "10.1007/s1-2"),
        ("https://www.frontiersin.org/articles/10.3389/fnins.2026.1/full", "10.3389/fnins.2026.1"),
        ("https://www.biorxiv.org/content/10.1101/2026.01.02.123456v2.full.pdf?rss=1", "10.1101/2026.01.02.123456"),
        ("https://academic.oup.com/bib/article/doi/10.1093/bib/bbaa123/5871234", "10.1093/bib/bbaa123"),
        ("https://iopscience.iop.org/article/10.1088/1361-6528/ab1234/meta", "10.1088/1361-6528/ab1234"),
        ("https://journals.plos.org/plosone/article?id=10.1371/journal.pone.1", "10.1371/journal.pone.1"),
        ("https://onlinelibrary.wiley.com/doi/10.1002/%28SICI%291", "10.1002/(sici)1"),
        ("https://arxiv.org/abs/2607.00001", None),
        ("https://doi.org/10.48550/arXiv.2607.00001", None),
        ("https://a.example/2026/10.1/5", None),
    ],
)
def test_a_doi_is_read_from_the_link_to_a_publisher(url: str, doi: str | None) -> None:
    assert doi_of(listing(url=url)) == doi


SAME_PERSON = [
    ("John Smith", "J. Smith"),
    ("John Smith", "Smith, John"),
    ("John Smith", "Smith J"),
    ("John Smith", "SMITH JR, J. R."),
    ("John R. Smith, Jr.", "J. Smith (MIT)"),
    ("Smith", "Jane Smith"),
    ("Wei Zhang", "Zhang Wei"),
    ("Gabriel García Márquez", "Garcia Marquez, G."),
    ("Gabriel García", "Gabriel García Márquez"),
    ("Jan van der Berg", "van der Berg J"),
    ("李明", "李明"),
]
DIFFERENT_PERSONS = [
    ("Wei Wang", "Xin Wang"),
    ("Wei Wang", "Wang Xin"),
    ("J. Smith", "K. Smith"),
    ("Smith, John", "Smith, Ann"),
    ("Jan van der Berg", "Joop van der Meer"),
    ("Wang X", "Wang W"),
    ("李明", "李强"),
]


@pytest.mark.parametrize(("one", "other"), SAME_PERSON)
def test_a_person_is_recognised_however_the_name_is_written(one: str, other: str) -> None:
    assert same_authors(AuthorNames.of((one,)), AuthorNames.of((other,))) and same_authors(
        AuthorNames.of((other,)), AuthorNames.of((one,))
    )


@pytest.mark.parametrize(("one", "other"), DIFFERENT_PERSONS)
def test_persons_with_another_last_name_or_another_initial_are_different(one: str, other: str) -> None:
    assert not same_authors(AuthorNames.of((one,)), AuthorNames.of((other,))) and not same_authors(
        AuthorNames.of((other,)), AuthorNames.of((one,))
    )


def test_broken_links_and_strange_names_are_compared_without_an_error() -> None:
    assert link_of(listing(url="http://[::1/a")) is not None
    assert doi_of(listing(doi="10.1000/A/")) == "10.1000/a"
    assert not same_authors(AuthorNames.of(("A", "B")), AuthorNames.of(("C", "D")))
    assert same_authors(AuthorNames.of(("李明",)), AuthorNames.of(("李明",)))
    assert same_authors(AuthorNames.of(("***",)), AuthorNames.of(("***",)))
    assert not contradict(Evidence(listing(authors=("Ann Lee",))), Evidence(listing(authors=("Bo Ray",))))
