"""The JSON of scholarly APIs, reference managers and JSON Feed keeps its abstracts, authors, dates and identifiers."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.feed_samples import ONLINE, PUBLISHER, entry, feed
from support.thoroughness import examples

from notifier.feeds import FORMATS, Publisher
from notifier.models import Listing, ParsedDump
from notifier.sources import parse_dump

TITLE = "Forgetful Graphs: Unlearning Edges"
ABSTRACT = "We study graphs and we study trees."
DOI, ARXIV_ID = "10.1000/xyz", "2401.00001"
PUBLISHED = date(2024, 1, 5)
PARTS = {"date-parts": [[2024, 1, 5]]}

OPENALEX = {
    "id": "https://openalex.org/W1",
    "doi": f"https://doi.org/{DOI}",
    "display_name": TITLE,
    "publication_date": "2024-01-05",
    "updated_date": "2025-06-01T00:00:00",
    "ids": {"openalex": "https://openalex.org/W1"},
    "authorships": [{"author": {"display_name": "Ann Lee"}}, {"author": {}, "raw_author_name": "Bo Chen"}],
    "primary_location": {"landing_page_url": f"https://doi.org/{DOI}", "pdf_url": None},
    "locations": [{"landing_page_url": f"http://arxiv.org/abs/{ARXIV_ID}", "pdf_url": None}],
    "abstract_inverted_index": {"We": [0], "study": [1, 5], "graphs": [2], "and": [3], "we": [4], "trees.": [6]},
}
SEMANTIC_SCHOLAR = {
    "paperId": "0123456789" * 4,
    "externalIds": {"ArXiv": ARXIV_ID, "DOI": DOI, "CorpusId": 1},
    "url": "https://www.semanticscholar.org/paper/1",
    "title": TITLE,
    "abstract": ABSTRACT,
    "publicationDate": "2024-01-05",
    "authors": [{"authorId": "1", "name": "Ann Lee"}, {"authorId": None, "name": "Bo Chen"}],
}
CROSSREF = {
    "DOI": DOI,
    "URL": f"https://doi.org/{DOI}",
    "title": [TITLE],
    "abstract": f"<jats:title>Abstract</jats:title><jats:p>{ABSTRACT}</jats:p>",
    "author": [{"given": "Ann", "family": "Lee", "sequence": "first"}, {"given": "Bo", "family": "Chen"}],
    "published": PARTS,
    "created": {"date-parts": [[2023, 12, 1]], "date-time": "2023-12-01T00:00:00Z"},
    "relation": {},
}
CSL = {
    "id": "lee2024",
    "type": "article",
    "title": TITLE,
    "author": [{"family": "Lee", "given": "Ann"}, {"literal": "Bo Chen"}],
    "issued": {"date-parts": [["2024", 1, 5]]},
    "DOI": DOI,
    "abstract": ABSTRACT,
    "number": f"arXiv:{ARXIV_ID}",
}
ZOTERO: dict[str, Any] = {
    "key": "K",
    "version": 12,
    "data": {
        "itemType": "preprint",
        "version": 12,
        "title": TITLE,
        "creators": [
            {"creatorType": "author", "firstName": "Ann", "lastName": "Lee"},
            {"creatorType": "author", "name": "Bo Chen"},
            {"creatorType": "editor", "firstName": "Cy", "lastName": "Young"},
        ],
        "abstractNote": ABSTRACT,
        "date": "2024-01-05",
        "DOI": DOI,
        "extra": f"arXiv:{ARXIV_ID} [cs]",
        "tags": [{"tag": "graphs"}],
        "dateModified": "2025-06-01T00:00:00Z",
    },
}
OPENREVIEW: dict[str, Any] = {
    "id": "abc",
    "forum": "abc",
    "invitations": ["Venue/-/Submission"],
    "pdate": 1_704_412_800_000,
    "version": 2,
    "content": {
        "title": {"value": TITLE},
        "abstract": {"value": ABSTRACT},
        "authors": {"value": ["Ann Lee", "Bo Chen"]},
        "pdf": {"value": "/pdf/a.pdf"},
    },
}
DATACITE = {
    "id": DOI,
    "attributes": {
        "doi": DOI,
        "titles": [{"title": TITLE}],
        "creators": [{"name": "Lee, Ann", "nameType": "Personal"}, {"givenName": "Bo", "familyName": "Chen"}],
        "descriptions": [{"description": ABSTRACT, "descriptionType": "Abstract"}],
        "published": "2024-01-05",
    },
}
INSPIRE = {
    "metadata": {
        "titles": [{"title": TITLE}],
        "abstracts": [{"value": ABSTRACT}],
        "authors": [{"full_name": "Lee, Ann"}, {"full_name": "Chen, Bo"}],
        "arxiv_eprints": [{"value": ARXIV_ID}],
        "dois": [{"value": DOI}],
        "preprint_date": "2024-01-05",
    }
}
DOCUMENTS: dict[str, tuple[Any, bool]] = {  # and whether the document gives the arXiv id
    "OpenAlex": ({"meta": {"count": 1}, "results": [OPENALEX], "group_by": []}, True),
    "a single work of OpenAlex": (OPENALEX, True),
    "Semantic Scholar": ({"total": 1, "data": [SEMANTIC_SCHOLAR]}, True),
    "recommendations of Semantic Scholar": ({"recommendedPapers": [SEMANTIC_SCHOLAR]}, True),
    "citations of Semantic Scholar": ({"data": [{"contexts": [], "citingPaper": SEMANTIC_SCHOLAR}]}, True),
    "a single paper of Semantic Scholar": (SEMANTIC_SCHOLAR, True),
    "Crossref": ({"status": "ok", "message": {"total-results": 1, "items": [CROSSREF]}}, False),
    "a single work of Crossref": ({"status": "ok", "message": CROSSREF}, False),
    "CSL-JSON": ([CSL], True),
    "Zotero": ([ZOTERO], True),
    "an export of Zotero": ({"config": {}, "items": [ZOTERO["data"]]}, True),
    "DataCite": ({"data": [DATACITE], "meta": {"total": 1}}, False),
    "INSPIRE": ({"hits": {"hits": [INSPIRE], "total": 1}}, True),
}


def dump(document: Any) -> ParsedDump:
    return parse_dump(json.dumps(document).encode())


def only(document: Any) -> Listing:
    (listing,) = dump(document).listings
    return listing


@pytest.mark.parametrize(("document", "has_arxiv_id"), DOCUMENTS.values(), ids=list(DOCUMENTS))
def test_the_json_of_scholarly_apis_keeps_what_it_says(document: Any, has_arxiv_id: bool) -> None:
    found = dump(document)
    (listing,) = found.listings
    assert (found.format, found.skipped) == ("JSON lines", ())
    assert (listing.title, listing.abstract, listing.authors) == (TITLE, ABSTRACT, ("Ann Lee", "Bo Chen"))
    assert listing.doi == DOI
    assert listing.arxiv_id == (ARXIV_ID if has_arxiv_id else None)
    assert (listing.published, listing.updated, listing.listed_on, listing.version) == (PUBLISHED, None, None, None)


def test_a_submission_of_openreview_is_linked_and_its_reviews_are_skipped() -> None:
    review = {"id": "r", "forum": "abc", "content": {"review": {"value": "Good."}}}
    found = dump({"notes": [OPENREVIEW, review], "count": 2})
    (listing,) = found.listings
    assert (listing.title, listing.abstract, listing.authors) == (TITLE, ABSTRACT, ("Ann Lee", "Bo Chen"))
    assert (listing.url, listing.pdf) == ("https://openreview.net/forum?id=abc", "https://openreview.net/pdf/a.pdf")
    assert (listing.published, listing.version) == (PUBLISHED, None)
    assert [skipped.reason for skipped in found.skipped] == ["it has no title"]
    first_version = {**OPENREVIEW, "content": {name: value["value"] for name, value in OPENREVIEW["content"].items()}}
    assert only({"notes": [first_version]}) == listing


def test_an_attachment_in_zotero_is_not_a_paper() -> None:
    found = dump([ZOTERO, {"key": "A", "data": {"itemType": "attachment", "title": "Full Text PDF"}}])
    assert [listing.title for listing in found.listings] == [TITLE]
    assert [skipped.reason for skipped in found.skipped] == ["it is an attachment or a note, not a paper"]


def test_a_date_without_its_day_is_unknown() -> None:
    assert only([{**CSL, "issued": {"date-parts": [[2024, 1]]}}]).published is None
    assert only([{**CSL, "issued": {"date-parts": [[]]}}]).published is None


def test_names_with_the_last_name_first_are_separated_by_semicolons() -> None:
    listing = only({"collection": [{"title": TITLE, "authors": "Lee, A.; Chen, B.", "date": "2024-01-05"}]})
    assert listing.authors == ("A. Lee", "B. Chen")


NAMES = sorted(
    {*OPENALEX, *SEMANTIC_SCHOLAR, *CROSSREF, *CSL, *ZOTERO["data"], *OPENREVIEW, "value", "content", "link"}
)
VALUES = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([TITLE, ARXIV_ID, "2024-01-05"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, max_examples=examples(200))
@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=12))
def test_a_record_with_values_of_any_kind_becomes_a_listing_or_is_skipped(record: dict[str, Any]) -> None:
    found = dump([{"title": TITLE}, record])
    assert len(found.listings) + len(found.skipped) == 2


def test_values_that_are_nested_deeply_do_no_harm() -> None:
    for name in ("author", "title", "abstract", "keywords", "link"):
        nested: Any = "Ann Lee"
        for _ in range(400):
            nested = {"author": [nested]} if name == "author" else [nested]
        found = dump([{"title": TITLE}, {"title": TITLE, "DOI": DOI, name: nested}])
        assert len(found.listings) + len(found.skipped) == 2


JSON_FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "New papers",
    "home_page_url": "https://example.org/blog/",
    "items": [
        {"id": "1", "url": "/p/1", "title": "One", "content_text": "Plain a < b.", "date_modified": "2024-01-06"},
        {"id": "https://example.org/2", "title": "Two", "content_html": "<p>Of <i>html</i>.</p>", "summary": "Of"},
        {"id": "3", "external_url": "p 3", "title": "Three", "content_html": "", "author": {"name": "Ann Lee"}},
    ],
}


def test_a_json_feed_of_anyone_is_read() -> None:
    one, two, three = dump(JSON_FEED).listings
    assert (one.url, one.abstract, one.updated) == ("https://example.org/p/1", "Plain a < b.", date(2024, 1, 6))
    assert (two.url, two.abstract) == ("https://example.org/2", "Of html.")
    assert (three.url, three.abstract, three.authors) == ("https://example.org/blog/p%203", "", ("Ann Lee",))


@pytest.mark.parametrize("ending", ["json", "atom", "rss"])
@pytest.mark.parametrize("publisher", [PUBLISHER, ONLINE], ids=["offline", "online"])
def test_a_feed_that_publish_writes_is_read_back(ending: str, publisher: Publisher) -> None:
    long = "We show that a < b, and that quantization to four bits is enough. " * 20
    written = entry(1, abstract=long.strip(), doi="10.1000/182")
    (listing,) = parse_dump(FORMATS[ending](feed(written), publisher)).listings
    paper = written.paper
    assert (listing.title, listing.abstract, listing.authors) == (paper.title, paper.abstract, paper.authors)
    assert (listing.arxiv_id, listing.url) == (paper.arxiv_id, f"https://arxiv.org/abs/{paper.arxiv_id}")
    assert listing.published == paper.first_seen.date()
