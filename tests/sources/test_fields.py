"""Names of authors and links are read as sources write them."""

from __future__ import annotations

import json

import pytest

from notifier.models import Listing
from notifier.sources import parse_dump
from notifier.sources.bounding import LONGEST_LISTS

REPOSITORY = "https://github.com/example/bees"


def listing_with(**values: object) -> Listing:
    """Return the listing of a JSON line with these values."""
    line = {"title": "How Bees Find Flowers", "abstract": "We follow bees.", **values}
    (listing,) = parse_dump(json.dumps(line).encode()).listings
    return listing


@pytest.mark.parametrize("authors", [["Wei Wang", "Ann Lee", "Wei Wang"], "Wei Wang, Ann Lee and Wei Wang"])
def test_two_authors_of_one_name_stay_two(authors: object) -> None:
    assert listing_with(authors=authors).authors == ("Wei Wang", "Ann Lee", "Wei Wang")


def test_two_authors_of_one_name_stay_two_if_the_list_is_cut() -> None:
    kept = listing_with(authors=["Wei Wang"] * 50_000).authors
    assert len(kept) > 1
    assert sum(map(len, kept)) <= LONGEST_LISTS["authors"]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (r"Ayd\in Demir", "Aydın Demir"),
        (r"Fran\ccois Dupont", "François Dupont"),
        (r"S\oren Holm and {\L}ukasz Nowak", "Søren Holm and Łukasz Nowak"),
        (r"\Lukasz Nowak", "Łukasz Nowak"),
        (r"Vu\v ci\'c", "Vučić"),
        (r"Wo\'s", "Woś"),
        (r"Mart\'\in and Mart\'{\i}n", "Martín and Martín"),
        (r"M\aa{}rten \AAse", "Mårten Åse"),
        (r"Erd\H{o}s and Stra\ss e", "Erdős and Straße"),
        (r"O\'Brien", "O'Brien"),
        (r"Ng\^o B\h{a}o", "Ngô Bảo"),
    ],
)
def test_a_name_has_letters_and_accents_and_no_formulas(written: str, name: str) -> None:
    assert listing_with(authors=[written]).authors == (name,)


@pytest.mark.parametrize(
    "written",
    [
        REPOSITORY,
        f" {REPOSITORY}\n",
        "https://github.com/example/\nbees",
        f"{REPOSITORY}\nhttps://example.org/data",
        f'<a href="{REPOSITORY}">Code</a>',
        f"<a target=_blank class='x' href='{REPOSITORY}'>Code</a>",
        f"[GitHub]({REPOSITORY})",
        f"<{REPOSITORY}>",
        f"Code: {REPOSITORY}.",
        {"url": REPOSITORY},
        [REPOSITORY],
    ],
)
def test_a_link_is_kept_however_it_is_written(written: object) -> None:
    listing = listing_with(github=written, project_page=written, url=written)
    assert (listing.code, listing.project, listing.url) == (REPOSITORY,) * 3


@pytest.mark.parametrize("written", ["<a href='javascript:alert(1)'>x</a>", "no link", "[x](javascript:alert(1))", 7])
def test_a_value_without_a_web_address_is_no_link(written: object) -> None:
    listing = listing_with(project_page=written, url=written)
    assert (listing.project, listing.url) == (None, None)


def test_the_url_of_a_link_is_kept_in_the_abstract_if_the_text_of_the_link_says_nothing_without_it() -> None:
    abstract = (
        f'<p>Our code is <a href="{REPOSITORY}">here</a>, at <a href="https://example.org/">our project page</a>,'
        ' after <a href="https://example.org/2">Bees and Flowers</a>.</p>'
    )
    assert listing_with(abstract=abstract).abstract == (
        f"Our code is here ({REPOSITORY}), at our project page (https://example.org/), after Bees and Flowers."
    )
