"""The links of an entry: which addresses of a paper it has, in which order, and what is left out."""

from datetime import UTC, datetime

import pytest
from support.feed_samples import LINKED, entry

from notifier.feeds.entries import PAGE, PDF, entry_fields


def titles(**fields: object) -> list[str]:
    return [link.title for link in entry_fields(entry(1, **fields)).links]


def test_a_paper_of_arxiv_has_its_pages_there_first() -> None:
    assert titles(**LINKED) == ["arXiv", "PDF", "Hugging Face", "DOI", "Project page", "Code", "Discussion"]


def test_another_paper_has_its_own_page_first() -> None:
    assert titles(**LINKED, arxiv_id=None, url="https://example.org/1") == [
        "Read",
        "PDF",
        "DOI",
        "Project page",
        "Code",
        "Discussion",
    ]


def test_only_the_first_link_is_alternate() -> None:
    relations = [link.relation for link in entry_fields(entry(1, **LINKED)).links]
    assert relations == ["alternate", *["related"] * 6]


@pytest.mark.parametrize("left", ["pdf", "doi", "project", "code", "page"])
def test_without_a_page_of_the_paper_the_first_known_address_is_the_link_of_the_entry(left: str) -> None:
    known = {name: value for name, value in LINKED.items() if name == left}
    (link,) = entry_fields(entry(1, arxiv_id=None, url=None, **known)).links
    assert link.relation == "alternate"


def test_a_link_says_whether_it_leads_to_a_pdf() -> None:
    types = {link.title: link.media_type for link in entry_fields(entry(1, **LINKED)).links}
    assert {title for title, media_type in types.items() if media_type == PDF} == {"PDF"}
    assert set(types.values()) == {PDF, PAGE}
    (read,) = entry_fields(entry(arxiv_id=None, url="https://example.org/1.PDF?a=b")).links
    assert read.media_type == PDF


def test_an_address_and_a_title_occur_once() -> None:
    discussed = entry(page="https://huggingface.co/papers/2607.00001", pdf="http://arxiv.org/pdf/2607.00001v2")
    assert [link.title for link in entry_fields(discussed).links] == ["arXiv", "PDF", "Hugging Face"]


@pytest.mark.parametrize(
    "url", ["mailto:ann@example.org", "file:///etc/passwd", "javascript:alert(1)", "ftp://a/b", ""]
)
def test_an_address_that_no_browser_opens_as_a_page_is_left_out(url: str) -> None:
    fields = entry_fields(entry(arxiv_id=None, url=url, pdf=url, project=url, code=url, page=url))
    assert fields.links == () and fields.url == ""


def test_characters_that_an_address_may_not_have_are_encoded() -> None:
    fields = entry_fields(entry(arxiv_id=None, url=None, doi='10.1000/a<b>"#?%2\ud800', code="https://a/<b>\u202e"))
    assert [link.url for link in fields.links] == [
        "https://doi.org/10.1000/a%3Cb%3E%22%23%3F%252%3F",
        "https://a/%3Cb%3E%E2%80%AE",
    ]


def test_the_html_has_the_abstract_and_then_the_links() -> None:
    fields = entry_fields(entry(arxiv_id=None, url="https://example.org/?a=1&b='2'", abstract='x < y & "z"'))
    assert fields.html == (
        '<p dir="auto">x &lt; y &amp; "z"</p>\n<p><a href="https://example.org/?a=1&amp;b=&#x27;2&#x27;">Read</a></p>'
    )


def test_the_tags_are_the_categories_and_the_titles_of_the_topics() -> None:
    tagged = entry(categories=("cs.LG", "quantization"), topics=frozenset({"quantization", "unknown"}))
    assert [(tag.term, tag.label) for tag in entry_fields(tagged).tags] == [
        ("cs.LG", "cs.LG"),
        ("quantization", "Quantization"),
        ("unknown", "unknown"),
    ]


def test_the_time_of_an_entry_is_when_the_paper_was_first_seen() -> None:
    assert entry_fields(entry()).published == datetime(2026, 7, 6, 4, 30, 15, tzinfo=UTC)
