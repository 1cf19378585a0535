"""Reduce the content of a digest paper by paper, so that its mail can be made small enough."""

from __future__ import annotations

from notifier.digests.cards import line_of
from notifier.digests.content import DigestContent, SectionContent
from notifier.digests.turns import shared_out


def number_of_steps(content: DigestContent) -> int:
    """Return how many steps `with_fewer_papers` has for this content; the last one shows all of it."""
    cards, lines = _shown(content)
    return 2 * cards + lines + len(content.more) + 1


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
    """Return a section with its first `papers` papers; the first `cards` of them have cards, the others only titles."""
    titles = [line_of(each.card) for each in section.cards[cards:papers]]
    lines = section.lines[: max(0, papers - len(section.cards))]
    return section._replace(cards=section.cards[:cards], lines=[*titles, *lines])
