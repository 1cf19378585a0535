"""The size limit of a digest: its mail lists all papers and is small enough, whatever the papers and labels are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import html as parser
from support.digest_samples import DIGEST, SETTINGS, TEMPLATES, bodies, paper
from support.thoroughness import examples

from notifier.config import LONGEST_BASE_URL
from notifier.digests.cache import Cache
from notifier.digests.cards import paper_line
from notifier.digests.labels import LABEL_BYTES, shown_label
from notifier.digests.selection import Selection
from notifier.digests.size_limit import LISTED_BYTES, fitted, heading_bytes, line_bytes
from notifier.mail import Composer
from notifier.mail.parts import Parts
from notifier.mail.shortening import MAIL_BYTES
from notifier.mail.stylesheet import Stylesheet
from notifier.models import Item, Paper, Section
from notifier.signing import LinkSigner

LONGEST_TITLE = 500
SEARCH = SETTINGS.title_search
TITLES = {
    "short": "Agents",
    "usual": "Low-bit quantization of mixture-of-experts models for serving long contexts",
    "chinese": "混合专家模型的量化" * 60,
    "emoji": "👩‍🔬🔬" * 200,
    "marks": "e\N{COMBINING ACUTE ACCENT}\N{COMBINING TILDE}" * 300,
    "markup": "<\"&'=>" * 100,
    "controls": "\x01\x02" * 250,
    "words": "a b " * 125,
    "dots": ".\n" * 250,
}


def size_of_mail(selection: Selection, papers: dict[int, Paper], *, cards: int = 8) -> tuple[int, int, int]:
    """Return the bytes of the mail, how many papers it shows, and where its last unsubscribe link begins."""
    pages = LinkSigner("https://" + ("papers." * 40)[: LONGEST_BASE_URL - 20] + "example.org", bytes(32))
    composer = Composer(replace(SETTINGS, link_signer=pages, cards=cards, postal_address="一条街" * 100), TEMPLATES)
    digest = replace(DIGEST, sections=selection.sections, rest=selection.rest, subscriber_id=1)
    mail = composer.compose(digest, papers)
    page = parser.document_fromstring(bodies(mail)[1])
    return len(mail.content), len(page.xpath("//h3 | //li/a[@class='line']")), mail.content.rindex(b"mailto:")


def selection_of(
    title: str, label: str, sections: int, count: int, **fields: object
) -> tuple[Selection, dict[int, Paper]]:
    """Return a selection of `count` papers, at most 30 of them in sections, and the papers."""
    papers = {
        number: paper(number, title=f"{number} {title}"[:LONGEST_TITLE], **fields) for number in range(1, count + 1)
    }
    placed: list[list[Item]] = [[] for _ in range(sections)]
    for number in range(1, min(count, 30) + 1):
        placed[number % sections].append(Item(number, 10, also=tuple(f"{label} {other}" for other in range(15))))
    made = tuple(Section(f"{place} {label}", tuple(each), place + 1) for place, each in enumerate(placed) if each)
    return Selection(made, tuple(Item(number, 1000) for number in range(31, count + 1))), papers


@pytest.mark.slow
@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)
@pytest.mark.parametrize(
    ("label", "sections", "has_address"),
    [("quantization", 1, True), ("量化与剪枝" * 60, 30, True), ('"' * 300, 12, False)],
    ids=["latin", "chinese", "quotes"],
)
def test_the_mail_lists_each_paper_that_fits_and_ends_before_90_kb(
    title: str, label: str, sections: int, has_address: bool
) -> None:
    fields = {} if has_address else {"arxiv_id": None}
    selection, papers = selection_of(title, label, sections, 300, abstract=title * 20, **fields)
    sizes = {number: line_bytes(each, SEARCH) for number, each in papers.items()}
    kept, left = fitted(selection, lambda item: sizes[item.paper_id])
    size, shown, last_link = size_of_mail(kept, papers)
    assert {item.paper_id for item in kept.items} | left == papers.keys()
    assert shown == len(kept.items) == 300 - len(left)
    assert size <= MAIL_BYTES and last_link < MAIL_BYTES


def test_about_a_hundred_papers_with_usual_titles_fit_beside_eight_cards() -> None:
    selection, papers = selection_of(TITLES["usual"], "Quantization", 3, 300, abstract="We propose a method. " * 20)
    kept, _ = fitted(selection, lambda item: line_bytes(papers[item.paper_id], SEARCH))
    assert len(kept.items) > 95
    size, shown, _ = size_of_mail(kept, papers)
    assert shown == len(kept.items) and size > 0.6 * MAIL_BYTES


def test_the_best_papers_fit_first_and_at_least_one_always_fits() -> None:
    selection, _ = selection_of("title", "label", 3, 60)
    kept, left = fitted(selection, lambda _: LISTED_BYTES)
    assert [item.paper_id for item in kept.items] == [selection.sections[0].items[0].paper_id] and len(left) == 59
    kept, left = fitted(selection, lambda _: LISTED_BYTES // 40)
    assert {item.paper_id for section in kept.sections for item in section.items} == set(range(1, 31))
    assert [item.paper_id for item in kept.rest] == list(range(31, 31 + len(kept.rest)))


@settings(deadline=None, max_examples=examples(200))
@given(st.text(alphabet=st.characters(), min_size=1, max_size=LONGEST_TITLE), st.text(max_size=300), st.booleans())
@example("=" * 500, "https://example.org/?" + "&=" * 200, False)
def test_no_line_or_heading_takes_more_than_was_counted(text: str, url: str, has_id: bool) -> None:
    cache = Cache(1 << 20)
    shown = paper(2, title=text, arxiv_id="2607.00002" if has_id else None, url=url)
    line = paper_line(Item(2, 99_999), shown, SETTINGS)
    kinds = [Parts(TEMPLATES, "txt", cache), Parts(TEMPLATES, "html", cache, Stylesheet(TEMPLATES, cache).inline)]
    assert sum(len(each.part("line", paper=line).joined({})) for each in kinds) <= line_bytes(shown, SEARCH)
    slots = dict.fromkeys(("anchor", "total", "cards", "lines"), b"123456789=\r\n")
    for note in ("", shown_label(text)):
        headings = [each.part("section", label=shown_label(text), note=note).joined(slots) for each in kinds]
        assert sum(map(len, headings)) <= heading_bytes(text, note)


@given(st.text(alphabet=st.characters(), max_size=400))
def test_a_shown_label_is_short_and_begins_like_the_label(label: str) -> None:
    shown = shown_label(label)
    assert len(shown.encode()) <= LABEL_BYTES
    assert shown == shown_label(shown)
