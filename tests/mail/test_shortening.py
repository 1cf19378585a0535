"""No mail is larger than 100 kB: papers that do not fit are listed by title, or only counted."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as parser
from support.digest_samples import DIGEST, SETTINGS, TEMPLATES, bodies, mail_of, paper

from notifier.config import LONGEST_BASE_URL
from notifier.digests.cache import Cache
from notifier.mail import Composer
from notifier.mail.content import LABELS, TITLES, ContentMaker, MailContent
from notifier.mail.shortening import MAIL_BYTES, with_fewer_papers
from notifier.models import Digest, Item, Paper, Section
from notifier.signing import LinkSigner

LONG_LATIN = "Quantization of mixture-of-experts models " * 11  # 462 characters, near the limit of a title
LONG_CHINESE = "混合专家模型的量化" * 55


def digest_of(*, sections: int, cards: int, rest: int, label: str = "subscription") -> Digest:
    """Return a digest with `sections` sections of `cards` cards, and `rest` papers beyond the limit, all different."""
    made = [
        Section(f"{number} {label}", tuple(Item(1 + number * cards + place) for place in range(cards)), number + 1)
        for number in range(sections)
    ]
    beyond = tuple(Item(1 + sections * cards + place) for place in range(rest))
    return replace(DIGEST, sections=tuple(made), rest=beyond, subscriber_id=1)


def papers_of(digest: Digest, text: str) -> list[Paper]:
    """Return the papers of a digest, with long titles and abstracts."""
    items = [*[item for section in digest.sections for item in section.items], *digest.rest]
    return [paper(item.paper_id, title=f"{item.paper_id} {text}"[:500], abstract=text * 20) for item in items]


def counts(html: str) -> tuple[int, int, int]:
    """Return how many papers a mail shows with an abstract, how many by title, and how many it only counts."""
    page = parser.document_fromstring(html)
    titles = [each for each in page.xpath("//ul/li") if each.xpath("a")]
    unlisted = re.findall(r"and (\d+) that are not listed here", html)
    return len(page.xpath("//h3")), len(titles), int(unlisted[0]) if unlisted else 0


@pytest.mark.parametrize("text", [LONG_LATIN, LONG_CHINESE])
@pytest.mark.parametrize(
    ("sections", "cards", "rest"), [(1, 30, 0), (3, 10, 200), (200, 1, 1000), (1, 200, 1000), (30, 1, 50), (1, 20, 300)]
)
def test_a_mail_of_long_papers_stays_below_100_kb_and_no_paper_is_forgotten(
    text: str, sections: int, cards: int, rest: int
) -> None:
    digest = digest_of(sections=sections, cards=cards, rest=rest)
    mail = mail_of(digest, *papers_of(digest, text))
    assert 0.8 * MAIL_BYTES < len(mail.content) <= MAIL_BYTES or counts(bodies(mail)[1])[2] == 0
    assert sum(counts(bodies(mail)[1])) == sections * cards + rest


def test_a_mail_that_would_be_too_large_leaves_out_its_last_titles_first() -> None:
    digest = digest_of(sections=2, cards=10, rest=TITLES)
    cards, titles, unlisted = counts(bodies(mail_of(digest, *papers_of(digest, LONG_LATIN)))[1])
    assert cards == 20
    assert 0 < titles < TITLES and titles + unlisted == TITLES


def test_cards_become_titles_in_all_sections_alike() -> None:
    digest = digest_of(sections=3, cards=30, rest=0)
    papers = [replace(each, title=each.title[:150]) for each in papers_of(digest, LONG_LATIN)]
    page = parser.document_fromstring(bodies(mail_of(digest, *papers))[1])
    cards = [int(page.xpath(f"count(//h3[count(preceding::h2)={section}])")) for section in (1, 2, 3)]
    assert 3 < min(cards) < 30 and max(cards) - min(cards) <= 1


def test_an_ordinary_mail_shows_all_its_papers() -> None:
    digest = digest_of(sections=3, cards=10, rest=20)
    mail = mail_of(digest, *[paper(number) for number in range(1, 51)])
    assert counts(bodies(mail)[1]) == (30, 20, 0)


def test_long_labels_and_links_do_not_make_a_mail_too_large() -> None:
    """Each of 200 queries has over 1,200 characters, and the base URL is about as long as the config allows."""
    base_url = "https://" + ("papers." * 40)[: LONGEST_BASE_URL - 20] + "example.org"
    pages = LinkSigner(base_url, b"a secret key of thirty-two bytes")
    digest = digest_of(sections=200, cards=1, rest=0, label="量化 OR quantization OR pruning " * 40)
    stored = {each.id: each for each in papers_of(digest, LONG_LATIN)}
    mail = Composer(replace(SETTINGS, pages=pages), TEMPLATES).compose(digest, stored)
    text, html = bodies(mail)
    assert len(mail.content) <= MAIL_BYTES
    assert sum(counts(html)) == 200
    assert all(f"and {200 - LABELS} more" in " ".join(body.split()) for body in (text, html))


@st.composite
def contents(draw: st.DrawFn) -> MailContent:
    """Draw the content of a digest with up to four sections, and with papers beyond the limit."""
    digest = digest_of(
        sections=draw(st.integers(0, 4)), cards=draw(st.integers(1, 5)), rest=draw(st.integers(0, TITLES + 5))
    )
    stored = {each.id: each for each in papers_of(digest, "title ")}
    return ContentMaker(SETTINGS, Cache(0)).content(digest, stored)


def shown_and_counted(content: MailContent) -> tuple[int, int, int]:
    return sum(len(section.papers) for section in content.sections), len(content.more), content.unlisted


@settings(max_examples=50)
@given(contents(), st.data())
def test_each_step_adds_a_title_or_turns_a_title_into_a_card(content: MailContent, data: st.DataObject) -> None:
    cards, titles, unlisted = shown_and_counted(content)
    last = 2 * cards + titles
    step = data.draw(st.integers(0, last))
    shown = shown_and_counted(with_fewer_papers(content, step))
    assert sum(shown) == cards + titles + unlisted
    assert 2 * shown[0] + shown[1] == step
    assert with_fewer_papers(content, last) == content
