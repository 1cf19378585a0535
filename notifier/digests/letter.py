"""What the templates of a digest's mail show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from notifier.digests.cards import Card, Lines, line
from notifier.digests.headers import MailSettings, unsubscribe_page, unsubscribe_url
from notifier.digests.periods import occasion
from notifier.models import Digest, Item, Paper, Section
from notifier.rendering import inert

TITLES = 200  # of the rest; beyond them their number is told, since Gmail clips what is longer than 102 kB
PREHEADER_TITLES = 3

_occasion = lru_cache(64)(occasion)


@dataclass(slots=True)
class Group:
    """A section of the mail: what the reader asked for, its papers, and the page to stop it (empty: there is none)."""

    label: str
    cards: tuple[Card, ...]
    unsubscribe_page: str


@dataclass(slots=True)
class Letter:
    """What the templates show. `unlisted` counts the papers beyond those in `rest`; `labels` is what was asked for.

    `unsubscribe_url` is a mailto; `unsubscribe_page` is empty where there are no pages. `kept` holds what templates
    make of the letter, whoever reads it.
    """

    subject: str
    brand: str
    opening: str
    preheader: str
    groups: tuple[Group, ...]
    rest: Lines
    unlisted: int
    labels: tuple[str, ...]
    recipient: str
    unsubscribe_url: str
    unsubscribe_page: str
    kept: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def blanks(self) -> tuple[bool, ...]:
        """Which of a reader's own values are empty."""
        own = (self.recipient, self.unsubscribe_url, self.unsubscribe_page)
        return tuple([not value for value in (*own, *[group.unsubscribe_page for group in self.groups])])


def letter_of(
    digest: Digest,
    sender: MailSettings,
    cards_of: Callable[[Iterable[Item]], tuple[Card, ...]],
    paper_of: Callable[[Item], Paper],
) -> Letter:
    """The letter of a digest, whose items become cards and papers by the functions given."""
    groups = tuple(
        Group(inert(section.label), cards_of(section.items), _section_page(section, sender))
        for section in digest.sections
    )
    cards = [card for group in groups for card in group.cards]
    labels = dict.fromkeys((*(group.label for group in groups), *(label for card in cards for label in card.also)))
    return Letter(
        subject=inert(digest.subject),
        brand=inert(sender.brand),
        opening=_occasion(digest.period, digest.planned_at.date()).opening,
        preheader=" · ".join([card.plain_title for card in cards[:PREHEADER_TITLES]]),
        groups=groups,
        rest=Lines(line(item, paper_of(item)) for item in digest.rest[:TITLES]),
        unlisted=max(0, len(digest.rest) - TITLES),
        labels=tuple(labels),
        recipient=inert(digest.recipient),
        unsubscribe_url=unsubscribe_url(digest.recipient, sender),
        unsubscribe_page=unsubscribe_page(digest, sender),
    )


def addressed(letter: Letter, digest: Digest, sender: MailSettings) -> Letter:
    """A letter to the reader of a digest that says the same as the one that it was made of."""
    groups = zip(letter.groups, digest.sections, strict=True)
    return Letter(
        subject=letter.subject,
        brand=letter.brand,
        opening=letter.opening,
        preheader=letter.preheader,
        groups=tuple([Group(each.label, each.cards, _section_page(section, sender)) for each, section in groups]),
        rest=letter.rest,
        unlisted=letter.unlisted,
        labels=letter.labels,
        recipient=inert(digest.recipient),
        unsubscribe_url=unsubscribe_url(digest.recipient, sender),
        unsubscribe_page=unsubscribe_page(digest, sender),
        kept=letter.kept,
    )


def _section_page(section: Section, sender: MailSettings) -> str:
    if sender.pages is None or section.subscription_id is None:
        return ""
    return sender.pages.leave_one(section.subscription_id)
