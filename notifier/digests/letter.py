"""What the templates of a digest's mail show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from notifier.digests.cards import Card, Line, line
from notifier.digests.headers import MailSettings, unsubscribe_page, unsubscribe_url
from notifier.digests.periods import occasion
from notifier.models import Digest, Item, Paper, Section
from notifier.rendering import inert

TITLES = 200  # of the rest; beyond them their number is told, since Gmail clips what is longer than 102 kB
PREHEADER_TITLES = 3

_occasion = lru_cache(64)(occasion)


@dataclass(frozen=True, slots=True)
class Group:
    """A section of the mail: what the reader asked for, its papers, and the page to stop it (empty: there is none)."""

    label: str
    cards: tuple[Card, ...]
    unsubscribe_page: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What the templates show. `unlisted` counts the papers beyond those in `rest`; `labels` is what was asked for.

    `unsubscribe_url` is a mailto; `unsubscribe_page` is empty where there are no pages.
    """

    subject: str
    brand: str
    opening: str
    preheader: str
    groups: tuple[Group, ...]
    rest: tuple[Line, ...]
    unlisted: int
    labels: tuple[str, ...]
    recipient: str
    unsubscribe_url: str
    unsubscribe_page: str


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
    labels = dict.fromkeys(group.label for group in groups)
    for card in cards:
        if card.also:
            labels.update(dict.fromkeys(card.also))
    return Letter(
        subject=inert(digest.subject),
        brand=inert(sender.brand),
        opening=_occasion(digest.period, digest.planned_at.date()).opening,
        preheader=" · ".join([card.plain_title for card in cards[:PREHEADER_TITLES]]),
        groups=groups,
        rest=tuple(line(item, paper_of(item)) for item in digest.rest[:TITLES]),
        unlisted=max(0, len(digest.rest) - TITLES),
        labels=tuple(labels),
        recipient=inert(digest.recipient),
        unsubscribe_url=unsubscribe_url(digest.recipient, sender),
        unsubscribe_page=unsubscribe_page(digest, sender),
    )


def _section_page(section: Section, sender: MailSettings) -> str:
    if sender.pages is None or section.subscription_id is None:
        return ""
    return sender.pages.leave_one(section.subscription_id)
