"""The mail of a digest as a whole, parsed as a mail program parses it."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from support.digest_samples import DIGEST, PAPER, SETTINGS, bodies, digest_of, mail_of, page, paper, read, texts

from notifier.errors import ComposeError
from notifier.models import Item, Section, Spans
from notifier.text.harmless import LINE_WIDTH, columns


def test_the_mail_has_a_plain_and_an_html_part_that_say_the_same() -> None:
    message = read(mail_of())
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    for part in message.iter_parts():
        assert part["Content-Transfer-Encoding"] == "quoted-printable"
        assert part.get_content_charset() == "utf-8"
    plain, _ = bodies(mail_of())
    (shown,) = texts([page()])
    for words in ("New papers of Monday, 6 July 2026", "140 · Ada Lovelace +1", "Low-Bit Quantization for Everyone"):
        assert words in plain and words in shown


@pytest.mark.parametrize("length", range(LINE_WIDTH - 10, LINE_WIDTH))
def test_no_line_of_the_plain_part_ends_between_the_triangle_and_the_upvotes(length: int) -> None:
    long = paper(2, title="word " * 8 + "x" * (length - 40))
    digest = replace(DIGEST, rest=(Item(2, upvotes=1234),))
    plain, _ = bodies(mail_of(digest, PAPER, long))
    assert "(▲1234)" in plain


def test_the_plain_part_has_underlined_headings_one_link_a_paper_and_a_footer() -> None:
    plain, _ = bodies(mail_of())
    assert plain == (
        "Daily Papers\n============\n\nNew papers of Monday, 6 July 2026\n\n\n"
        f"quantization (1)\n{'-' * LINE_WIDTH}\n\n"
        "Low-Bit Quantization for Everyone\n▲140 · Ada Lovelace +1\nhttps://arxiv.org/abs/2607.00001\n\n"
        "  We show that *quantization* to four bits is enough.\n\n"
        "-- \n"
        "You get this mail because reader@example.net subscribed to:\n- quantization\n"
        'To unsubscribe from all, reply with the word "unsubscribe", or write to\n'
        "mailto:leave@example.org?subject=unsubscribe%20reader%40example.net\n"
    )


def test_the_html_part_has_a_main_heading_and_a_heading_for_each_subscription_and_each_paper() -> None:
    second = paper(2, title="Video Models")
    digest = replace(DIGEST, sections=(*DIGEST.sections, Section("video", (Item(2),))))
    found = page(digest, second)
    assert texts(found.xpath("//h1")) == ["Daily Papers"]
    assert texts(found.xpath("//h2")) == ["quantization 1", "video 1"]
    assert texts(found.xpath("//h3")) == ["Low-Bit Quantization for Everyone", "Video Models"]
    assert found.xpath("//h3/a/@href") == ["https://arxiv.org/abs/2607.00001", "https://arxiv.org/abs/2607.00002"]
    assert texts(found.find_class("mark")) == ["Quantization", "quantization"]
    assert found.get("lang") == "en"


def test_a_long_abstract_shows_its_marked_sentence_beside_the_contribution() -> None:
    long = paper(
        2, abstract="In the beginning. " * 30 + "We propose it. " + "On it goes. " * 30 + "Then quantization comes."
    )
    start = long.abstract.index("quantization")
    digest = replace(DIGEST, sections=(Section("x", (Item(2, marks=Spans(abstract=((start, start + 12),))),)),))
    found = page(digest, long)
    (abstract,) = texts(found.find_class("abstract"))
    assert abstract.startswith("… We propose it. On it goes.") and abstract.endswith(" … Then quantization comes.")
    assert texts(found.find_class("abstract")[0].find_class("mark")) == ["quantization"]
    assert "*quantization*" in bodies(mail_of(digest, long))[0]


def test_papers_beyond_the_limit_are_listed_by_title() -> None:
    others = [paper(number, title=f"Paper number {number}") for number in range(2, 100)]
    digest = replace(DIGEST, rest=tuple(Item(each.id, upvotes=each.id) for each in others))
    plain, _ = bodies(mail_of(digest, *others))
    assert "And 98 more\n" in plain and "- Paper number 2 (▲2)\n  https://arxiv.org/abs/2607.00002\n" in plain
    assert "not listed" not in plain
    found = page(digest, *others)
    assert texts(found.xpath("//h2"))[-1] == "And 98 more"
    assert (
        texts(found.xpath("//ul[@class='others']/li"))[0] == "Paper number 2 ▲ 2"
        and len(found.xpath("//ul[@class='others']/li")) == 98
    )


def preheader(subject: str, *titles: str, cards: int = 8) -> str:
    """Return what mail programs show beside the subject of a mail that has a section for each title."""
    papers = [paper(number, title=title) for number, title in enumerate(titles, start=2)]
    sections = tuple(Section(f"section {each.id}", (Item(each.id),)) for each in papers)
    digest = replace(DIGEST, subject=subject, sections=sections)
    (found,) = page(digest, *papers, settings=replace(SETTINGS, cards=cards)).find_class("preheader")
    return found.text_content()


def test_the_inbox_preview_names_the_day_and_the_next_titles_and_is_hidden_in_the_mail() -> None:
    shown = preheader("5 new papers: One", "One", "Two", "Three", "Four", "Five")
    assert shown == "New papers of Monday, 6 July 2026 · Two · Three · Four"
    found = page()
    assert "display:none" in found.find_class("preheader")[0].attrib["style"]
    assert found.xpath("//body/*")[0] is found.find_class("preheader")[0]


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("2 new papers: A Title that Is Much Too Long to Be Shown…", "A Title that Is Much Too Long to Be Shown Whole"),
        ("2 new papers: 混合专家模型的低比特量化：一种面向所有…", "混合专家模型的低比特量化：一种面向所有人的方法"),
    ],
)
def test_the_inbox_preview_leaves_out_the_title_that_the_subject_begins_to_name(subject: str, title: str) -> None:
    assert preheader(subject, title, "Two") == "New papers of Monday, 6 July 2026 · Two"


def test_the_inbox_preview_names_the_first_titles_if_no_paper_is_shown_as_a_card() -> None:
    assert preheader("2 new papers", "One", "Two", cards=0) == "New papers of Monday, 6 July 2026 · One · Two"


def test_the_postal_address_of_the_sender_is_the_last_line_of_both_bodies() -> None:
    settings = replace(SETTINGS, postal_address="Example Labs & Co, 1 Analytical Way, London")
    plain, _ = bodies(mail_of(settings=settings))
    shown = "Daily Papers · Example Labs & Co, 1 Analytical Way, London"
    assert plain.endswith(f"\n\n{shown}\n")
    assert texts(page(settings=settings).xpath("//p"))[-1] == shown
    assert texts(page().xpath("//p"))[-1] == "Daily Papers", "without an address, the brand stands alone"


def test_the_html_loads_nothing_and_contains_its_styles() -> None:
    _, html = bodies(mail_of())
    found = page()
    assert not found.xpath("//img | //script | //link | //iframe | //form | //object | //svg | //@src | //@background")
    assert "url(" not in html and "@import" not in html
    assert "prefers-color-scheme: dark" in found.xpath("string(//style)")
    assert all(element.get("style") for element in found.xpath("//h1 | //h2 | //h3 | //p | //a | //span[@class]"))
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


def test_the_plain_part_has_lines_of_at_most_72_columns_except_for_links() -> None:
    words = "A 大 fairly long title of a paper about quantization, pruning and much else "
    papers = [paper(number, title=words * 3, abstract=words * 9, authors=(words * 2,)) for number in range(2, 40)]
    sections = [Section(words * 2, tuple(Item(each.id, 12, also=(words,)) for each in papers[:20]), 1)]
    digest = replace(DIGEST, sections=tuple(sections), rest=tuple(Item(each.id) for each in papers[20:]))
    settings = replace(SETTINGS, postal_address=words * 3)
    for line in bodies(mail_of(digest, *papers, settings=settings))[0].splitlines():
        assert columns(line) <= LINE_WIDTH or urlsplit(line.strip()).scheme in {"https", "mailto"}


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
