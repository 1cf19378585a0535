"""The mail of a digest, parsed as a mail program parses it."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import html as parser
from support.digest_samples import DIGEST, ITEM, PAPER, bodies, mail_of, paper, read

from notifier.errors import ComposeError
from notifier.models import Digest, Item, Mail, Paper, Section, Spans


def digest_of(*papers: Paper, upvotes: int | None = None) -> Digest:
    items = tuple(Item(each.id, upvotes) for each in papers)
    return replace(DIGEST, sections=(Section("all", items),))


def unwrapped(mail: Mail) -> tuple[str, ...]:
    """Return both bodies of a mail, each as one line."""
    return tuple(" ".join(body.split()) for body in bodies(mail))


def page(digest: Digest = DIGEST, *papers: Paper) -> parser.HtmlElement:
    return parser.document_fromstring(bodies(mail_of(digest, *papers))[1])


def texts(elements: list[parser.HtmlElement]) -> list[str]:
    return [" ".join(element.text_content().split()) for element in elements]


def test_the_mail_has_a_plain_and_an_html_part_that_say_the_same() -> None:
    message = read(mail_of())
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    for part in message.iter_parts():
        assert part["Content-Transfer-Encoding"] == "quoted-printable"
        assert part.get_content_charset() == "utf-8"
    for body in bodies(mail_of()):
        for words in ("Here is the selection of papers for today (6 Jul):", "(140", "Ada Lovelace, Alan Turing"):
            assert words in body


def test_the_plain_part_has_underlined_headings_indented_papers_and_a_footer() -> None:
    plain, _ = bodies(mail_of())
    assert plain == (
        "Daily Papers\n============\n\nHere is the selection of papers for today (6 Jul):\n\n\n"
        "quantization\n------------\n\n"
        "Low-Bit *Quantization* for Everyone (140 ▲)\n    Ada Lovelace, Alan Turing\n\n"
        "    We show that *quantization* to four bits is enough.\n\n"
        "    Why: “Quantization” in the title\n"
        "    arXiv: https://arxiv.org/abs/2607.00001\n    PDF: https://arxiv.org/pdf/2607.00001\n"
        "    Hugging Face: https://huggingface.co/papers/2607.00001\n\n"
        "-- \n"
        "You get this mail because reader@example.net subscribed to:\nquantization\n"
        'To leave, reply with the word "unsubscribe", or write to\n'
        "mailto:leave@example.org?subject=unsubscribe%20reader%40example.net\n"
    )


def test_the_html_part_has_a_main_heading_and_a_heading_for_each_subscription_and_each_paper() -> None:
    second = paper(2, title="Video Models")
    digest = replace(DIGEST, sections=(*DIGEST.sections, Section("video", (Item(2),))))
    found = page(digest, second)
    assert texts(found.xpath("//h1")) == ["Daily Papers"]
    assert texts(found.xpath("//h2")) == ["quantization", "video"]
    assert texts(found.xpath("//h3")) == ["Low-Bit Quantization for Everyone (140 ▲)", "Video Models"]
    assert found.xpath("//h3/a/@href") == ["https://arxiv.org/abs/2607.00001", "https://arxiv.org/abs/2607.00002"]
    assert texts(found.xpath("//mark")) == ["Quantization", "quantization"]
    assert found.get("lang") == "en"


def test_the_reasons_name_the_words_and_the_other_subscriptions() -> None:
    item = ITEM._replace(marks=Spans(title=((0, 7),), abstract=((3, 7), (13, 25))), also=("low-bit", "efficiency"))
    for body in unwrapped(mail_of(replace(DIGEST, sections=(Section("all", (item,)),)))):
        assert "Why: “Low-Bit” in the title, “show”, “quantization” in the abstract" in body
        assert "Also in: low-bit, efficiency" in body
        assert "subscribed to: all, low-bit, efficiency" in body


def test_inflections_of_a_word_are_named_once_and_a_long_list_of_words_is_cut() -> None:
    many = paper(2, title="Models of Two", abstract="model, a, b, c, d, e")
    marks = Spans(title=((0, 6),), abstract=((0, 5), (7, 8), (10, 11), (13, 14), (16, 17), (19, 20)))
    plain, _ = unwrapped(mail_of(replace(DIGEST, sections=(Section("x", (Item(2, marks=marks),)),)), many))
    assert "Why: “Models” in the title, “a”, “b”, “c”, “d” and more in the abstract" in plain


@pytest.mark.parametrize("upvotes", [None, 0])
def test_upvotes_that_are_unknown_or_zero_are_never_printed(upvotes: int | None) -> None:
    for body in bodies(mail_of(digest_of(PAPER, upvotes=upvotes))):
        assert "▲" not in body and "(0" not in body


@pytest.mark.parametrize(
    ("authors", "line"),
    [
        (("A B",), "A B"),
        (("A B", "C D", "E F"), "A B, C D, E F"),
        (("A B", "C D", "E F", "G H"), "A B, C D, E F et al."),
    ],
)
def test_at_most_three_authors_are_named(authors: tuple[str, ...], line: str) -> None:
    known = paper(2, authors=authors)
    assert f"\n    {line}\n" in bodies(mail_of(digest_of(known), known))[0]
    assert texts(page(digest_of(known), known).find_class("by")) == [line]


@pytest.mark.parametrize(
    ("fields", "links"),
    [
        (
            {"arxiv_id": "hep-th/9901001"},
            ["https://arxiv.org/abs/hep-th/9901001", "https://arxiv.org/pdf/hep-th/9901001"],
        ),
        ({"arxiv_id": None, "url": "https://example.org/p"}, ["https://example.org/p"]),
        ({"arxiv_id": None, "url": None}, []),
        ({"arxiv_id": None, "url": "javascript:alert(1)"}, []),
        ({"arxiv_id": "../../x", "url": "ftp://example.org/p"}, []),
    ],
)
def test_a_link_is_printed_only_where_it_is_known(fields: dict[str, str | None], links: list[str]) -> None:
    known = paper(2, **fields)
    plain, html = bodies(mail_of(digest_of(known), known))
    assert re.findall(r"^    \w+: (\S+)$", plain, re.MULTILINE) == links
    hrefs = parser.document_fromstring(html).xpath("//a/@href")
    assert hrefs[:-1] == links[:1] + links
    assert hrefs[-1].startswith("mailto:")


def test_a_paper_without_an_abstract_or_authors_leaves_no_empty_element() -> None:
    bare = paper(2, abstract="", authors=(), arxiv_id=None)
    found = page(digest_of(bare), bare)
    assert [
        element.tag
        for element in found.xpath("//body//*")
        if element.tag != "br" and not element.text_content().strip()
    ] == []


def test_a_long_abstract_shows_its_marked_sentence_beside_the_contribution() -> None:
    long = paper(
        2, abstract="In the beginning. " * 30 + "We propose it. " + "On it goes. " * 30 + "Then quantization comes."
    )
    start = long.abstract.index("quantization")
    digest = replace(DIGEST, sections=(Section("x", (Item(2, marks=Spans(abstract=((start, start + 12),))),)),))
    found = page(digest, long)
    (abstract,) = texts(found.find_class("abstract"))
    assert abstract.startswith("… We propose it. On it goes.") and abstract.endswith(" … Then quantization comes.")
    assert texts(found.find_class("abstract")[0].xpath("mark")) == ["quantization"]
    assert "*quantization*" in bodies(mail_of(digest, long))[0]


def test_papers_beyond_the_limit_are_listed_by_title_and_the_last_ones_only_counted() -> None:
    others = [paper(number, title=f"Paper number {number}") for number in range(2, 300)]
    digest = replace(DIGEST, rest=tuple(Item(each.id, upvotes=each.id) for each in others))
    plain, html = bodies(mail_of(digest, *others))
    assert "And 298 more\n" in plain and "- Paper number 2 (2 ▲)\n  https://arxiv.org/abs/2607.00002\n" in plain
    found = parser.document_fromstring(html)
    assert texts(found.xpath("//h2"))[-1] == "And 298 more"
    assert texts(found.xpath("//li"))[0] == "Paper number 2 (2 ▲)"
    assert texts(found.xpath("//li"))[-1] == "and 98 that are not listed here"


def test_the_inbox_preview_shows_the_first_titles_and_is_hidden_in_the_mail() -> None:
    others = [paper(number, title=f"Title {number}") for number in range(2, 6)]
    found = page(digest_of(*others), *others)
    (preheader,) = found.find_class("preheader")
    assert preheader.text_content() == "Title 2 · Title 3 · Title 4"
    assert "display:none" in preheader.attrib["style"]
    assert found.xpath("//body/*")[0] is preheader


def test_the_html_loads_nothing_and_contains_its_styles() -> None:
    _, html = bodies(mail_of())
    found = parser.document_fromstring(html)
    assert not found.xpath("//img | //script | //link | //iframe | //form | //object | //svg | //@src | //@background")
    assert "url(" not in html and "@import" not in html
    assert "prefers-color-scheme: dark" in found.xpath("string(//style)")
    assert all(element.get("style") for element in found.xpath("//h1 | //h2 | //h3 | //p | //mark | //a"))
    assert '<meta charset="utf-8">' in html[:1024]


def test_the_same_row_and_papers_give_the_same_bytes_and_the_boundary_depends_on_the_message_id() -> None:
    assert mail_of() == mail_of()
    other = mail_of(replace(DIGEST, message_id="<digest.43@example.org>"))
    assert read(mail_of()).get_boundary() != read(other).get_boundary()
    later = mail_of(replace(DIGEST, planned_at=datetime(2026, 7, 6, 9, tzinfo=UTC)))
    assert mail_of().content.split(b"\r\n\r\n", 1)[1] == later.content.split(b"\r\n\r\n", 1)[1]


def test_every_line_ends_in_crlf_and_is_short_in_the_bodies() -> None:
    long = paper(2, title="Ü" * 3000, abstract="x" * 5000)
    content = mail_of(digest_of(long, PAPER), long).content
    assert content.endswith(b"\r\n")
    assert b"\r" not in content.replace(b"\r\n", b"") and b"\n" not in content.replace(b"\r\n", b"")
    body = content.split(b"\r\n\r\n", 1)[1]
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert content.isascii()


def test_a_digest_of_thirty_long_papers_is_too_small_for_gmail_to_clip() -> None:
    words = "a fairly long word in an abstract of some length, quantization, "
    papers = [paper(number, title=f"{number} {words * 2}", abstract=words * 30) for number in range(2, 32)]
    spans = tuple((match.start(), match.end()) for match in re.finditer("quantization", words * 30))
    items = tuple(Item(each.id, 100, Spans(abstract=spans), ("another subscription",)) for each in papers)
    others = [paper(number, title=words) for number in range(32, 300)]
    digest = replace(DIGEST, sections=(Section("quantization", items),), rest=tuple(Item(each.id) for each in others))
    assert len(bodies(mail_of(digest, *papers, *others))[1].encode()) < 102_000


def test_a_mail_cannot_be_composed_if_a_paper_of_its_digest_is_gone() -> None:
    with pytest.raises(ComposeError, match="paper 7"):
        mail_of(digest_of(paper(7)))
