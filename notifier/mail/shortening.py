"""Keep mails below 100 kB, since Gmail shows no more than 102 kB of a mail and some relays refuse large ones.

A mail that would be larger shows fewer papers. First it leaves out titles, beginning with the last one. If that is not
enough, it shows cards as titles only, beginning with the last cards of its sections. If that is not enough either, it
leaves out these titles too. The papers that are left out are only counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import TypeVar

from notifier.mail.body import Body
from notifier.mail.cards import PaperLine
from notifier.mail.content import MailContent, SectionPaper

MAIL_BYTES = 100_000
HEADER_BYTES = 4_000  # the header of a mail takes at most this many bytes
SLOT_BYTES = 400  # the value in a slot takes at most this many bytes: a link with the longest base_url

Bodies = TypeVar("Bodies", bound=Sequence[Body])


def bodies_within_limit(content: MailContent, make: Callable[[MailContent], Bodies]) -> Bodies:
    """Return the bodies that `make` returns for this content, or for as much of it as fits in a mail of MAIL_BYTES.

    If even a mail without papers is too large, for example because of a long stylesheet, its bodies are returned.
    """
    bodies = make(content)
    if _fits(bodies):
        return bodies
    steps = range(2 * len(_cards(content)) + len(content.more) + 1)
    first_too_large = bisect_left(steps, True, key=lambda step: not _fits(make(with_fewer_papers(content, step))))
    return make(with_fewer_papers(content, max(0, first_too_large - 1)))


def with_fewer_papers(content: MailContent, step: int) -> MailContent:
    """Return the content with fewer papers; each higher `step` shows a little more.

    Step 0 shows no paper. Each of the next steps adds one of the papers that have cards, but only its title. Each of
    the steps after those turns one of these titles into its card. Each of the last steps adds the title of one paper
    beyond the digest's limit.
    """
    cards = _cards(content)
    shown_cards = min(max(step - len(cards), 0), len(cards))
    shown_papers = min(step, len(cards))
    beyond = max(step - 2 * len(cards), 0)
    kept = set(cards[:shown_cards])
    sections = [
        section._replace(papers=[paper for paper in section.papers if paper in kept]) for section in content.sections
    ]
    titles = [_line(paper) for paper in cards[shown_cards:shown_papers]]
    left_out = len(cards) - shown_papers + len(content.more[beyond:])
    return content._replace(
        sections=sections, more=(*titles, *content.more[:beyond]), unlisted=content.unlisted + left_out
    )


def _cards(content: MailContent) -> list[SectionPaper]:
    """Return the papers with cards: the first of each section, then the second of each, and so on."""
    by_place = zip_longest(*[section.papers for section in content.sections])
    return [paper for papers in by_place for paper in papers if paper is not None]


def _line(paper: SectionPaper) -> PaperLine:
    return PaperLine(paper.card.plain_title, paper.card.url, paper.card.upvotes)


def _fits(bodies: Sequence[Body]) -> bool:
    size = sum([sum(map(len, body.blocks)) + SLOT_BYTES * len(body.slots) for body in bodies])
    return HEADER_BYTES + size <= MAIL_BYTES
