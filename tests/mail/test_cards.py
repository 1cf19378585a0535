"""Papers in a mail: as cards with an excerpt, and as lines with nothing but the title."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.digest_samples import DIGEST, ITEM, PAPER, SETTINGS, bodies, digest_of, mail_of, page, paper, texts

from notifier.digests.cards import MAX_TOPICS, reasons
from notifier.mail import MailSettings
from notifier.models import DAILY_PAPERS, PAGE_TEXT, Digest, Item, MarkedWords, Paper, Section, Span, Spans
from notifier.text.harmless import columns
from notifier.text.paper_links import MAX_SEARCH_COLUMNS

TOPICS = replace(
    SETTINGS, topics={"low-bit": "Low Precision", "moe": "Mixture of Experts", "rl": "RL", "vision": "R&D"}
)
IN_LINES = replace(SETTINGS, cards=0)
MARK = re.compile(r"\*[^*]+\*")


def meta(digest: Digest, *papers: Paper) -> list[str]:
    """Return the grey lines of the cards."""
    return texts(page(digest, *papers).xpath("//p[@class='meta']"))


def marked(paper_id: int, marks: Spans, also: tuple[str, ...] = ()) -> Digest:
    """Return a digest of one paper with these marks."""
    return replace(DIGEST, sections=(Section("all", (Item(paper_id, marks=marks, also=also),)),))


def test_a_card_says_in_one_line_how_it_is_liked_who_wrote_it_and_where_else_it_is() -> None:
    known = paper(2, code="https://example.org/code", stars=46, project="https://example.org/project")
    item = Item(2, 154, also=("efficiency", "low-bit"))
    digest = replace(DIGEST, sections=(Section("all", (item,)),))
    assert meta(digest, known) == [
        "▲ 154 · Ada Lovelace +1 · PDF · code ★46 · project · HF · also in “efficiency”, “low-bit”"
    ]
    plain, _ = bodies(mail_of(digest, known))
    assert "\n▲154 · Ada Lovelace +1\nalso in “efficiency”, “low-bit”\nhttps://arxiv.org/abs/2607.00002\n" in plain
    assert "\n  code ★46: https://example.org/code\n  project: https://example.org/project\n" in plain
    assert "/pdf/" not in plain and "huggingface" not in plain, "the plain text has one link to the paper itself"


@pytest.mark.parametrize(
    ("votes", "upvotes", "fields", "shown"),
    [
        (12, 154, {"source": DAILY_PAPERS}, "12 here · 154 HF"),
        (12, 154, {"source": PAGE_TEXT}, "12 here · 154 HF"),
        (1, 7, {"source": "arXiv RSS", "page": "https://huggingface.co/papers/2607.00002"}, "1 here · 7 HF"),
        (1, 7, {"source": "arXiv RSS", "page": "https://nothuggingface.co/papers/2607.00002"}, "1 here · 7 elsewhere"),
        (1, 7, {"source": "JSON lines", "page": "not a [URL"}, "1 here · 7 elsewhere"),
        (3, None, {}, "3 here"),
        (3, 0, {}, "3 here"),
        (0, 154, {"source": DAILY_PAPERS}, "154"),
    ],
)
def test_votes_are_told_apart_from_upvotes_in_cards_and_lines(
    votes: int, upvotes: int | None, fields: dict[str, str], shown: str
) -> None:
    known = paper(2, **fields)
    digest = replace(DIGEST, sections=(Section("all", (Item(2, upvotes, votes=votes),)),))
    (line,) = meta(digest, known)
    assert line.startswith(f"▲ {shown} · Ada Lovelace")
    assert f"\n▲{shown} · Ada Lovelace" in bodies(mail_of(digest, known))[0]
    in_lines = replace(SETTINGS, cards=0)
    assert texts(page(digest, known, settings=in_lines).xpath("//span[@class='votes']")) == [f"▲ {shown}"]
    assert f" (▲{shown})\n" in bodies(mail_of(digest, known, settings=in_lines))[0]


@pytest.mark.parametrize("upvotes", [None, 0])
@pytest.mark.parametrize("settings", [SETTINGS, IN_LINES], ids=["cards", "lines"])
def test_upvotes_that_are_unknown_or_zero_are_never_printed(upvotes: int | None, settings: MailSettings) -> None:
    for body in bodies(mail_of(digest_of(PAPER, upvotes=upvotes), settings=settings)):
        assert "▲" not in body and "(0" not in body


@pytest.mark.parametrize(
    ("authors", "line"), [(("A B",), "A B"), (("A B", "C D"), "A B +1"), (("A B", "C D", "E F", "G H"), "A B +3")]
)
def test_the_first_author_is_named_and_the_others_are_counted(authors: tuple[str, ...], line: str) -> None:
    known = paper(2, authors=authors, arxiv_id=None)
    assert meta(digest_of(known), known) == [line]
    assert f"\n{line}\n" in bodies(mail_of(digest_of(known), known))[0]


@pytest.mark.parametrize(
    ("fields", "address", "others"),
    [
        (
            {"arxiv_id": "hep-th/9901001"},
            "https://arxiv.org/abs/hep-th/9901001",
            {"PDF": "https://arxiv.org/pdf/hep-th/9901001"},
        ),
        (
            {},
            "https://arxiv.org/abs/2607.00002",
            {"PDF": "https://arxiv.org/pdf/2607.00002", "HF": "https://huggingface.co/papers/2607.00002"},
        ),
        ({"arxiv_id": None, "url": "https://example.org/p"}, "https://example.org/p", {}),
        (
            {"arxiv_id": None, "page": "https://example.org/p", "pdf": "https://example.org/p.pdf"},
            "https://example.org/p",
            {"PDF": "https://example.org/p.pdf"},
        ),
        ({"arxiv_id": None, "pdf": "https://example.org/p.pdf"}, "https://example.org/p.pdf", {}),
        (
            {"arxiv_id": None, "url": "https://example.org/p", "code": "https://example.org/c", "stars": 0},
            "https://example.org/p",
            {"code": "https://example.org/c"},
        ),
        (
            {"arxiv_id": "math/9901001", "code": "https://e.org/a/B.git", "project": "http://www.E.org/A/b/"},
            "https://arxiv.org/abs/math/9901001",
            {"PDF": "https://arxiv.org/pdf/math/9901001", "code": "https://e.org/a/B.git"},
        ),
        (
            {"arxiv_id": None, "url": "https://example.org/p", "pdf": "https://example.org/p/", "code": ""},
            "https://example.org/p",
            {},
        ),
        (
            {
                "arxiv_id": None,
                "url": "https://e.org/p",
                "code": "https://e.org/c?v=1",
                "project": "https://e.org/c?v=2",
            },
            "https://e.org/p",
            {"code": "https://e.org/c?v=1", "project": "https://e.org/c?v=2"},
        ),
        (
            {"arxiv_id": "../../x", "url": "https://example.org/p", "project": "javascript:alert(1)"},
            "https://example.org/p",
            {},
        ),
    ],
)
def test_a_card_links_to_the_paper_and_to_what_else_is_known(
    fields: dict[str, str | int | None], address: str, others: dict[str, str]
) -> None:
    known = paper(2, **fields)
    found = page(digest_of(known), known)
    assert found.xpath("//h3/a/@href") == [address]
    assert {each.text_content(): each.get("href") for each in found.xpath("//p[@class='meta']/a")} == others
    assert f"\n{address}\n" in bodies(mail_of(digest_of(known), known))[0]


@pytest.mark.parametrize("settings", [SETTINGS, IN_LINES], ids=["cards", "lines"])
@pytest.mark.parametrize("url", [None, "javascript:alert(1)", "ftp://example.org/p"])
@pytest.mark.parametrize(
    "title", ["Attention & Other Things", "混合专家", "\ud800 100% #1?", "A Title of Many Words " * 20]
)
def test_a_paper_without_an_address_links_to_a_search_for_its_title(
    settings: MailSettings, url: str | None, title: str
) -> None:
    known = paper(2, title=title, arxiv_id=None, url=url)
    (link,) = page(digest_of(known), known, settings=settings).xpath("//a[@class='title' or @class='line']/@href")
    assert urlsplit(link).netloc == "arxiv.org" and link.isascii()
    (searched,) = parse_qs(urlsplit(link).query)["query"]
    assert title.replace("\ud800", "\ufffd").startswith(searched) and columns(searched) <= MAX_SEARCH_COLUMNS
    plain, _ = bodies(mail_of(digest_of(known), known, settings=settings))
    assert "arxiv.org" not in plain, "plain text names no search"


def test_the_config_names_another_search() -> None:
    known = paper(2, title="A Title", arxiv_id=None)
    settings = replace(SETTINGS, title_search="https://example.org/find?in=titles&q=")
    assert page(digest_of(known), known, settings=settings).xpath("//h3/a/@href") == [
        "https://example.org/find?in=titles&q=A+Title"
    ]


def test_a_card_names_the_titles_of_its_first_topics() -> None:
    known = paper(2, topics=frozenset({"moe", "low-bit", "unknown", "rl", "vision"}))
    assert texts(page(digest_of(known), known, settings=TOPICS).find_class("chip")) == [
        "Low Precision",
        "Mixture of Experts",
        "RL",
    ]
    assert MAX_TOPICS == 3
    plain, _ = bodies(mail_of(digest_of(known), known, settings=TOPICS))
    assert "\nAda Lovelace +1\nTopics: Low Precision, Mixture of Experts, RL\n" in plain


def test_a_paper_without_topics_has_no_chips() -> None:
    assert page(settings=TOPICS).find_class("chips") == []


def test_a_card_has_the_direction_of_its_title_and_its_excerpt_one_of_its_own() -> None:
    known = paper(2, title="كيف نضغط نماذج اللغة")
    found = page(digest_of(known), known)
    assert [each.get("dir") for each in found.xpath("//div[@class='card'] | //p[@class='abstract']")] == ["auto"] * 2


def test_a_paper_without_an_abstract_authors_or_an_address_leaves_no_empty_element() -> None:
    bare = paper(2, abstract="", authors=(), arxiv_id=None)
    found = page(digest_of(bare), bare)
    assert [
        element.tag
        for element in found.xpath("//body//*")
        if "name" not in element.attrib and not element.text_content().strip()
    ] == []
    assert "\nLow-Bit Quantization for Everyone\n\n-- \n" in bodies(mail_of(digest_of(bare), bare))[0]


@given(st.integers(0, 5), st.integers(0, 3000))
def test_why_is_said_if_and_only_if_no_visible_word_is_marked(start: int, beyond: int) -> None:
    """A mark may be anywhere in the abstract, so the card may show it or not."""
    abstract = "word " * start + "Some words of a long beginning. " * (beyond // 30) + "Then quantization comes."
    at = abstract.index("quantization")
    found = page(marked(2, Spans(abstract=((at, at + 12),))), paper(2, abstract=abstract))
    reasons = [each for each in texts(found.xpath("//p[@class='meta']")) if each.startswith("Why: ")]
    assert bool(found.find_class("mark")) != bool(reasons)
    assert reasons in ([], ["Why: “quantization” in the abstract"])


def test_no_reason_is_said_where_the_title_is_marked() -> None:
    abstract = "Words. " * 600 + "Quantization."
    marks = Spans(title=((8, 20),), abstract=((len(abstract) - 13, len(abstract) - 1),))
    for body in bodies(mail_of(marked(2, marks), paper(2, abstract=abstract))):
        assert "Why:" not in body


@pytest.mark.parametrize(
    ("title", "abstract", "phrase"),
    [
        ("*Models* of Two", "", "“Models” in the title"),
        ("Two", "one *model* of *a*", "“model”, “a” in the abstract"),
        ("*Models* of Two", "*model*, *a*", "“Models” in the title, “a” in the abstract"),
        ("Two", "*a*, *b*, *c*, *d*, *e*", "“a”, “b”, “c”, “d” and more in the abstract"),
    ],
)
def test_a_reason_names_each_word_once_in_any_inflection_and_cuts_a_long_list(
    title: str, abstract: str, phrase: str
) -> None:
    """The marked words are between asterisks."""

    def split(text: str) -> tuple[str, list[Span]]:
        marks = [
            (found.start() - 2 * place, found.end() - 2 * place - 2) for place, found in enumerate(MARK.finditer(text))
        ]
        return text.replace("*", ""), marks

    assert reasons(*split(title), *split(abstract)) == phrase


def test_the_other_subscriptions_that_a_paper_matched_are_named_in_its_card_and_in_the_footer() -> None:
    item = ITEM._replace(also=("low-bit", "efficiency"))
    digest = replace(DIGEST, sections=(Section("all", (item,)),))
    plain, _ = bodies(mail_of(digest))
    assert "\nalso in “low-bit”, “efficiency”\n" in plain
    assert "subscribed to:\n- all\n- low-bit\n- efficiency\n" in plain
    (shown,) = texts([page(digest)])
    assert "also in “low-bit”, “efficiency”" in shown and "subscribed to: all low-bit efficiency" in shown


def test_a_card_names_the_liked_paper_because_of_which_it_is_where_it_is() -> None:
    item = ITEM._replace(because="Tiny Models & Big Ideas…")
    digest = replace(DIGEST, sections=(Section("all", (item,)),))
    plain, _ = bodies(mail_of(digest))
    assert "\n\n  Because you liked “Tiny Models & Big Ideas…”\n" in plain
    (shown,) = texts([page(digest)])
    assert "Because you liked “Tiny Models & Big Ideas…”" in shown
    assert "Because" not in bodies(mail_of(DIGEST))[0]


def test_a_line_shows_title_and_upvotes_and_nothing_else() -> None:
    known = paper(2, topics=frozenset({"moe"}), code="https://example.org/code")
    digest = replace(DIGEST, sections=(Section("all", (Item(2, 7, also=("x",)),)),))
    settings = replace(TOPICS, cards=0)
    found = page(digest, known, settings=settings)
    assert texts(found.xpath("//ul[@class='others']/li")) == ["Low-Bit Quantization for Everyone ▲ 7"]
    assert found.xpath("//li//@href") == ["https://arxiv.org/abs/2607.00002"] and not found.find_class("card")
    plain, _ = bodies(mail_of(digest, known, settings=settings))
    assert "\n- Low-Bit Quantization for Everyone (▲7)\n  https://arxiv.org/abs/2607.00002\n" in plain


def test_a_summary_by_a_model_takes_the_place_of_the_excerpt_and_is_called_so() -> None:
    known = paper(2, title="A Title", summary="A method for quantization halves the memory.", abstract="Long. " * 100)
    item = Item(2, words=MarkedWords(abstract=("quantization",)))
    digest = replace(DIGEST, sections=(Section("all", (item,)),))
    found, (plain, _) = page(digest, known), bodies(mail_of(digest, known))
    (abstract,) = found.find_class("abstract")
    assert texts([abstract]) == ["Summary by AI: A method for quantization halves the memory."]
    assert texts(abstract.find_class("mark")) == ["quantization"]
    assert "\n  Summary by AI: A method for *quantization* halves the memory.\n" in plain
    assert "Long." not in plain and "Why:" not in plain
