"""Keep mails below 90 kB: Gmail cuts a mail off at 102 kB, and the unsubscribe links are at its end.

A mail that would be larger first shows cards as titles only, beginning with the last cards of its sections. Digests are
planned so that the titles fit (`notifier.digests.room`). If they do not fit all the same, for example because a
template is long, the last titles are left out, and only counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import TypeVar

from notifier.digests.cards import line_of
from notifier.digests.content import DigestContent, SectionContent
from notifier.digests.turns import shared_out
from notifier.mail.body import Body

MAIL_BYTES = 90_000
HEADER_BYTES = 4_000  # the header of a mail takes at most this many bytes
SLOT_BYTES = 400  # the value in a slot takes at most this many bytes: a link with the longest base_url

Bodies = TypeVar("Bodies", bound=Sequence[Body])


def bodies_within_limit(content: DigestContent, make: Callable[[DigestContent], Bodies]) -> Bodies:
    """Return the bodies that `make` returns for this content, or for as much of it as fits in a mail of MAIL_BYTES.

    If even a mail without papers is too large, for example because of a long stylesheet, its bodies are returned.
    """
    bodies = make(content)
    if _fits(bodies):
        return bodies
    cards, lines = _shown(content)
    steps = range(2 * cards + lines + len(content.more) + 1)
    first_too_large = bisect_left(steps, True, key=lambda step: not _fits(make(with_fewer_papers(content, step))))
    return make(with_fewer_papers(content, max(0, first_too_large - 1)))


def with_fewer_papers(content: DigestContent, step: int) -> DigestContent:
    """Return the content with fewer papers; each higher `step` shows a little more.

    Step 0 shows no paper. Each of the next steps adds one paper to a section, but only its title. Each of the steps
    after those adds the title of one paper beyond the digest's limit. Each of the last steps turns a title in a section
    into its card. The sections take turns.
    """
    cards, lines = _shown(content)
    papers, beyond = cards + lines, len(content.more)
    numbers = shared_out(tuple([len(each.cards) + len(each.lines) for each in content.sections]), min(step, papers))
    listed = min(max(step - papers, 0), beyond)
    with_card = shared_out(tuple([len(each.cards) for each in content.sections]), max(step - papers - beyond, 0))
    return content._replace(
        sections=[
            _shorter(section, number, cards)
            for section, number, cards in zip(content.sections, numbers, with_card, strict=True)
        ],
        more=content.more[:listed],
        unlisted=papers - sum(numbers) + beyond - listed,
    )


def _shown(content: DigestContent) -> tuple[int, int]:
    """Return how many cards and how many lines the sections have."""
    return sum(len(each.cards) for each in content.sections), sum(len(each.lines) for each in content.sections)


def _shorter(section: SectionContent, papers: int, cards: int) -> SectionContent:
    """Return a section with its first papers, and cards for the first of these."""
    titles = [line_of(each.card) for each in section.cards[cards:papers]]
    lines = section.lines[: max(0, papers - len(section.cards))]
    return section._replace(cards=section.cards[:cards], lines=[*titles, *lines])


def _fits(bodies: Sequence[Body]) -> bool:
    size = sum([sum(map(len, body.blocks)) + SLOT_BYTES * len(body.slots) for body in bodies])
    return HEADER_BYTES + size <= MAIL_BYTES
