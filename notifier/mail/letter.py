"""What the templates of a digest's mail show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from notifier.digests.periods import wording_of
from notifier.mail.cards import NO_LINES, Card, Lines, Placed, Told, line
from notifier.mail.headers import MailSettings
from notifier.mail.personal import Own, Values, owned
from notifier.models import Digest, Item
from notifier.text.harmless import inert

TITLES = 200  # of the rest; beyond them their number is told, since Gmail clips what is longer than 102 kB
PREHEADER_TITLES = 3

_occasion = lru_cache(64)(wording_of)


@dataclass(slots=True)
class Group:
    """A section of the mail: what the reader asked for, its papers, and the page to stop it (empty: there is none)."""

    label: str
    placed: tuple[Placed, ...]
    unsubscribe_page: str

    @property
    def cards(self) -> tuple[Card, ...]:
        """The papers, best first, each with its labels."""
        return tuple([each.card for each in self.placed])


@dataclass(slots=True, eq=False)  # things are found by the very letter, which is made once for all who are told it
class Letter:
    """What the templates show. `unlisted` counts the papers beyond those in `rest`; `labels` is what was asked for.

    `unsubscribe_url` is a mailto; `unsubscribe_page` is empty where there are no pages.
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


def own_values(letter: Letter) -> Own:
    """What a letter holds of its reader alone."""
    (own,) = owned([_values_in(letter)])
    return own


def _values_in(letter: Letter) -> Values:
    pages = [group.unsubscribe_page for group in letter.groups]
    return letter.recipient, letter.unsubscribe_url, letter.unsubscribe_page, *pages


def letter_of(
    digest: Digest,
    sender: MailSettings,
    own: Own,
    placed_of: Callable[[Iterable[Item]], tuple[Placed, ...]],
    told_of: Callable[[Item], Told],
) -> Letter:
    """The letter of a digest; the functions given make of items what is placed in it, and know their papers."""
    recipient, url, leave_page, *pages = own.values
    groups = tuple(
        [
            Group(inert(each.label), placed_of(each.items), page)
            for each, page in zip(digest.sections, pages, strict=True)
        ]
    )
    placed = [each for group in groups for each in group.placed]
    labels = dict.fromkeys([group.label for group in groups])
    for also in dict.fromkeys([each.also for each in placed]):
        labels |= dict.fromkeys(also)
    return Letter(
        subject=inert(digest.subject),
        brand=inert(sender.brand),
        opening=_occasion(digest.period, digest.planned_at.date()).opening,
        preheader=" · ".join([each.alone.plain_title for each in placed[:PREHEADER_TITLES]]),
        groups=groups,
        rest=Lines([line(item, told_of(item)) for item in digest.rest[:TITLES]]) if digest.rest else NO_LINES,
        unlisted=max(0, len(digest.rest) - TITLES),
        labels=tuple(labels),
        recipient=recipient,
        unsubscribe_url=url,
        unsubscribe_page=leave_page,
    )


def addressed(letter: Letter, own: Own) -> Letter:
    """The same letter to this reader."""
    if own.values == _values_in(letter):
        return letter
    recipient, url, page, *pages = own.values
    groups = tuple([replace(group, unsubscribe_page=each) for group, each in zip(letter.groups, pages, strict=True)])
    return replace(letter, groups=groups, recipient=recipient, unsubscribe_url=url, unsubscribe_page=page)
