"""What the mail of a digest says, before templates lay it out.

The subscriber's own values are not part of this content: `slot_values` makes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from notifier.digests.cache import Cache
from notifier.digests.periods import wording_of
from notifier.errors import ComposeError, shortened
from notifier.mail.cards import Card, PaperLine, card, paper_line
from notifier.mail.headers import MailSettings
from notifier.models import Digest, Item, Paper, Section, Spans
from notifier.text.harmless import inert

TITLES = 200  # at most this many papers beyond the digest's limit are listed by title; further ones are only counted
LABELS = 20  # a list shows at most this many labels; further ones are only counted
LABEL_CHARS = 200  # a longer label is cut to this many characters
PREHEADER_TITLES = 3
CARD_BYTES = 2_500  # the memory that a card takes, roughly
PLACE_BYTES = 500  # the memory that a paper of a section takes in addition to its card

_wording_of = lru_cache(64)(wording_of)


@dataclass(frozen=True, slots=True, eq=False)  # compared and hashed by identity, as cards are
class SectionPaper:
    """A paper in a section: its card, and the labels of the subscriber's other subscriptions that it matched."""

    card: Card
    also: tuple[str, ...]


class SectionContent(NamedTuple):
    """A section: the label of a subscription, its papers, and whether there is a page that ends the subscription."""

    label: str
    papers: list[SectionPaper]
    has_page: bool


class MailContent(NamedTuple):
    """What a mail says.

    `unlisted` counts the papers beyond those in `more`. `labels` has the labels of all subscriptions that matched a
    paper of a section. `has_page` is whether there is a page that ends all mail to the subscriber.
    """

    subject: str
    brand: str
    opening: str
    preheader: str
    sections: list[SectionContent]
    more: tuple[PaperLine, ...]
    unlisted: int
    labels: list[str]
    has_page: bool


def named(labels: Sequence[str]) -> tuple[str, ...]:
    """Return at most LABELS labels; if there are more, one more entry says how many, such as `and 3 more`."""
    others = len(labels) - LABELS
    return tuple(labels) if others <= 0 else (*labels[:LABELS], f"and {others} more")


class ContentMaker:
    """Makes the content of mails, and caches the cards in them."""

    def __init__(self, settings: MailSettings, cache: Cache) -> None:
        self._settings = settings
        self._cache = cache
        self._cards: dict[tuple[int, int | None, Spans], Card] = cache.table()
        # The keys are `id(item)`, because hashing an item takes longer than all the other work on a cached item. Each
        # value holds its item, so that no other object gets the same id.
        self._section_papers: dict[int, tuple[Item, SectionPaper]] = cache.table()

    def content(self, digest: Digest, papers: Mapping[int, Paper]) -> MailContent:
        """Return the content of a digest's mail. Raises ComposeError if one of its papers is not in `papers`."""
        sections = [self._section(section, papers) for section in digest.sections]
        shown = [paper for section in sections for paper in section.papers]
        labels = dict.fromkeys([section.label for section in sections])
        for also in dict.fromkeys([paper.also for paper in shown]):
            labels |= dict.fromkeys(also)
        return MailContent(
            subject=inert(digest.subject),
            brand=inert(self._settings.brand),
            opening=_wording_of(digest.period, digest.planned_at.date()).opening,
            preheader=" · ".join([paper.card.plain_title for paper in shown[:PREHEADER_TITLES]]),
            sections=sections,
            more=tuple([paper_line(item, _paper(item, papers)) for item in digest.rest[:TITLES]]),
            unlisted=max(0, len(digest.rest) - TITLES),
            labels=list(labels),
            has_page=self._settings.pages is not None and digest.subscriber_id is not None,
        )

    def _section(self, section: Section, papers: Mapping[int, Paper]) -> SectionContent:
        known = self._section_papers.get
        shown = [
            found[1] if (found := known(id(item))) else self._section_paper(item, papers) for item in section.items
        ]
        has_page = self._settings.pages is not None and section.subscription_id is not None
        return SectionContent(_shown_label(section.label), shown, has_page)

    def _section_paper(self, item: Item, papers: Mapping[int, Paper]) -> SectionPaper:
        made = SectionPaper(self._card(item, papers), tuple(map(_shown_label, item.also)))
        self._cache.make_room(PLACE_BYTES)
        self._section_papers[id(item)] = item, made
        return made

    def _card(self, item: Item, papers: Mapping[int, Paper]) -> Card:
        key = item.paper_id, item.upvotes, item.marks
        if (known := self._cards.get(key)) is None:
            known = card(item, _paper(item, papers))
            self._cache.make_room(CARD_BYTES)
            self._cards[key] = known
        return known


@lru_cache(1 << 12)  # many digests show the same labels
def _shown_label(label: str) -> str:
    return shortened(inert(label), LABEL_CHARS)


def _paper(item: Item, papers: Mapping[int, Paper]) -> Paper:
    try:
        return papers[item.paper_id]
    except KeyError:
        raise ComposeError(f"the digest holds paper {item.paper_id}, which is not stored; restore it") from None
