"""Make the content of a digest, which templates lay out afterwards.

The subscriber's address and links are not part of this content.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from notifier.digests.cache import Cache
from notifier.digests.cards import Card, PaperLine, card, paper_line
from notifier.digests.labels import MAX_LABELS, shown_label
from notifier.digests.periods import wording_of
from notifier.digests.settings import DigestSettings
from notifier.digests.turns import in_turns, shared_out
from notifier.errors import ComposeError
from notifier.models import Digest, Item, MarkedWords, Paper, PinNote, Section, Span, Spans
from notifier.text.harmless import inert, shortened_to_columns
from notifier.text.marked_words import MarkableText

PREHEADER_TITLES = 3
SUBJECT_TITLE = 30  # columns; a subject that holds this much of a title names it, since the end may be cut off
CARD_BYTES = 2_500  # the memory that a card takes, roughly
WHOLE_CACHE_BYTES = 1 << 24  # for the cards of one page
LINE_BYTES = 600  # the memory that a PaperLine takes, or a SectionCard without its card
TEXT_BYTES = 50  # the memory that a text with its tokens takes for each of its characters, roughly

_wording_of = lru_cache(64)(wording_of)


@dataclass(frozen=True, slots=True, eq=False)  # compared and hashed by identity, as cards are
class SectionCard:
    """A card in a section, with what depends on the subscriber.

    `also` are the labels of the subscriber's other subscriptions that the paper matched. `because` is the title of a
    paper that they liked, if their taste chose this paper or moved it up.
    """

    card: Card
    also: tuple[str, ...]
    because: str


class SectionContent(NamedTuple):
    """A section: the label of a subscription, and its papers, the best as cards and the others as lines.

    `total` is the number of its papers, also of those that the mail does not show. `has_page` says whether there is a
    page that ends the subscription. `note` is a sentence about the section, or empty.
    """

    label: str
    total: int
    cards: Sequence[SectionCard]
    lines: Sequence[PaperLine]
    has_page: bool
    note: str = ""


class DigestContent(NamedTuple):
    """The content of a digest.

    `preheader` is a text in pieces, so that each piece is encoded once for many mails. `more` are papers beyond the
    digest's limit. `unlisted` is the number of papers that a mail leaves out because it would be too large, and
    `waiting` the number of those that wait for the next digest. `other_labels` are the labels of subscriptions without
    a section: those that matched a paper in a section, and in a welcome mail all others. `has_page` says whether there
    is a page that ends all mail to the subscriber, and `has_web_copy` whether there is a page with the whole digest.
    """

    subject: str
    brand: str
    opening: str
    preheader: Sequence[str]
    sections: Sequence[SectionContent]
    more: Sequence[PaperLine]
    unlisted: int
    waiting: int
    other_labels: Sequence[str]
    postal_address: str
    has_page: bool
    has_web_copy: bool


class WholeContent(NamedTuple):
    """The content of a digest on a page: that of the mail, and the cards of the papers beyond the digest's limit."""

    mail: DigestContent
    more: Sequence[SectionCard]


def matched_labels(content: DigestContent) -> list[tuple[str, int | None]]:
    """Return the labels that a footer names.

    Each has the number of its section if there is a page that ends the subscription, and else None.
    """
    sections = [
        (section.label, number if section.has_page else None) for number, section in enumerate(content.sections)
    ]
    others = [(label, None) for label in content.other_labels]
    shown = [*sections, *others]
    left_out = len(shown) - MAX_LABELS
    return shown if left_out <= 0 else [*shown[:MAX_LABELS], (f"and {left_out} more", None)]


class ContentMaker:
    """Makes the content of mails, and caches the cards and lines in them."""

    def __init__(self, settings: DigestSettings, cache: Cache, *, has_pages: bool = False) -> None:
        self._settings = settings
        self._has_pages = has_pages
        self._cache = cache
        self._cards: dict[tuple[int, int | None, int, Spans, MarkedWords, PinNote | None], Card] = cache.table()
        self._lines: dict[tuple[int, int | None, int, PinNote | None], PaperLine] = cache.table()
        self._texts: dict[str, MarkableText] = cache.table()
        # The keys are `id(item)`, because hashing an item takes longer than all the other work on a cached item. Each
        # value holds its item, so that no other object gets the same id.
        self._section_cards: dict[int, tuple[Item, SectionCard]] = cache.table()

    def content(self, digest: Digest, papers: Mapping[int, Paper]) -> DigestContent:
        """Return the content of a digest's mail. Raises ComposeError if one of its papers is not in `papers`."""
        numbers = shared_out(tuple([len(section.items) for section in digest.sections]), self._settings.cards)
        sections = [
            self._section(section, number, papers) for section, number in zip(digest.sections, numbers, strict=True)
        ]
        opening = inert(digest.opening) or _wording_of(digest.period, digest.planned_at.date()).opening
        return DigestContent(
            subject=inert(digest.subject),
            brand=inert(self._settings.brand),
            opening=opening,
            preheader=_preheader(digest.subject, opening, sections),
            sections=sections,
            more=[self._line(item, papers) for item in digest.rest],
            unlisted=0,
            waiting=digest.waiting,
            other_labels=_other_labels(digest.sections, digest.labels),
            postal_address=inert(self._settings.postal_address),
            has_page=self._has_pages and digest.subscriber_id is not None,
            has_web_copy=self._has_pages and digest.delivery_id is not None,
        )

    def _section(self, section: Section, cards: int, papers: Mapping[int, Paper]) -> SectionContent:
        return SectionContent(
            shown_label(section.label),
            len(section.items),
            [self.section_card(item, papers) for item in section.items[:cards]],
            [self._line(item, papers) for item in section.items[cards:]],
            has_page=self._has_pages and section.subscription_id is not None,
            note=inert(section.note),
        )

    def section_card(self, item: Item, papers: Mapping[int, Paper]) -> SectionCard:
        """Return the card of an item. Raises ComposeError if its paper is not in `papers`."""
        if known := self._section_cards.get(id(item)):
            return known[1]
        made = SectionCard(self._card(item, papers), tuple(map(shown_label, item.also)), inert(item.because))
        self._cache.make_room(LINE_BYTES)
        self._section_cards[id(item)] = item, made
        return made

    def _card(self, item: Item, papers: Mapping[int, Paper]) -> Card:
        key = item.paper_id, item.upvotes, item.votes, item.marks, item.words, item.pin
        if (known := self._cards.get(key)) is None:
            paper = _paper(item, papers)
            in_summary = self._places(item.words.title + item.words.abstract, paper.summary)
            known = card(self._with_places(item, paper), paper, self._settings, in_summary)
            self._cache.make_room(CARD_BYTES)
            self._cards[key] = known
        return known

    def _line(self, item: Item, papers: Mapping[int, Paper]) -> PaperLine:
        key = item.paper_id, item.upvotes, item.votes, item.pin
        if (known := self._lines.get(key)) is None:
            known = paper_line(item, _paper(item, papers), self._settings)
            self._cache.make_room(LINE_BYTES)
            self._lines[key] = known
        return known

    def _with_places(self, item: Item, paper: Paper) -> Item:
        """Return the item with the places of its words in the paper's text as it is now."""
        if not any(item.words):
            return item
        return item._replace(
            marks=Spans(
                self._places(item.words.title, paper.title),
                self._places(item.words.abstract, paper.abstract),
            )
        )

    def _places(self, words: tuple[str, ...], text: str) -> tuple[Span, ...]:
        if not words:
            return ()
        if (known := self._texts.get(text)) is None:
            known = MarkableText(text)
            self._cache.make_room(TEXT_BYTES * len(text))
            self._texts[text] = known
        return known.places_of(words)


def whole_content(digest: Digest, papers: Mapping[int, Paper], settings: DigestSettings) -> WholeContent:
    """Return the content of a digest for a page, which shows everything that the mail may have left out.

    Every paper has a card, also those beyond the digest's limit. Raises the same error as `ContentMaker.content`.
    """
    cards = sum(len(section.items) for section in digest.sections)
    maker = ContentMaker(replace(settings, cards=cards), Cache(WHOLE_CACHE_BYTES))
    return WholeContent(maker.content(digest, papers), [maker.section_card(item, papers) for item in digest.rest])


def _preheader(subject: str, opening: str, sections: Sequence[SectionContent]) -> list[str]:
    """Return what mail programs show beside the subject: the day, and the best titles that are not in the subject."""
    best = in_turns(map(_titles, sections))
    others = (title for title in best if not _is_named(title, subject))
    return [opening, *(f" · {title}" for title in islice(others, PREHEADER_TITLES))]


def _is_named(title: str, subject: str) -> bool:
    """Return whether a subject names a title, of which it may hold only the beginning."""
    return title[:8] in subject and shortened_to_columns(title, SUBJECT_TITLE).rstrip("…") in subject


def _titles(section: SectionContent) -> Iterator[str]:
    yield from (each.card.plain_title for each in section.cards)
    yield from (each.title for each in section.lines)


def _other_labels(sections: Iterable[Section], also: Iterable[str]) -> list[str]:
    """Return the labels of subscriptions without a section: those that matched a paper of a section, and `also`."""
    others: dict[str, None] = {}
    for matched in dict.fromkeys([*[item.also for section in sections for item in section.items], tuple(also)]):
        others |= dict.fromkeys(map(shown_label, matched))
    labels = {shown_label(section.label) for section in sections}
    return [label for label in others if label not in labels]


def _paper(item: Item, papers: Mapping[int, Paper]) -> Paper:
    try:
        return papers[item.paper_id]
    except KeyError:
        raise ComposeError(f"the digest holds paper {item.paper_id}, which is not stored; restore it") from None
