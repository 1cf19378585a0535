"""No mail is larger than 90 kB: cards that do not fit become titles, and titles that do not fit are only counted."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as parser
from support.digest_samples import DIGEST, SETTINGS, TEMPLATES, bodies, mail_of, page, paper

from notifier.config import LONGEST_BASE_URL
from notifier.digests.cache import Cache
from notifier.digests.content import ContentMaker, DigestContent
from notifier.digests.fewer_papers import with_fewer_papers
from notifier.digests.labels import MAX_LABELS
from notifier.mail import Composer
from notifier.mail.shortening import MAIL_BYTES
from notifier.models import Digest, Item, Paper, Section
from notifier.signing import LinkSigner

LONG_LATIN = "Quantization of mixture-of-experts models " * 11  # 462 characters, near the limit of a title
LONG_CHINESE = "混合专家模型的量化" * 55
MANY_CARDS = replace(SETTINGS, cards=200)


def digest_of(*, sections: int, papers: int, rest: int, label: str = "subscription") -> Digest:
    """Return a digest of different papers: `papers` in each of `sections` sections, and `rest` beyond the limit."""
    made = [
        Section(f"{number} {label}", tuple(Item(1 + number * papers + place) for place in range(papers)), number + 1)
        for number in range(sections)
    ]
    beyond = tuple(Item(1 + sections * papers + place) for place in range(rest))
    return replace(DIGEST, sections=tuple(made), rest=beyond, subscriber_id=1, delivery_id=1)


def papers_of(digest: Digest, text: str) -> list[Paper]:
    """Return the papers of a digest, with long titles and abstracts."""
    items = [*[item for section in digest.sections for item in section.items], *digest.rest]
    return [paper(item.paper_id, title=f"{item.paper_id} {text}"[:500], abstract=text * 20) for item in items]


def counts(found: parser.HtmlElement) -> tuple[int, int, int]:
    """Return how many papers a mail shows as cards, how many by title, and how many it only counts."""
    unlisted = re.findall(r"(\d+)(?: others?)? (?:are|is) not listed here", found.text_content())
    return len(found.xpath("//h3")), len(found.xpath("//li/a[@class='line']")), int(unlisted[0]) if unlisted else 0


@pytest.mark.parametrize("text", [LONG_LATIN, LONG_CHINESE])
@pytest.mark.parametrize("cards", [8, 200])
@pytest.mark.parametrize(
    ("sections", "papers", "rest"),
    [(1, 30, 0), (3, 10, 200), (200, 1, 1000), (1, 200, 1000), (30, 1, 50), (1, 20, 300)],
)
def test_a_mail_of_long_papers_stays_below_90_kb_and_no_paper_is_forgotten(
    text: str, cards: int, sections: int, papers: int, rest: int
) -> None:
    digest = digest_of(sections=sections, papers=papers, rest=rest)
    mail = mail_of(digest, *papers_of(digest, text), settings=replace(SETTINGS, cards=cards))
    found = counts(parser.document_fromstring(bodies(mail)[1]))
    assert 0.8 * MAIL_BYTES < len(mail.content) <= MAIL_BYTES or found[2] == 0
    assert sum(found) == sections * papers + rest


def test_a_mail_that_would_be_too_large_shows_no_cards_before_it_leaves_out_a_title() -> None:
    digest = digest_of(sections=2, papers=25, rest=200)
    cards, titles, unlisted = counts(page(digest, *papers_of(digest, LONG_LATIN)))
    assert cards == 0
    assert 50 < titles < 250 and titles + unlisted == 250


def test_a_title_that_is_left_out_is_counted() -> None:
    digest = digest_of(sections=1, papers=1, rest=1000)
    for papers in (papers_of(digest, LONG_LATIN), papers_of(digest, "short")):
        titles, unlisted = counts(page(digest, *papers))[1:]
        plain, _ = bodies(mail_of(digest, *papers))
        assert unlisted > 0 and titles + unlisted == 1001
        assert f"\n{unlisted} others are not listed here.\n" in plain


def test_cards_become_titles_in_all_sections_alike_before_a_section_loses_a_paper() -> None:
    digest = digest_of(sections=3, papers=30, rest=5)
    papers = [replace(each, title=each.title[:150]) for each in papers_of(digest, LONG_LATIN)]
    found = page(digest, *papers, settings=MANY_CARDS)
    cards = [int(found.xpath(f"count(//h3[count(preceding::h2)={section}])")) for section in (1, 2, 3)]
    assert 3 < min(cards) < 30 and max(cards) - min(cards) <= 1
    assert counts(found) == (sum(cards), 95 - sum(cards), 0)


def test_a_paper_whose_card_becomes_a_title_stays_in_its_place() -> None:
    digest = digest_of(sections=1, papers=60, rest=0)
    found = page(digest, *papers_of(digest, LONG_LATIN), settings=MANY_CARDS)
    numbers = [int(each.text_content().split()[0]) for each in found.xpath("//h3 | //ul[@class='others']/li")]
    assert numbers == list(range(1, 61))


def test_an_ordinary_mail_shows_all_its_papers() -> None:
    digest = digest_of(sections=3, papers=10, rest=20)
    papers = [paper(number) for number in range(1, 51)]
    assert counts(page(digest, *papers)) == (8, 42, 0)
    assert counts(page(digest, *papers, settings=MANY_CARDS)) == (30, 20, 0)


def test_long_labels_and_links_do_not_make_a_mail_too_large() -> None:
    """Each of 200 queries has over 1,200 characters, and the base URL is about as long as the config allows."""
    base_url = "https://" + ("papers." * 40)[: LONGEST_BASE_URL - 20] + "example.org"
    pages = LinkSigner(base_url, b"a secret key of thirty-two bytes")
    digest = digest_of(sections=200, papers=1, rest=0, label="量化 OR quantization OR pruning " * 40)
    stored = {each.id: each for each in papers_of(digest, LONG_LATIN)}
    mail = Composer(replace(SETTINGS, link_signer=pages), TEMPLATES).compose(digest, stored)
    text, html = bodies(mail)
    assert len(mail.content) <= MAIL_BYTES
    assert sum(counts(parser.document_fromstring(html))) == 200
    assert all(f"and {200 - MAX_LABELS} more" in " ".join(body.split()) for body in (text, html))


@st.composite
def contents(draw: st.DrawFn) -> DigestContent:
    """Draw the content of a digest with up to four sections, and with papers beyond the limit."""
    digest = digest_of(sections=draw(st.integers(0, 4)), papers=draw(st.integers(1, 5)), rest=draw(st.integers(0, 205)))
    stored = {each.id: each for each in papers_of(digest, "title ")}
    return ContentMaker(replace(SETTINGS, cards=draw(st.integers(0, 20))), Cache(0)).content(digest, stored)


def shown_and_counted(content: DigestContent) -> tuple[int, int, int, int]:
    """Return the numbers of cards, of lines in sections, of lines beyond the limit, and of papers only counted."""
    cards = sum(len(section.cards) for section in content.sections)
    lines = sum(len(section.lines) for section in content.sections)
    return cards, lines, len(content.more), content.unlisted


@settings(max_examples=50)
@given(contents(), st.data())
def test_each_step_adds_a_title_or_turns_a_title_into_a_card(content: DigestContent, data: st.DataObject) -> None:
    cards, lines, more, unlisted = shown_and_counted(content)
    last = 2 * cards + lines + more
    step = data.draw(st.integers(0, last))
    shown = shown_and_counted(with_fewer_papers(content, step))
    assert sum(shown) == cards + lines + more + unlisted
    assert 2 * shown[0] + shown[1] + shown[2] == step
    assert with_fewer_papers(content, last) == content
    assert [each.total for each in with_fewer_papers(content, step).sections] == [
        each.total for each in content.sections
    ]
